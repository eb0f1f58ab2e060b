//! The step that shows a plan: what happens where something is in the way, what will be done, and what to know before.

use std::sync::Arc;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::plan::PlanList;
use super::prepared::{Offered, Prepared};
use super::summary::{does_something, summary};
use super::{policy, warnings};
use crate::engine::restore::OnConflict;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::drop_down;

const SECONDS_PER_MINUTE: u64 = 60;

/// The model.
pub struct Page {
    list: PlanList,
    choices: Vec<OnConflict>,
    /// What is shown; `None` before the first plan.
    prepared: Option<Arc<Prepared>>,
    /// Another plan is being worked out.
    is_stale: bool,
}

/// What the step is told.
#[derive(Debug)]
pub enum Input {
    /// Show this plan; the keyboard comes to what the step is for, if it isn't here already.
    Show(Arc<Prepared>),
    /// What may be chosen where something is in the way.
    Choices(Vec<OnConflict>),
    /// Another policy was chosen.
    Chosen(u32),
    /// Carry it out.
    Go {
        /// The backup is ticked.
        is_ticked: bool,
    },
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Another plan, with this policy.
    Policy(OnConflict),
    /// Carry the plan out.
    Go {
        /// Back up what is there now before.
        backs_up: bool,
    },
    /// Leave it.
    Cancel,
}

#[relm4::component(pub)]
impl Component for Page {
    type Init = ();
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_vexpand: true,
            gtk::Box {
                set_spacing: 12,
                add_css_class: "page-text",
                gtk::Label {
                    set_label: &gettext("_If something is in the way"),
                    set_use_underline: true,
                    set_mnemonic_widget: Some(&policy),
                    set_xalign: 0.0,
                    set_hexpand: true,
                    set_wrap: true,
                    // It gives way first, where the window is narrow.
                    set_max_width_chars: 9,
                },
                gtk::Spinner {
                    #[watch]
                    set_spinning: model.is_stale,
                    #[watch]
                    set_visible: model.is_stale,
                },
                #[name = "policy"]
                gtk::DropDown {
                    set_valign: gtk::Align::Center,
                    connect_selected_notify[sender] => move |choices| {
                        let _closed = sender.input_sender().send(Input::Chosen(choices.selected()));
                    },
                },
            },
            gtk::Label {
                set_xalign: 0.0,
                set_wrap: true,
                add_css_class: "page-text",
                #[watch]
                set_label: &model.prepared.as_ref().map(|shown| summary(&shown.plan)).unwrap_or_default(),
            },
            gtk::ScrolledWindow {
                set_vexpand: true,
                // No taller than its rows.
                set_valign: gtk::Align::Start,
                set_propagate_natural_height: true,
                set_min_content_height: 52,
                set_hscrollbar_policy: gtk::PolicyType::Never,
                set_css_classes: &["card", "page-list"],
                #[watch]
                set_visible: model.has_items(),
                #[local_ref]
                list -> gtk::ListView {
                    add_css_class: "entries",
                    #[watch]
                    set_class_active: ("stale", model.is_stale),
                },
            },
            gtk::ScrolledWindow {
                set_propagate_natural_height: true,
                set_max_content_height: 250,
                set_hscrollbar_policy: gtk::PolicyType::Never,
                #[watch]
                set_visible: model.has_warnings(),
                #[name = "warnings"]
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_spacing: 8,
                    add_css_class: "page-text",
                },
            },
            #[name = "backup"]
            gtk::CheckButton {
                set_active: true,
                add_css_class: "page-text",
                #[watch]
                set_visible: model.offered().is_some(),
                #[wrap(Some)]
                #[name = "backup_label"]
                set_child = &gtk::Label {
                    set_xalign: 0.0,
                    set_wrap: true,
                    set_use_underline: true,
                    set_mnemonic_widget: Some(&backup),
                    #[watch]
                    set_label: &model.offered().map(offer).unwrap_or_default(),
                },
            },
            gtk::Box {
                set_spacing: 8,
                set_halign: gtk::Align::End,
                set_valign: gtk::Align::End,
                add_css_class: "page-buttons",
                #[watch]
                set_vexpand: !model.has_items(),
                #[name = "cancel"]
                gtk::Button {
                    set_label: &gettext("Cancel"),
                    connect_clicked[sender] => move |_| {
                        let _closed = sender.output(Output::Cancel);
                    },
                },
                #[name = "go"]
                gtk::Button {
                    set_label: &gettext("Restore"),
                    add_css_class: "suggested-action",
                    #[watch]
                    set_sensitive: model.can_go(),
                    connect_clicked[sender, backup] => move |_| {
                        let is_ticked = backup.is_active();
                        let _closed = sender.input_sender().send(Input::Go { is_ticked });
                    },
                },
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model =
            Self { list: PlanList::new(), choices: Vec::new(), prepared: None, is_stale: false };
        let list = model.list.view();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: Input,
        sender: ComponentSender<Self>,
        root: &Self::Root,
    ) {
        let is_first = self.prepared.is_none();
        let shows = matches!(message, Input::Show(_));
        if let Input::Choices(choices) = &message {
            let words: Vec<String> = choices.iter().map(|choice| policy::words(*choice)).collect();
            self.choices = choices.clone();
            drop_down::fill(&widgets.policy, &gettext("If something is in the way"), &words);
        }
        self.update(message, sender.clone(), root);
        if let Some(prepared) = self.prepared.as_ref().filter(|_| shows) {
            warnings::fill(&widgets.warnings, prepared);
        }
        self.update_view(widgets, sender);
        // Return does what the step is for; who is choosing a policy goes on choosing.
        if shows && is_first {
            let button = if self.can_go() { &widgets.go } else { &widgets.cancel };
            button.grab_focus();
        }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, _root: &Self::Root) {
        match message {
            Input::Show(prepared) => {
                self.list.show(&prepared.plan);
                self.prepared = Some(prepared);
                self.is_stale = false;
            }
            Input::Choices(_) => {}
            Input::Chosen(index) => self.choose(index, &sender),
            Input::Go { is_ticked } if self.can_go() => {
                let backs_up = is_ticked && self.offered().is_some();
                let _closed = sender.output(Output::Go { backs_up });
            }
            Input::Go { .. } => {}
        }
    }
}

