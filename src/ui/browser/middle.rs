//! What the middle shows: the folder at its moment, the hits of a search, or what was deleted; and the ways between them.

use std::collections::VecDeque;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::folder::toasts::{Message, Toasts};
use super::looking::Look;
use super::search_field::{Event, SearchField};
use super::{Browser, Input, folder, moves, places};
use crate::app::target::Target;
use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;
use crate::ui::deleted::{self, DeletedFiles};
use crate::ui::restore;
use crate::ui::search::{self, Search};

/// The middle.
pub struct Middle {
    /// The widget; its child "folder" is the browser's.
    pub stack: gtk::Stack,
    /// Where all of time is searched.
    pub field: SearchField,
    /// The search or the deleted files, in the folder's place.
    others: gtk::Stack,
    toasts: Toasts,
    search: Controller<Search>,
    deleted: Controller<DeletedFiles>,
    /// The numbers of the snapshots that there are.
    known: Vec<u64>,
    is_searching: bool,
    is_deleted_open: bool,
    /// Restores that come after the one that is open.
    waiting: VecDeque<restore::Init>,
    /// The open one was done.
    is_done: bool,
}

impl Middle {
    /// A middle that shows the folder.
    pub fn new(target: &Target, input: &relm4::Sender<Input>) -> Self {
        let sender = input.clone();
        let field = SearchField::new(move |event| {
            let _closed = sender.send(Input::Field(event));
        });
        let search =
            Search::builder().launch(target.clone()).forward(input, |output| match output {
                search::Output::Opened(item) => Input::ShowThere(item),
                search::Output::Why(path) => Input::Look(Look::Why(path)),
            });
        let deleted =
            DeletedFiles::builder().launch(target.clone()).forward(input, |output| match output {
                deleted::Output::Open(item) => Input::ShowThere(item),
                deleted::Output::Leave => Input::Field(Event::Stop),
                deleted::Output::Restore { groups, elsewhere } => {
                    Input::RestoreDeleted(groups, elsewhere)
                }
            });
        let (asked, asking) = relm4::channel();
        relm4::spawn_local(asking.forward(input.clone(), moves::view_output));
        let toasts = Toasts::new(asked);
        // What is not seen must not keep the window from becoming narrow.
        let others = gtk::Stack::builder().hhomogeneous(false).build();
        others.add_named(search.widget(), Some("search"));
        others.add_named(deleted.widget(), Some("deleted"));
        others.add_controller(escape(input.clone()));
        toasts.root.set_child(Some(&others));
        toasts.root.add_css_class("over-buttons");
        let stack = gtk::Stack::builder()
            .hhomogeneous(false)
            .transition_type(gtk::StackTransitionType::Crossfade)
            .transition_duration(120)
            .build();
        stack.add_named(&toasts.root, Some("others"));
        Self {
            stack,
            field,
            others,
            toasts,
            search,
            deleted,
            known: Vec::new(),
            is_searching: false,
            is_deleted_open: false,
            waiting: VecDeque::new(),
            is_done: false,
        }
    }

    /// The window became narrow or wide.
    pub fn set_narrow(&self, is_narrow: bool) {
        self.field.set_narrow(is_narrow);
        self.search.emit(search::Input::Narrow(is_narrow));
        self.deleted.emit(deleted::Input::Narrow(is_narrow));
    }

    /// There are these snapshots. If they are the same as before, nothing is asked again, and all stays where it is.
    pub fn set_snapshots(&mut self, snapshots: &[SnapshotInfo]) {
        let known = snapshots.iter().map(|snapshot| snapshot.seq).collect();
        if self.known == known {
            return;
        }
        self.known = known;
        self.search.emit(search::Input::Snapshots(snapshots.to_vec()));
        self.deleted.emit(deleted::Input::Snapshots(snapshots.to_vec()));
    }

    /// This folder is open, in this place.
    pub fn set_folder(&self, place: &RelPath, folder: &RelPath) {
        self.search.emit(search::Input::Folder(folder.clone()));
        self.deleted.emit(deleted::Input::Place(place.clone()));
    }

    /// The folder is what is shown.
    pub fn is_folder(&self) -> bool {
        !self.is_searching && !self.is_deleted_open
    }

    /// The place in the sidebar that stands for what is shown.
    pub fn mark(&self, place: &RelPath) -> places::Input {
        if self.is_deleted_open {
            places::Input::MarkDeleted
        } else {
            places::Input::Mark(place.clone())
        }
    }

