//! A button beside the timeline that goes to where the folder or file is another: words and an arrow, where it lies the
//! arrow alone.

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::i18n::gettext;
use crate::ui::widgets::{icon, named};

/// Letters of the words in one line; there is room for two lines.
const LINE_CHARS: i32 = 8;

/// The button and its parts.
#[derive(Debug)]
pub struct ChangeButton {
    /// To be shown.
    pub root: gtk::Button,
    label: gtk::Label,
    arrow: gtk::Image,
    /// The arrow's icons, standing and lying.
    icons: [&'static str; 2],
}

impl ChangeButton {
    /// To the state before.
    pub fn earlier() -> Self {
        let hint = gettext("To where it was different before (Alt+Shift+Up)");
        Self::new(&gettext("Earlier Change"), &hint, ["go-up-symbolic", "go-previous-symbolic"])
    }

    /// To the next state.
    pub fn later() -> Self {
        let hint = gettext("To where it is different next (Alt+Shift+Down)");
        Self::new(&gettext("Later Change"), &hint, ["go-down-symbolic", "go-next-symbolic"])
    }

    fn new(name: &str, hint: &str, icons: [&'static str; 2]) -> Self {
        let root: gtk::Button = named::named(name);
        let label = gtk::Label::builder()
            .label(name)
            .wrap(true)
            .xalign(1.0)
            .max_width_chars(LINE_CHARS)
            .build();
        let arrow = icon::decoration();
        arrow.set_valign(gtk::Align::Center);
        let content = gtk::Box::builder().spacing(8).halign(gtk::Align::End).build();
        content.append(&label);
        content.append(&arrow);
        root.set_child(Some(&content));
        root.set_tooltip_text(Some(hint));
        root.set_css_classes(&["flat", "change"]);
        let button = Self { root, label, arrow, icons };
        button.lie(false);
        button
    }

    /// The timeline lies, or stands.
    pub fn lie(&self, lies: bool) {
        let [standing, lying] = self.icons;
        self.arrow.set_icon_name(Some(if lies { lying } else { standing }));
        self.label.set_visible(!lies);
    }
}
