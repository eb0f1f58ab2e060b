//! The main screen: the status card and places on the left, the folder at the chosen moment, and the timeline.
//! It owns the history's thread and the running backup; what is on screen follows from its model alone.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::prelude::*;
use uuid::Uuid;

use self::drive::Drive;
use self::folder::Folder;
pub use self::folder::arrangement::{Arrangement, Shape};
use self::folder::path_bar::PathBar;
use self::folder::words::Remedy;
use self::header::Header;
use self::looking::{Look, Looking};
pub use self::messages::{Command, Init, Input, Output};
use self::middle::Middle;
use self::opening::Opening;
use self::places::Places;
use self::restore_bar::RestoreBar;
use self::room::Room;
use self::timeline::Timeline;
use self::trail::Trail;
use self::watching::Watching;
use super::bridge::{Events, Running};
use super::history_worker::{HistoryWorker, Order};
use super::problems::{Intro, Line, Problems};
use super::restore::{self, Restore};
use super::status_card::{self, StatusCard};
use super::widgets::deck::Deck;
use super::widgets::past::Item;
use crate::app::target::{Options, Target};
use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;

mod arranging;
mod change_button;
mod drive;
mod folder;
mod header;
mod jump;
mod looking;
mod mark;
mod messages;
mod middle;
mod moves;
mod now;
mod opening;
mod places;
mod restore_bar;
mod room;
mod runs;
mod search_field;
mod timeline;
mod trail;
mod travel;
mod undo;
mod unread;
mod usual;
mod watching;

/// The least width of a folder that has the timeline beside it, in pixels: what its columns need.
const FOLDER_BESIDE: i32 = 420;

/// The model.
pub struct Browser {
    /// How the program was started: they lead to the configuration.
    options: Options,
    target: Target,
    worker: HistoryWorker,
    /// The history is not open yet.
    opening: Option<Opening>,
    /// Newest first; `None` until they were read.
    snapshots: Option<Vec<SnapshotInfo>>,
    /// The chosen snapshot's sequence number; none at Now.
    chosen: Option<u64>,
    /// The past was asked for before it was read.
    wants_past: bool,
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
    /// In which order the folder's entries are wanted.
    order: Order,
    watching: Watching,
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
    middle: Middle,
    header: Header,
    trail: Trail,
    /// Number of the newest path that was typed.
    path_ticket: u64,
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
    looking: Looking,
    sender: relm4::Sender<Input>,
}

