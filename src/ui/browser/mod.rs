//! The main screen: the status card and places on the left, the folder at the chosen moment, and the timeline.
//! It owns the history's thread and the running backup; what is on screen follows from its model alone.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::prelude::*;
use uuid::Uuid;

use self::drive::Drive;
use self::folder::Folder;
use self::folder::path_bar::PathBar;
use self::folder::words::Remedy;
use self::places::Places;
use self::restore_bar::RestoreBar;
use self::room::Room;
use self::timeline::Timeline;
use self::undo::Settled;
use super::bridge::{Events, Running, Tick};
use super::history_worker::{Answer, HistoryWorker};
use super::problems::{Intro, Problems};
use super::restore::{self, Restore};
use super::status_card::{self, StatusCard};
use super::widgets::named;
use super::widgets::timeline::Step;
use crate::app::error::Result;
use crate::app::target::Target;
use crate::engine::backup::BackupReport;
use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;
use crate::engine::restore::JournalInfo;
use crate::i18n::gettext;

mod change_button;
mod drive;
mod folder;
mod moves;
mod places;
mod restore_bar;
mod room;
mod runs;
mod timeline;
mod undo;

/// The least width of a folder that has the timeline beside it, in pixels: what its columns need.
const FOLDER_BESIDE: i32 = 420;

/// The model.
pub struct Browser {
    target: Target,
    worker: HistoryWorker,
    /// Newest first; `None` until they were read.
    snapshots: Option<Vec<SnapshotInfo>>,
    /// The chosen snapshot's sequence number.
    chosen: Option<u64>,
    /// The open place and the open folder in it.
    place: RelPath,
    folder: RelPath,
    /// The one file that is selected: the timeline is its own.
    file: Option<RelPath>,
    /// Numbers of the newest requests for a folder and for its moments; older answers are dropped.
    ticket: u64,
    moments_ticket: u64,
    /// What was asked for last is on screen.
    is_shown: bool,
    backup: Option<Running>,
    events: Events,
    /// What the last run could not do, and whether it made no snapshot.
    problems: Vec<String>,
    failed: bool,
    folded: bool,
    room: Room,
    card: Controller<StatusCard>,
    places: Controller<Places>,
    timeline: Controller<Timeline>,
    drive: Controller<Drive>,
    view: Controller<Folder>,
    path_bar: PathBar,
    leaflet: adw::Leaflet,
    restore: Option<Controller<Restore>>,
    /// The restore's window is past its plan and writes.
    is_restoring: bool,
    bar: Controller<RestoreBar>,
    /// The restore that the bar tells of.
    interrupted: Option<Uuid>,
    /// The restore that this window did last, while it can be taken back.
    last_restore: Option<Uuid>,
    /// A restore is taken back or gone on with.
    settling: Option<Running>,
    problems_window: Option<Controller<Problems>>,
    sender: relm4::Sender<Input>,
}

/// What the screen is told.
#[derive(Debug)]
pub enum Input {
    /// A key or a menu entry.
    Command(Command),
    /// The history answered.
    Answer(Answer),
    /// A moment was chosen, by its snapshot's number.
    Choose(u64),
    /// The chosen moment's files are wanted.
    Enter,
    /// This one file was selected in the open folder, or none, or more.
    Select(Option<RelPath>),
    /// A folder was opened, in the place that is open or in another.
    Open(RelPath),
    /// A place was opened.
    OpenPlace(RelPath),
    /// The status page's button.
    Remedy(Remedy),
    /// How far the backup is.
    Tick(Tick),
    /// The backup is over; `None` if its thread died.
    BackupDone(Option<Result<BackupReport>>),
    /// Stop the backup.
    Stop,
    /// Show what the last run could not do.
    ShowProblems,
    /// Show what could not be read when the chosen snapshot was made.
    ShowUnread,
    /// Bring these back.
    Restore {
        /// Which paths.
        paths: Vec<RelPath>,
        /// A folder is among them.
        has_folder: bool,
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// The restore's window is done.
    RestoreOver(restore::Output),
    /// A restore that was interrupted was looked for.
    Interrupted(Option<Box<JournalInfo>>),
    /// What the bar is asked for.
    Bar(restore_bar::Output),
    /// How far the restore is that is taken back or gone on with.
    SettlingTick(Tick),
    /// That is over; `None` if its thread died.
    Settled(Option<Settled>),
    /// Show these lines.
    ShowLines(Vec<String>),
    /// The window became narrow or wide.
    Folded(bool),
    /// There is another room for the folder and the timeline.
    Room {
        /// Pixels from side to side.
        width: f64,
        /// How many both want, as they are now.
        wanted: f64,
    },
    /// In a narrow window: back to the places.
    ShowSidebar,
}

/// What a key or a menu entry asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Back up now.
    BackUp,
    /// To another moment.
    Go(Step),
    /// The folder above.
    Up,
    /// Bring the selection back to where it was.
    Restore,
    /// Put a copy of the selection elsewhere.
    RestoreTo,
    /// Take the last restore back.
    Undo,
    /// Read everything again.
    Reload,
}

/// What the window must know.
#[derive(Debug)]
pub enum Output {
    /// An operation runs that closing would stop.
    Busy(bool),
}

