//! The timeline beside the folder: the moments of the open folder, or of the one file that is selected in it, and the ways
//! to where that was different. In a narrow window it lies below.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::change_button::ChangeButton;
use crate::engine::history::{Difference, SnapshotInfo, SnapshotState};
use crate::i18n::{gettext, ngettext_f};
use crate::ui::history_worker::Moment;
use crate::ui::widgets::timeline::{Model, Step, Tick, Timeline as Ticks};

/// The model.
pub struct Timeline {
    ticks: Ticks,
    buttons: [ChangeButton; 2],
    /// Newest first.
    snapshots: Vec<SnapshotInfo>,
    /// The chosen snapshot's number.
    chosen: Option<u64>,
    lies: bool,
    /// Whether there is anything to show.
    has_moments: bool,
    /// How many states are shown of a file; none of a folder.
    versions: u64,
}

/// What the timeline is told.
#[derive(Debug)]
pub enum Input {
    /// The snapshots, newest first, and the chosen one; their moments follow.
    Set(Vec<SnapshotInfo>, Option<u64>),
    /// In which of them the folder was another, or the file.
    Moments {
        /// Oldest first; all snapshots if that can't be told.
        moments: Option<Vec<Moment>>,
        /// They are a file's.
        of_file: bool,
    },
    /// Go there.
    Go(Step),
    /// Lie along the foot of a narrow window, or stand.
    Lie(bool),
    /// A moment was chosen here.
    Chosen(u64),
    /// Its files are wanted.
    Entered,
}

/// What the person did.
#[derive(Debug)]
pub enum Output {
    /// A moment was chosen, by its snapshot's number.
    Chosen(u64),
    /// By Return: its files are wanted.
    Entered,
}

#[relm4::component(pub)]
impl SimpleComponent for Timeline {
    type Init = ();
    type Input = Input;
    type Output = Output;

    view! {
        gtk::Box {
            add_css_class: "timeline-pane",
            #[watch]
            set_orientation: model.orientation(),
            #[watch]
            set_visible: model.has_moments,

            #[local_ref]
            earlier -> gtk::Button {
                #[watch]
                set_sensitive: model.ticks.can_go(Step::EarlierChange),
                connect_clicked => Input::Go(Step::EarlierChange),
            },
            gtk::Label {
                set_xalign: 1.0,
                set_css_classes: &["dim-label", "versions"],
                #[watch]
                set_label: &ngettext_f("{count} version", "{count} versions", model.versions, &[]),
                #[watch]
                set_visible: model.versions > 0 && !model.lies,
            },
            #[local_ref]
            ticks -> Ticks {
                #[watch]
                set_orientation: model.orientation(),
                #[watch]
                set_vexpand: !model.lies,
                #[watch]
                set_hexpand: model.lies,
            },
            #[local_ref]
            later -> gtk::Button {
                #[watch]
                set_sensitive: model.ticks.can_go(Step::LaterChange),
                connect_clicked => Input::Go(Step::LaterChange),
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let ticks = Ticks::new();
        let input = sender.input_sender().clone();
        ticks.connect_chosen(move |seq| {
            let _closed = input.send(Input::Chosen(seq));
        });
        let input = sender.input_sender().clone();
        ticks.connect_entered(move || {
            let _closed = input.send(Input::Entered);
        });
        let buttons = [ChangeButton::earlier(), ChangeButton::later()];
        let [earlier, later] = buttons.each_ref().map(|button| button.root.clone());
        let model = Self {
            ticks: ticks.clone(),
            buttons,
            snapshots: Vec::new(),
            chosen: None,
            lies: false,
            has_moments: false,
            versions: 0,
        };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Set(snapshots, chosen) => {
                self.snapshots = snapshots;
                self.chosen = chosen;
                if self.snapshots.is_empty() {
                    self.fill(None);
                }
            }
            Input::Moments { moments, of_file } => {
                let states = moments.iter().flatten().filter(|moment| of_file && is_state(moment));
                self.versions = states.count() as u64;
                self.fill(moments);
            }
            Input::Go(step) => self.ticks.go(step),
            Input::Lie(lies) => {
                self.lies = lies;
                for button in &self.buttons {
                    button.lie(lies);
                }
            }
            Input::Chosen(seq) => {
                self.chosen = Some(seq);
                let _closed = sender.output(Output::Chosen(seq));
            }
            Input::Entered => {
                let _closed = sender.output(Output::Entered);
            }
        }
    }
}

impl Timeline {
    fn fill(&mut self, moments: Option<Vec<Moment>>) {
        let ticks = match moments {
            Some(moments) => self.of_moments(&moments),
            None => self.snapshots.iter().filter(is_there).map(|info| tick(info, None)).collect(),
        };
        self.has_moments = !ticks.is_empty();
        self.ticks.set_moments(Model::new(ticks), self.chosen);
    }

    /// The chosen snapshot and the newest one are always among them: what is shown, and the way back.
    fn of_moments(&self, moments: &[Moment]) -> Vec<Tick> {
        let newest = self.snapshots.iter().find(is_there).map(|newest| newest.seq);
        let moment_of = |seq| {
            let found = moments.binary_search_by_key(&seq, |moment: &Moment| moment.seq);
            found.ok().and_then(|index| moments.get(index))
        };
        let ticks = self.snapshots.iter().filter_map(|info| {
            let (moment, seq) = (moment_of(info.seq), Some(info.seq));
            let is_wanted = moment.is_some() || seq == self.chosen || seq == newest;
            is_wanted.then(|| tick(info, moment))
        });
        ticks.collect()
    }

    fn orientation(&self) -> gtk::Orientation {
        if self.lies { gtk::Orientation::Horizontal } else { gtk::Orientation::Vertical }
    }
}

fn is_there(info: &&SnapshotInfo) -> bool {
    matches!(info.state, SnapshotState::Good | SnapshotState::Damaged)
}

fn tick(info: &SnapshotInfo, moment: Option<&Moment>) -> Tick {
    Tick {
        seq: info.seq,
        time: info.started,
        changes: moment.map_or(0, |moment| moment.changes),
        note: moment.map(note).unwrap_or_default(),
        begins: moment.is_some_and(|moment| moment.begins),
        pinned: info.pinned,
        label: info.label.clone(),
        damaged: info.state == SnapshotState::Damaged,
    }
}

/// Whether there is something at that moment.
fn is_state(moment: &&Moment) -> bool {
    moment.difference != Some(Difference::Removed)
}

fn note(moment: &Moment) -> String {
    match moment.difference {
        Some(Difference::Added) => gettext("New"),
        Some(Difference::Changed) => gettext("Changed"),
        Some(Difference::Metadata) => gettext("Only its permissions, owner or time changed"),
        Some(Difference::Removed) => gettext("Deleted"),
        None if moment.changes == 0 => String::new(),
        None => ngettext_f("{count} change", "{count} changes", moment.changes, &[]),
    }
}