impl Page {
    /// The list stays until the new plan is there.
    fn choose(&mut self, index: u32, sender: &ComponentSender<Self>) {
        let Some(choice) = self.choices.get(index as usize) else { return };
        if self.prepared.is_some() {
            self.is_stale = true;
            let _closed = sender.output(Output::Policy(*choice));
        }
    }

    fn can_go(&self) -> bool {
        !self.is_stale && self.prepared.as_ref().is_some_and(|shown| does_something(&shown.plan))
    }

    fn has_items(&self) -> bool {
        self.prepared.as_ref().is_some_and(|shown| !shown.plan.items.is_empty())
    }

    fn has_warnings(&self) -> bool {
        let warns =
            |shown: &Arc<Prepared>| !shown.plan.warnings.is_empty() || shown.command.is_some();
        self.prepared.as_ref().is_some_and(warns)
    }

    fn offered(&self) -> Option<&Offered> {
        self.prepared.as_ref()?.backup.as_ref()
    }
}

fn offer(backup: &Offered) -> String {
    match backup.time.map(|time| time.as_secs().div_ceil(SECONDS_PER_MINUTE)) {
        Some(0 | 1) => gettext("_Back up what is there now first (a minute at most)"),
        Some(minutes) => gettext_f(
            "_Back up what is there now first (about {minutes} min)",
            &[("minutes", &minutes.to_string())],
        ),
        None => gettext("_Back up what is there now first"),
    }
}