    /// Brings back what is selected, where it isn't the folder that does that; `false` if it is.
    pub fn restore(&self, elsewhere: bool) -> bool {
        if self.is_deleted_open && !self.is_searching {
            self.deleted.emit(deleted::Input::Restore { elsewhere });
        }
        !self.is_folder()
    }

    /// Says something over what is shown; gives it back if that is the folder.
    pub fn say(&mut self, message: Message) -> Option<Message> {
        if self.is_folder() {
            return Some(message);
        }
        self.toasts.say(message);
        None
    }

    /// The last restore can't be taken back any more.
    pub fn drop_undo(&mut self) {
        self.toasts.drop_undo();
    }

    fn show(&self) {
        let (whole, other) = match (self.is_searching, self.is_deleted_open) {
            (true, _) => ("others", "search"),
            (false, true) => ("others", "deleted"),
            (false, false) => ("folder", "search"),
        };
        if whole == "others" {
            self.others.set_visible_child_name(other);
        }
        self.stack.set_visible_child_name(whole);
    }
}

impl Browser {
    /// Something happened in the search field.
    pub(super) fn searched(&mut self, event: Event) {
        match event {
            Event::Text(text) => {
                self.middle.is_searching = !text.trim().is_empty();
                self.middle.search.emit(search::Input::Text(text));
                self.middle.show();
            }
            Event::First => self.middle.search.emit(search::Input::OpenFirst),
            Event::List if self.middle.is_searching => {
                self.middle.search.emit(search::Input::TakeFocus);
            }
            Event::List => self.view.emit(folder::Input::TakeFocus),
            Event::Stop => {
                let was_searching = std::mem::take(&mut self.middle.is_searching);
                self.middle.field.close();
                if !was_searching && self.middle.is_deleted_open {
                    self.middle.is_deleted_open = false;
                }
                self.middle.show();
                self.places.emit(self.middle.mark(&self.place));
                match self.middle.is_deleted_open {
                    true => self.middle.deleted.emit(deleted::Input::Seen),
                    false => self.view.emit(folder::Input::TakeFocus),
                }
            }
        }
    }

    /// The place of the deleted files was opened.
    pub(super) fn open_deleted(&mut self) {
        self.leave_others();
        self.middle.is_deleted_open = true;
        self.middle.deleted.emit(deleted::Input::Seen);
        self.middle.show();
        self.places.emit(places::Input::MarkDeleted);
    }

    /// The folder comes back into the middle.
    pub(super) fn leave_others(&mut self) {
        self.middle.is_searching = false;
        self.middle.is_deleted_open = false;
        self.middle.field.close();
        self.middle.show();
    }

    /// Brings back what was deleted, one moment after the other.
    pub(super) fn restore_deleted(
        &mut self,
        groups: Vec<deleted::Group>,
        elsewhere: bool,
        sender: &ComponentSender<Self>,
    ) {
        // One at a time.
        if self.restore.is_none() {
            let target = &self.target;
            let init = |group: deleted::Group| {
                let deleted::Group { at, paths, has_folder } = group;
                restore::Init { target: target.clone(), at, paths, has_folder, elsewhere }
            };
            self.middle.waiting = groups.into_iter().map(init).collect();
            self.middle.is_done = true;
        }
        self.restore_next(sender);
    }

    /// What was restored is done, so that the next moment may be restored from.
    pub(super) fn note_restored(&mut self) {
        self.middle.is_done = true;
    }

    /// Opens the restore that waits, unless the one before was given up.
    pub(super) fn restore_next(&mut self, sender: &ComponentSender<Self>) {
        if !std::mem::take(&mut self.middle.is_done) {
            self.middle.waiting.clear();
        }
        if let Some(init) = self.middle.waiting.pop_front() {
            self.restore(init, sender);
        }
    }
}

fn escape(input: relm4::Sender<Input>) -> gtk::ShortcutController {
    let key = gtk::KeyvalTrigger::new(gtk::gdk::Key::Escape, gtk::gdk::ModifierType::empty());
    let stop = gtk::CallbackAction::new(move |_, _| {
        let _closed = input.send(Input::Field(Event::Stop));
        gtk::glib::Propagation::Stop
    });
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(gtk::Shortcut::new(Some(key), Some(stop)));
    shortcuts
}
