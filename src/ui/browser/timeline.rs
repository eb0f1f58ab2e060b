//! The timeline beside the folder: the moments of the open folder, or of the one file that is selected in it, and the ways
//! to where that was different. In a narrow window it lies below.

use std::cmp::Ordering;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::change_button::ChangeButton;
use super::jump::{self, Jump};
use super::mark::{self, Mark, Marked};
use crate::app::target::Target;
use crate::engine::history::{Difference, SnapshotInfo, SnapshotState};
use crate::i18n::{gettext, ngettext_f};
use crate::ui::history_worker::Moment;
use crate::ui::widgets::timeline::{Model, NOW, Step, Tick, Timeline as Ticks};

/// The model.
pub struct Timeline {
    ticks: Ticks,
    jump: Controller<Jump>,
    mark: Controller<Mark>,
    buttons: [ChangeButton; 2],
    /// Newest first.
    snapshots: Vec<SnapshotInfo>,
    /// The chosen snapshot's number; none if the live files are.
    chosen: Option<u64>,
    /// The live files can be shown.
    has_now: bool,
    lies: bool,
    /// Whether there is anything to show.
    has_moments: bool,
    /// The snapshots with which the folder's states begin.
    begins: Vec<u64>,
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
    /// A date is to be jumped to.
    Jump,
    /// It was chosen.
    Jumped(u64),
    /// The shown moment is to be marked.
    Mark,
    /// It was.
    Marked,
    /// A backup runs, or not any more.
    BackingUp(bool),
    /// A moment was chosen here, by its snapshot's number or [`NOW`].
    Chosen(u64),
    /// Its files are wanted.
    Entered,
}

/// What the person did.
#[derive(Debug)]
pub enum Output {
    /// A moment was chosen, by its snapshot's number; the live files have none.
    Chosen(Option<u64>),
    /// The same for one that may have no tick.
    Jumped(u64),
    /// A snapshot was marked.
    Marked,
    /// The folder has so many earlier states; whether what is shown is earlier or later than what was shown before.
    States(u64, Ordering),
    /// By Return: its files are wanted.
    Entered,
}

#[relm4::component(pub)]
impl SimpleComponent for Timeline {
    /// What snapshots are marked in; nothing if they aren't to be.
    type Init = Option<Target>;
    type Input = Input;
    type Output = Output;

    view! {
        gtk::Box {
            add_css_class: "timeline-pane",
            #[watch]
            set_orientation: model.orientation(),
            #[watch]
            set_visible: model.has_moments,

            gtk::Box {
                set_halign: gtk::Align::End,
                set_valign: gtk::Align::Center,
                add_css_class: "timeline-tools",
                model.mark.widget(),
                model.jump.widget(),
            },
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

    fn init(
        target: Option<Target>,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
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
        let jump = (Jump::builder().launch(()))
            .forward(sender.input_sender(), |jump::Wanted(seq)| Input::Jumped(seq));
        let has_now = target.as_ref().is_some_and(|target| !target.sources.is_empty());
        let mark =
            (Mark::builder().launch(target)).forward(sender.input_sender(), |Marked| Input::Marked);
        let model = Self {
            ticks: ticks.clone(),
            jump,
            mark,
            buttons,
            snapshots: Vec::new(),
            chosen: None,
            has_now,
            lies: false,
            has_moments: false,
            begins: Vec::new(),
            versions: 0,
        };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Set(snapshots, chosen) => {
                let known = snapshots.iter().filter(is_there).cloned().collect();
                self.jump.emit(jump::Input::Set(known, chosen));
                self.snapshots = snapshots;
                self.choose(chosen, &sender);
                if self.snapshots.is_empty() {
                    self.fill(None);
                }
            }
            Input::Moments { moments, of_file } => {
                let states = moments.iter().flatten().filter(|moment| of_file && is_state(moment));
                self.versions = states.count() as u64;
                let changes = moments.iter().flatten().map(|moment| (moment.seq, moment.changes));
                self.jump.emit(jump::Input::Changes(changes.collect()));
                if !of_file {
                    let begins = moments.iter().flatten().filter(|moment| moment.begins);
                    self.begins = begins.map(|moment| moment.seq).collect();
                    self.tell_states(Ordering::Equal, &sender);
                }
                self.fill(moments);
            }
            Input::Go(step) => self.ticks.go(step),
            Input::Lie(lies) => {
                self.lies = lies;
                for button in &self.buttons {
                    button.lie(lies);
                }
            }
            Input::Jump => self.jump.emit(jump::Input::Open),
            Input::Jumped(seq) => {
                let _closed = sender.output(Output::Jumped(seq));
            }
            Input::Mark => self.mark.emit(mark::Input::Open),
            Input::Marked => {
                let _closed = sender.output(Output::Marked);
            }
            Input::BackingUp(runs) => self.mark.emit(mark::Input::BackingUp(runs)),
            Input::Chosen(seq) => {
                self.choose(Some(seq).filter(|seq| *seq != NOW), &sender);
                self.jump.emit(jump::Input::Chosen(seq));
                let _closed = sender.output(Output::Chosen(self.chosen));
            }
            Input::Entered => {
                let _closed = sender.output(Output::Entered);
            }
        }
    }
}

impl Timeline {
    fn choose(&mut self, chosen: Option<u64>, sender: &ComponentSender<Self>) {
        let before = std::mem::replace(&mut self.chosen, chosen);
        let moved = chosen.unwrap_or(NOW).cmp(&before.unwrap_or(NOW));
        self.show_mark();
        self.tell_states(moved, sender);
    }

    fn tell_states(&self, moved: Ordering, sender: &ComponentSender<Self>) {
        let chosen = self.chosen.unwrap_or(NOW);
        let states = self.begins.partition_point(|seq| *seq <= chosen) as u64;
        let _closed = sender.output(Output::States(states.saturating_sub(1), moved));
    }

    /// What can be marked is the shown moment.
    fn show_mark(&self) {
        let shown = self.snapshots.iter().find(|info| Some(info.seq) == self.chosen);
        self.mark.emit(mark::Input::Set(shown.cloned()));
    }

    fn fill(&mut self, moments: Option<Vec<Moment>>) {
        let mut ticks: Vec<Tick> = match moments {
            Some(moments) => self.of_moments(&moments),
            None => self.snapshots.iter().filter(is_there).map(|info| tick(info, None)).collect(),
        };
        self.has_moments = !ticks.is_empty();
        if self.has_now && self.has_moments {
            ticks.push(Tick::now());
        }
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