#[relm4::component(pub)]
impl Component for Browser {
    type Init = Init;
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        adw::Leaflet {
            set_can_navigate_back: true,
            set_hexpand: true,
            connect_map => Input::Mapped,
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
                #[local_ref]
                header -> adw::HeaderBar {},
                append: &model.middle.field.bar,
                model.bar.widget(),
                #[local_ref]
                middle -> gtk::Stack {
                    // What is beside the folder must not keep the window from becoming narrow: there it comes below.
                    #[name = "room"]
                    add_named[Some("folder")] = &gtk::ScrolledWindow {
                        set_vexpand: true,
                        #[watch]
                        set_hscrollbar_policy: model.room.policy(),
                        set_vscrollbar_policy: gtk::PolicyType::Never,
                        gtk::Box {
                            #[watch]
                            set_orientation: model.room.orientation(),
                            #[name = "deck"]
                            Deck {
                                #[watch]
                                set_level: model.room.is_narrow(),
                                #[watch]
                                set_width_request: if model.room.is_narrow() { -1 } else { FOLDER_BESIDE },
                                append: model.view.widget(),
                            },
                            model.timeline.widget(),
                        },
                    },
                },
            },
        }
    }

    fn init(init: Init, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self::new(init, root.clone(), &sender);
        let middle = &model.middle.stack;
        let header = &model.header.root;
        let widgets = view_output!();
        model.middle.stack.set_visible_child_name("folder");
        model.leaflet.page(&widgets.separator).set_navigatable(false);
        model.leaflet.set_visible_child(&widgets.main);
        room::watch(&widgets.room, sender.input_sender());
        model.header.update(&model.trail, &model.middle, model.folded);
        model.middle.field.capture(&root);
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
            Input::Open(_)
            | Input::OpenPast(_)
            | Input::OpenPlace(_)
            | Input::OpenDeleted
            | Input::ShowThere(_)
            | Input::Command(Command::Search | Command::Location)
            | Input::Reveal(_)
            | Input::Enter => root.set_visible_child(&widgets.main),
            Input::States(earlier, moved) => widgets.deck.show_earlier(*earlier, *moved),
            _ => {}
        }
        let before = self.folder.clone();
        self.update(message, sender.clone(), root);
        if self.folder != before {
            let _closed = sender.output(Output::Place(self.folder.clone()));
        }
        self.header.update(&self.trail, &self.middle, self.folded);
        self.update_view(widgets, sender);
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, _root: &Self::Root) {
        match message {
            Input::Command(command) => self.command(command, &sender),
            Input::Answer(answer) => self.answered(answer),
            Input::LookAtOpening => self.look_at_opening(),
            Input::Choose(at) => self.choose(at),
            Input::LiveChanged(folder) => self.live_changed(&folder),
            Input::Mapped => self.look_at_changes(),
            Input::JumpTo(seq) => self.jump_to(seq),
            Input::Marked => self.read_again(),
            Input::Enter => self.view.emit(folder::Input::TakeFocus),
            Input::Select(file) => self.select(file),
            Input::Open(folder) => self.open(folder),
            Input::OpenPast(folder) => self.open_past(folder),
            Input::Reveal(file) => self.reveal(file),
            Input::OpenPlace(place) => self.open_place(place),
            Input::Remedy(Remedy::BackUp) => self.back_up(&sender),
            Input::Remedy(Remedy::Why) => self.look(Look::Why(self.folder.clone()), &sender),
            Input::Remedy(Remedy::Reload) => self.command(Command::Reload, &sender),
            Input::Tick(tick) => self.card.emit(status_card::Input::Tick(tick)),
            Input::BackupDone(result) => self.backup_done(result, &sender),
            Input::Stop => self.stop(),
            Input::ShowProblems => self.show_problems(),
            Input::Settle(path, settled) => self.say_to_path(path, settled),
            Input::PathSettled(path, settled, outcome) => self.path_settled(path, settled, outcome),
            Input::ShowUnread => self.ask_for_problems(self.chosen),
            Input::Arrange(arrangement) => self.arrange(arrangement),
            Input::Arranged(arrangement) => self.arranged(arrangement, &sender),
            Input::WantDeleted { after, ticket } => self.ask_for_deleted(after, ticket),
            Input::Field(event) => self.searched(event),
            Input::Typed(path) => self.path_typed(&path),
            Input::ShowThere(Item { path, kind, at, .. }) => self.show_there(path, kind, at),
            Input::OpenDeleted => self.open_deleted(),
            Input::RestoreDeleted(groups, elsewhere) => {
                self.restore_deleted(groups, elsewhere, &sender);
            }
            Input::Restore { at, paths, has_folder, elsewhere } => {
                // The live files of Now can't be restored.
                if let Some(at) = at.or(self.chosen) {
                    let target = self.target.clone();
                    let init = restore::Init { target, at, paths, has_folder, elsewhere };
                    self.restore(init, &sender);
                }
            }
            Input::Look(asked) => self.look(asked, &sender),
            Input::RestoreOver(outcome) => self.restore_over(outcome, &sender),
            Input::Interrupted(found) => self.interrupted_found(found.map(|found| *found)),
            Input::Bar(asked) => self.bar_asks(&asked, &sender),
            Input::SettlingTick(tick) => self.bar.emit(restore_bar::Input::Tick(tick)),
            Input::Settled(outcome) => self.settled(outcome, &sender),
            Input::ShowLines(lines) => {
                let lines = lines.into_iter().map(Line::note).collect();
                self.open_problems(lines, Intro::Undo);
            }
            Input::Folded(folded) => {
                self.bar.emit(restore_bar::Input::Narrow(folded));
                self.folded = folded;
                self.view.emit(folder::Input::Narrow(folded));
                self.middle.set_narrow(folded);
            }
            Input::Room { width, wanted } => {
                self.room.set(width, wanted);
                self.timeline.emit(timeline::Input::Lie(self.room.is_narrow()));
            }
            Input::Drive(asked) => self.go_to_history(asked, &sender),
            Input::ShowSidebar | Input::States(..) => {}
        }
    }
}
