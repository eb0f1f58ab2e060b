//! How the open folder differs from what is there now: badges for the rows that are there already, and a strip that
//! offers what was deleted.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::{Folder, Input, Output, State};
use crate::app::error::Result;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::history_worker::{Against, Comparison};

/// What is known of them.
#[derive(Debug, Default)]
pub struct Differences {
    /// How many names differ.
    pub changes: u64,
    /// What was compared with; nothing until it was, an error if it can't be.
    pub against: Option<std::result::Result<Against, ()>>,
    /// Names of what was deleted since.
    pub(super) deleted: Vec<Vec<u8>>,
    pub(super) has_deleted_folder: bool,
}

/// The strip.
#[derive(Debug)]
pub struct Strip {
    /// The widget.
    pub root: gtk::Revealer,
    label: gtk::Label,
}

impl Strip {
    /// A strip that isn't there.
    pub fn new(sender: &relm4::Sender<Input>) -> Self {
        let label = gtk::Label::builder()
            .xalign(0.0)
            .hexpand(true)
            .wrap(true)
            .wrap_mode(gtk::pango::WrapMode::WordChar)
            .build();
        let button = gtk::Button::builder()
            .label(gettext("Bring Back"))
            .tooltip_text(gettext("Restore what was deleted from this moment"))
            .valign(gtk::Align::Center)
            .css_classes(["flat"])
            .build();
        let sender = sender.clone();
        button.connect_clicked(move |_| {
            let _closed = sender.send(Input::BringBack);
        });
        let line = gtk::Box::builder().spacing(12).css_classes(["deleted-strip"]).build();
        line.append(&label);
        line.append(&button);
        let root = gtk::Revealer::builder().child(&line).build();
        Self { root, label }
    }
}

impl Folder {
    /// The rows get their badges; none of them is made anew.
    pub(super) fn compared(
        &mut self,
        comparison: Result<Comparison>,
        sender: &ComponentSender<Self>,
    ) {
        let comparison = match comparison {
            Ok(comparison) => comparison,
            Err(_) => {
                self.differences = Differences { against: Some(Err(())), ..Differences::default() };
                return;
            }
        };
        let Comparison { against, marks, changes, deleted, has_deleted_folder } = comparison;
        let against = Some(Ok(against));
        self.differences = Differences { changes, against, deleted, has_deleted_folder };
        self.layout.set_marks(marks);
        self.sort_by_state(sender);
        self.layout.say_marks();
    }

    /// Before other rows come.
    pub(super) fn forget_differences(&mut self) {
        self.just_gone.clear();
        self.differences = Differences::default();
    }

    /// Brings the strip up to date.
    pub(super) fn show_strip(&self) {
        let count = self.differences.deleted.len() as u64;
        let is_there = count > 0 && self.state == State::Listed;
        self.strip.root.set_reveal_child(is_there);
        if !is_there {
            return;
        }
        let words = if self.now.is_some() {
            ngettext_f(
                "{count} item was deleted here since the newest snapshot",
                "{count} items were deleted here since the newest snapshot",
                count,
                &[],
            )
        } else if self.differences.has_deleted_folder {
            ngettext_f(
                "{count} item was deleted here since then",
                "{count} items were deleted here since then",
                count,
                &[],
            )
        } else {
            ngettext_f(
                "{count} file was deleted here since then",
                "{count} files were deleted here since then",
                count,
                &[],
            )
        };
        self.strip.label.set_label(&words);
    }

    /// Asks for what was deleted since the shown moment.
    pub(super) fn bring_back(&self, sender: &ComponentSender<Self>) {
        if self.state != State::Listed || self.differences.deleted.is_empty() {
            return;
        }
        let names = self.differences.deleted.iter();
        let _closed = sender.output(Output::Restore {
            at: self.now,
            paths: names.map(|name| self.folder.join(name)).collect(),
            has_folder: self.differences.has_deleted_folder,
            elsewhere: false,
        });
    }
}