#[relm4::component(pub)]
impl Component for Browser {
    type Init = Target;
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        adw::Leaflet {
            set_can_navigate_back: true,
            set_hexpand: true,
            connect_folded_notify[sender] => move |leaflet| {
                let _ = sender.input_sender().send(Input::Folded(leaflet.is_folded()));
            },

            #[name = "sidebar"]
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_width_request: 256,
                set_hexpand: false,
                add_css_class: "sidebar-pane",
                adw::HeaderBar {
                    add_css_class: "flat",
                    #[watch]
                    set_show_end_title_buttons: model.folded,
                    pack_end: &super::actions::menu_button(),
                },
                model.card.widget(),
                model.places.widget(),
                gtk::Box {
                    set_vexpand: true,
                },
                model.drive.widget(),
            },

            append: separator = &gtk::Separator {
                set_orientation: gtk::Orientation::Vertical,
            },

            #[name = "main"]
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_hexpand: true,
                // What fits a phone's width; the leaflet folds at this and the sidebar's width together.
                set_width_request: 340,
                adw::HeaderBar {
                    add_css_class: "flat",
                    pack_start: back = &named::icon_button("sidebar-show-symbolic", &gettext("Backups")) -> gtk::Button {
                        #[watch]
                        set_visible: model.folded,
                        connect_clicked => Input::ShowSidebar,
                    },
                    pack_start: up = &named::icon_button("go-up-symbolic", &gettext("Folder Above")) -> gtk::Button {
                        #[watch]
                        set_sensitive: model.folder != model.place,
                        connect_clicked => Input::Command(Command::Up),
                    },
                    // The path stands at the start, where it can grow; a title would be centred.
                    pack_start: &model.path_bar.root,
                    #[wrap(Some)]
                    set_title_widget = &gtk::Box {},
                },
                model.bar.widget(),
                // What is beside the folder must not keep the window from becoming narrow: there it comes below.
                #[name = "room"]
                gtk::ScrolledWindow {
                    set_vexpand: true,
                    #[watch]
                    set_hscrollbar_policy: model.room.policy(),
                    set_vscrollbar_policy: gtk::PolicyType::Never,
                    gtk::Box {
                        #[watch]
                        set_orientation: model.room.orientation(),
                        gtk::Box {
                            #[watch]
                            set_width_request: if model.room.is_narrow() { -1 } else { FOLDER_BESIDE },
                            model.view.widget(),
                        },
                        model.timeline.widget(),
                    },
                },
            },
        }
    }

    fn init(
        target: Target,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let model = Self::new(target, root.clone(), &sender);
        let widgets = view_output!();
        model.leaflet.page(&widgets.separator).set_navigatable(false);
        model.leaflet.set_visible_child(&widgets.main);
        room::watch(&widgets.room, sender.input_sender());
        model.read_again();
        model.look_for_interrupted();
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: Input,
        sender: ComponentSender<Self>,
        root: &Self::Root,
    ) {
        match &message {
            Input::ShowSidebar => root.set_visible_child(&widgets.sidebar),
            Input::Open(_) | Input::OpenPlace(_) | Input::Enter => {
                root.set_visible_child(&widgets.main)
            }
            _ => {}
        }
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, _root: &Self::Root) {
        match message {
            Input::Command(command) => self.command(command, &sender),
            Input::Answer(answer) => self.answered(answer),
            Input::Choose(seq) => self.choose(seq),
            Input::Enter => self.view.emit(folder::Input::TakeFocus),
            Input::Select(file) => self.select(file),
            Input::Open(folder) => self.open(folder),
            Input::OpenPlace(place) => {
                self.place = place.clone();
                self.open(place);
            }
            Input::Remedy(Remedy::BackUp) => self.back_up(&sender),
            Input::Remedy(Remedy::Reload) => self.command(Command::Reload, &sender),
            Input::Tick(tick) => self.card.emit(status_card::Input::Tick(tick)),
            Input::BackupDone(result) => self.backup_done(result, &sender),
            Input::Stop => self.stop(),
            Input::ShowProblems => self.show_problems(),
            Input::ShowUnread => self.ask_for_problems(self.chosen),
            Input::Restore { paths, has_folder, elsewhere } => {
                let target = self.target.clone();
                let at = self.chosen.unwrap_or_default();
                self.restore(restore::Init { target, at, paths, has_folder, elsewhere }, &sender);
            }
            Input::RestoreOver(outcome) => self.restore_over(outcome, &sender),
            Input::Interrupted(found) => self.interrupted_found(found.map(|found| *found)),
            Input::Bar(asked) => self.bar_asks(&asked, &sender),
            Input::SettlingTick(tick) => self.bar.emit(restore_bar::Input::Tick(tick)),
            Input::Settled(outcome) => self.settled(outcome, &sender),
            Input::ShowLines(lines) => self.open_problems(lines, Intro::Undo),
            Input::Folded(folded) => {
                self.bar.emit(restore_bar::Input::Narrow(folded));
                self.folded = folded;
                self.view.emit(folder::Input::Narrow(folded));
            }
            Input::Room { width, wanted } => {
                self.room.set(width, wanted);
                self.timeline.emit(timeline::Input::Lie(self.room.is_narrow()));
            }
            Input::ShowSidebar => {}
        }
    }
}
