//! What the selected file looks like, in windows of their own.

use std::path::PathBuf;
use std::sync::Arc;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, gio, glib};
use relm4::prelude::*;

use super::folder::Copier;
use super::folder::toasts::Message;
use super::{Browser, Input, folder};
use crate::app::error::{Error, Result};
use crate::app::explain::explain;
use crate::app::private_copies::PrivateCopies;
use crate::app::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::Entry;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::bridge;
use crate::ui::preview::{self, Moment, Preview, Step, Subject};
use crate::ui::versions::{self, Versions};
use crate::ui::why::{self, Why};

/// The windows that show one file. Each is made when it is first wanted.
pub struct Looking {
    preview: Option<Controller<Preview>>,
    versions: Option<Controller<Versions>>,
    why: Option<Controller<Why>>,
    copies: Arc<PrivateCopies>,
    /// What makes copies at the moment.
    copying: Option<Monitor>,
}

/// What is asked of them.
#[derive(Debug)]
pub enum Look {
    /// What it looks like.
    Peek {
        /// Where it is.
        path: RelPath,
        /// What it is.
        entry: Box<Entry>,
        /// In the snapshot of this number; in the chosen one, or among live files, if none is said.
        at: Option<u64>,
        /// By the space bar, which may be down still.
        by_bar: bool,
    },
    /// The same of the entry so many rows further.
    Further(i32),
    /// Why this isn't there at the chosen moment.
    Why(RelPath),
    /// Go to the snapshot of this number, to the folder that holds what was asked about, or to it if it is open.
    Show(RelPath, u64),
    /// Open the file as it was in the snapshot of this number.
    Open(RelPath, u64),
    /// Open the file as it was at the chosen moment.
    OpenChosen(RelPath),
    /// Put copies of these files of the chosen moment on the clipboard.
    CopyOut(Vec<RelPath>),
    /// The copies are there; `None` if their thread died.
    Copied(Purpose, Option<Result<Vec<PathBuf>>>),
    /// There was no program to open it.
    NotOpened,
}

/// What copies are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be opened by the program for files of their kind.
    Open,
    /// To be pasted elsewhere.
    Clipboard,
}

impl Looking {
    /// No window is open. What former processes left is removed meanwhile.
    pub fn start() -> Self {
        let copies = Arc::new(PrivateCopies::default());
        let cleaned = copies.clone();
        std::thread::spawn(move || cleaned.clean_up());
        Self { preview: None, versions: None, why: None, copies, copying: None }
    }

    /// What makes copies of files in the repository of `target`.
    pub fn copier(&self, target: &Target) -> Copier {
        Copier { target: target.clone(), copies: self.copies.clone() }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(copying) = self.copying.take() {
            copying.cancel().cancel();
        }
    }
}

impl Browser {
    pub(super) fn look(&mut self, asked: Look, sender: &ComponentSender<Self>) {
        match asked {
            Look::Peek { path, entry, at, by_bar } => {
                let at = at.or(self.chosen).map(|seq| self.moment_of(seq));
                self.peek(Subject { path, entry: *entry, at }, by_bar, sender);
            }
            Look::Why(path) => self.tell_why(path, sender),
            Look::Show(path, at) => self.show_at(path, at),
            Look::Open(path, at) => self.copy_out(vec![(path, at)], Purpose::Open, sender),
            Look::OpenChosen(path) => match self.chosen {
                Some(at) => self.copy_out(vec![(path, at)], Purpose::Open, sender),
                None => self.copied(Purpose::Open, Some(Ok(vec![path.to_absolute()])), sender),
            },
            Look::CopyOut(paths) if paths.is_empty() => {
                self.say(Message::new(gettext(
                    "Only files can be copied from here. Restore To… takes folders.",
                )));
            }
            Look::CopyOut(paths) => {
                let Some(at) = self.chosen else {
                    let live = paths.iter().map(RelPath::to_absolute).collect();
                    return self.copied(Purpose::Clipboard, Some(Ok(live)), sender);
                };
                let wanted = paths.into_iter().map(|path| (path, at)).collect();
                self.copy_out(wanted, Purpose::Clipboard, sender);
            }
            Look::Copied(purpose, made) => self.copied(purpose, made, sender),
            Look::NotOpened => self.say(Message::new(gettext("No program could open the file."))),
            Look::Further(by) => self.view.emit(folder::Input::PeekFurther(by)),
        }
    }

    fn moment_of(&self, seq: u64) -> Moment {
        let mut snapshots = self.snapshots.iter().flatten();
        let time = snapshots.find(|snapshot| snapshot.seq == seq).map(|found| found.started);
        Moment { seq, time }
    }

