//! One problem as a row: what it is about, what happened, and what can be said to it.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::RelmListItem;

use super::{KNOW, LEAVE_OUT};
use crate::app::unread::{Settled, Unread};
use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::widgets::icon;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What happened; of a path that can be settled, which one.
    pub title: String,
    /// Why.
    pub reason: String,
    /// The path, percent-encoded, to which something can be said.
    pub path: Option<String>,
    /// What was said to it.
    pub settled: Option<Settled>,
}

impl Line {
    /// Something to be told, and no more.
    pub fn note(title: String) -> Self {
        Self { title, reason: String::new(), path: None, settled: None }
    }

    /// A path that could not be read; something can be said to it if `can_settle`.
    pub fn unread(unread: Unread, can_settle: bool) -> Self {
        let Unread { problem, settled } = unread;
        let path = RelPath::decode(&problem.path);
        Self {
            title: path.as_ref().map_or_else(|_| problem.path.clone(), RelPath::to_string),
            reason: problem.reason,
            path: path.ok().filter(|_| can_settle).map(|_| problem.path),
            settled,
        }
    }

    /// What is said under the title.
    pub fn caption(&self) -> String {
        let said = match self.settled {
            None => return self.reason.clone(),
            Some(Settled::Known) => gettext("You know of it: it does not count any more"),
            Some(Settled::LeftOut) => gettext("Left out from the next backup on"),
        };
        format!("{}\n{said}", self.reason)
    }

    fn can_know(&self) -> bool {
        self.path.is_some() && self.settled.is_none()
    }

    fn can_leave_out(&self) -> bool {
        self.path.is_some() && self.settled != Some(Settled::LeftOut)
    }
}

/// The parts of a row that change.
#[derive(Debug)]
pub struct Widgets {
    icon: gtk::Image,
    title: gtk::Label,
    caption: gtk::Label,
    buttons: gtk::Box,
    know: gtk::Button,
    leave_out: gtk::Button,
}

impl RelmListItem for Line {
    type Root = gtk::Box;
    type Widgets = Widgets;

    fn setup(_item: &gtk::ListItem) -> (gtk::Box, Widgets) {
        relm4::view! {
            root = gtk::Box {
                set_spacing: 12,
                add_css_class: "entry-line",
                #[name = "icon"]
                icon::decoration() -> gtk::Image {
                    set_valign: gtk::Align::Start,
                    set_margin_top: 6,
                },
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_spacing: 2,
                    set_margin_top: 4,
                    set_margin_bottom: 4,
                    #[name = "title"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_hexpand: true,
                        set_wrap: true,
                        set_wrap_mode: gtk::pango::WrapMode::WordChar,
                    },
                    #[name = "caption"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_wrap: true,
                        set_wrap_mode: gtk::pango::WrapMode::WordChar,
                        set_css_classes: &["caption", "dim-label"],
                    },
                    #[name = "buttons"]
                    gtk::Box {
                        set_spacing: 6,
                        set_margin_top: 6,
                        #[name = "know"]
                        gtk::Button {
                            set_label: &gettext("I Know"),
                            set_tooltip_text: Some(&gettext("Don’t count this path any more; nothing else changes")),
                        },
                        #[name = "leave_out"]
                        gtk::Button {
                            set_label: &gettext("Leave Out"),
                            set_tooltip_text: Some(&gettext("Write a rule that leaves it out of the next backups")),
                        },
                    },
                },
            }
        }
        (root, Widgets { icon, title, caption, buttons, know, leave_out })
    }

    fn bind(&mut self, widgets: &mut Widgets, root: &mut gtk::Box) {
        let (icon, class) = match self.settled {
            None => ("dialog-warning-symbolic", "warning"),
            Some(_) => ("emblem-ok-symbolic", "dim-label"),
        };
        widgets.icon.set_icon_name(Some(icon));
        widgets.icon.set_css_classes(&[class]);
        widgets.title.set_label(&self.title);
        widgets.title.set_mnemonic_widget(root.parent().as_ref());
        let caption = self.caption();
        widgets.caption.set_label(&caption);
        widgets.caption.set_visible(!caption.is_empty());
        let target = self.path.as_ref().map(ToVariant::to_variant);
        // An action that wants a target is told of the button's own first, or GTK complains.
        for (button, action) in [(&widgets.know, KNOW), (&widgets.leave_out, LEAVE_OUT)] {
            button.set_action_target_value(target.as_ref());
            button.set_action_name(target.is_some().then(|| super::full_name(action)).as_deref());
        }
        widgets.know.set_visible(self.can_know());
        widgets.leave_out.set_visible(self.can_leave_out());
        widgets.buttons.set_visible(self.can_leave_out());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::seal::Problem;

    fn unread(path: &str, settled: Option<Settled>) -> Unread {
        Unread { problem: Problem { path: path.to_owned(), reason: "why".to_owned() }, settled }
    }

    #[test]
    fn only_what_helps_is_offered() {
        for (line, know, leave_out) in [
            (Line::unread(unread("home/a", None), true), true, true),
            (Line::unread(unread("home/a", Some(Settled::Known)), true), false, true),
            (Line::unread(unread("home/a", Some(Settled::LeftOut)), true), false, false),
            (Line::unread(unread("home/a", None), false), false, false),
            (Line::unread(unread("a//b", None), true), false, false),
            (Line::note("told".to_owned()), false, false),
        ] {
            assert_eq!((line.can_know(), line.can_leave_out()), (know, leave_out), "{line:?}");
        }
        assert_eq!(Line::unread(unread("home/a%20b", None), true).title, "/home/a b");
    }
}
