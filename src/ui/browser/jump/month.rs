//! A month as a grid of buttons, a day each. `gtk::Calendar` can only mark days: neither shade them, nor refuse them, nor
//! say to assistive tools what is in them.

use jiff::civil::{Date, Weekday};
use relm4::gtk;
use relm4::gtk::prelude::*;

use super::Input;
use super::days::Days;
use super::words;
use crate::i18n::gettext;
use crate::ui::widgets::{dates, named};

/// Weeks that a month may touch: so many lines are kept, that nothing moves from month to month.
const WEEKS: i32 = 6;

/// The month and the ways to others.
#[derive(Debug)]
pub struct Month {
    /// The widget.
    pub root: gtk::Box,
    title: gtk::Label,
    earlier: gtk::Button,
    later: gtk::Button,
    grid: gtk::Grid,
    input: relm4::Sender<Input>,
}

impl Month {
    /// A month without days.
    pub fn new(input: &relm4::Sender<Input>) -> Self {
        let turn = |icon, name: &str, by| {
            let button = named::icon_button(icon, name);
            button.add_css_class("flat");
            let input = input.clone();
            button.connect_clicked(move |_| {
                let _closed = input.send(Input::Turn(by));
            });
            button
        };
        let earlier = turn("go-previous-symbolic", &gettext("Earlier Month"), -1);
        let later = turn("go-next-symbolic", &gettext("Later Month"), 1);
        let title = gtk::Label::builder().hexpand(true).css_classes(["heading"]).build();
        let head = gtk::Box::default();
        head.append(&earlier);
        head.append(&title);
        head.append(&later);
        let grid = gtk::Grid::builder()
            .row_spacing(2)
            .column_spacing(2)
            .column_homogeneous(true)
            .row_homogeneous(true)
            .build();
        let root = gtk::Box::new(gtk::Orientation::Vertical, 6);
        root.append(&head);
        root.append(&grid);
        Self { root, title, earlier, later, grid, input: input.clone() }
    }

    /// Shows the month that begins with `first`; `shown` is the day of the shown moment.
    pub fn show(&self, first: Date, days: &Days, shown: Option<Date>, today: Date) {
        let had_focus = self.grid.focus_child().is_some();
        let (before, after) = days.around(first);
        self.title.set_label(&dates::month_and_year(first));
        self.earlier.set_sensitive(before);
        self.later.set_sensitive(after);
        while let Some(child) = self.grid.first_child() {
            self.grid.remove(&child);
        }
        let begins = first_weekday();
        let lead = i32::from(first.weekday().since(begins));
        for (column, date) in (0..).zip(first.series(jiff::Span::new().days(1)).take(7)) {
            // The first seven days have all the weekdays.
            let label = gtk::Label::new(Some(&dates::short_weekday(date)));
            label.set_css_classes(&["caption", "dim-label"]);
            self.grid.attach(&label, (lead + column) % 7, 0, 1, 1);
        }
        for index in 0..i32::from(first.days_in_month()) {
            let Ok(date) = first.with().day(index as i8 + 1).build() else { continue };
            let (column, row) = ((lead + index) % 7, (lead + index) / 7 + 1);
            self.grid.attach(&self.day(date, days, shown, today), column, row, 1, 1);
        }
        self.grid.attach(&gtk::Label::new(None), 0, WEEKS, 1, 1);
        if had_focus {
            self.take_focus();
        }
    }

    /// The keyboard goes to the last day that has snapshots.
    fn take_focus(&self) {
        let mut days: Vec<gtk::Widget> =
            std::iter::successors(self.grid.first_child(), gtk::Widget::next_sibling).collect();
        days.reverse();
        let _has_focus = days.iter().any(|day| day.is_focusable() && day.grab_focus());
    }

    fn day(&self, date: Date, days: &Days, shown: Option<Date>, today: Date) -> gtk::Button {
        let day = days.day(date);
        let name = words::day(date, day, today);
        let button: gtk::Button = named::named(&name);
        // Not by the button's own label, which would be its name as well.
        button.set_child(Some(&gtk::Label::new(Some(&date.day().to_string()))));
        button.set_tooltip_text(Some(&name));
        button.set_css_classes(&["flat", "day", "numeric"]);
        match day.map(|day| days.shade(day)) {
            Some(0) | None => {}
            Some(1) => button.add_css_class("little"),
            Some(2) => button.add_css_class("some"),
            Some(_) => button.add_css_class("much"),
        }
        if shown == Some(date) {
            button.add_css_class("shown");
        }
        button.set_sensitive(day.is_some());
        let input = self.input.clone();
        button.connect_clicked(move |_| {
            let _closed = input.send(Input::Pick(date));
        });
        button
    }
}

/// The day that a week begins with.
fn first_weekday() -> Weekday {
    // Translators: the day that a week begins with in your country: "sunday", "monday" or "saturday", in English
    match gettext("monday").as_str() {
        "sunday" => Weekday::Sunday,
        "saturday" => Weekday::Saturday,
        _ => Weekday::Monday,
    }
}