    fn peek(&mut self, subject: Subject, by_bar: bool, sender: &ComponentSender<Self>) {
        let preview = self.looking.preview.get_or_insert_with(|| {
            let preview = Preview::builder().launch(self.target.clone());
            let to = |Step(by)| Input::Look(Look::Further(by));
            let preview = preview.forward(sender.input_sender(), to);
            let window = self.leaflet.root().and_downcast::<gtk::Window>();
            preview.widget().set_transient_for(window.as_ref());
            preview
        });
        preview.emit(preview::Input::Show { subject: Box::new(subject), by_bar });
    }

    fn tell_why(&mut self, path: RelPath, sender: &ComponentSender<Self>) {
        let Some(at) = self.chosen.or(self.newest().map(|newest| newest.seq)) else { return };
        let init = why::Init { target: self.target.clone(), path, at };
        let to = |why::Show(path, at)| Input::Look(Look::Show(path, at));
        let window = Why::builder().launch(init).forward(sender.input_sender(), to);
        let behind = self.leaflet.root().and_downcast::<gtk::Window>();
        window.widget().set_transient_for(behind.as_ref());
        window.widget().present();
        self.looking.why = Some(window);
    }

    fn show_at(&mut self, path: RelPath, at: u64) {
        self.chosen = Some(at);
        self.tell_timeline();
        let folder = if path == self.folder { path } else { path.parent().unwrap_or_default() };
        self.open(folder);
    }

    /// Makes private copies; another wish ends the one before.
    fn copy_out(
        &mut self,
        wanted: Vec<(RelPath, u64)>,
        purpose: Purpose,
        sender: &ComponentSender<Self>,
    ) {
        let monitor = Monitor::new();
        if let Some(before) = self.looking.copying.replace(monitor.clone()) {
            before.cancel().cancel();
        }
        let (copies, target) = (self.looking.copies.clone(), self.target.clone());
        bridge::once(
            sender.input_sender(),
            move || copies.make(&target, &wanted, &monitor),
            move |made| Input::Look(Look::Copied(purpose, made)),
        );
    }

    fn copied(
        &mut self,
        purpose: Purpose,
        made: Option<Result<Vec<PathBuf>>>,
        sender: &ComponentSender<Self>,
    ) {
        let files = match made.unwrap_or(Err(Error::BrokenDown)) {
            Ok(files) => files.into_iter().map(gio::File::for_path),
            Err(Error::Engine(EngineError::Cancelled)) => return,
            Err(error) => return self.say(Message::new(explain(&error).what)),
        };
        match purpose {
            Purpose::Open => {
                let window = self.leaflet.root().and_downcast::<gtk::Window>();
                for file in files {
                    let input = sender.input_sender().clone();
                    let opened = move |opened: std::result::Result<(), glib::Error>| {
                        if opened.is_err() {
                            let _closed = input.send(Input::Look(Look::NotOpened));
                        }
                    };
                    gtk::show_uri_full(
                        window.as_ref(),
                        &file.uri(),
                        0,
                        gio::Cancellable::NONE,
                        opened,
                    );
                }
            }
            Purpose::Clipboard => {
                let files: Vec<gio::File> = files.collect();
                let count = files.len() as u64;
                let list = gdk::FileList::from_array(&files);
                let content = gdk::ContentProvider::for_value(&list.to_value());
                // There is nobody to tell if the clipboard is not to be had.
                let _ = self.leaflet.clipboard().set_content(Some(&content));
                let words = ngettext_f("{count} file copied", "{count} files copied", count, &[]);
                self.say(Message::new(words));
            }
        }
    }

    /// Lists the versions of the selected file.
    pub(super) fn show_versions(&mut self, sender: &ComponentSender<Self>) {
        let Some(path) = self.file.clone() else { return };
        let init = versions::Init { target: self.target.clone(), path };
        let versions = Versions::builder().launch(init);
        let versions = versions.forward(sender.input_sender(), |asked| match asked {
            versions::Output::Restore(path, at) => {
                let (paths, has_folder, elsewhere) = (vec![path], false, false);
                Input::Restore { paths, has_folder, elsewhere, at: Some(at) }
            }
            versions::Output::Open(path, at) => Input::Look(Look::Open(path, at)),
        });
        let window = self.leaflet.root().and_downcast::<gtk::Window>();
        versions.widget().set_transient_for(window.as_ref());
        versions.widget().present();
        if let Some(before) = self.looking.versions.replace(versions) {
            before.widget().close();
        }
    }
}
