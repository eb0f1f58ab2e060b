//! The step at which something runs: how far it is, and the way to stop it.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::i18n::gettext;
use crate::ui::widgets::named;
use crate::ui::widgets::progress::Shown;

/// The model.
#[derive(Debug, Default)]
pub struct Running {
    title: String,
    shown: Shown,
}

/// What the step is told.
#[derive(Debug)]
pub enum Input {
    /// Something else begins; the keyboard comes here.
    Begin {
        /// What it is for, in words; empty if that goes without saying.
        title: String,
    },
    /// How far it is.
    Show(Shown),
}

/// Stop it.
#[derive(Debug)]
pub struct Stop;

#[relm4::component(pub)]
impl Component for Running {
    type Init = ();
    type Input = Input;
    type Output = Stop;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 8,
            set_vexpand: true,
            set_valign: gtk::Align::Center,
            add_css_class: "page",
            gtk::Label {
                set_wrap: true,
                set_justify: gtk::Justification::Center,
                add_css_class: "title-4",
                #[watch]
                set_label: &model.title,
                #[watch]
                set_visible: !model.title.is_empty(),
            },
            gtk::Label {
                #[watch]
                set_css_classes: if model.title.is_empty() { &["title-4"] } else { &[] },
                #[watch]
                set_label: &model.shown.phase,
            },
            named::progress_bar(&gettext("Restore progress")) -> gtk::ProgressBar {
                #[watch]
                set_fraction: model.shown.fraction.unwrap_or_default(),
            },
            gtk::Label {
                add_css_class: "numeric",
                set_ellipsize: gtk::pango::EllipsizeMode::End,
                #[watch]
                set_label: &model.shown.items,
            },
            gtk::Label {
                add_css_class: "numeric",
                set_ellipsize: gtk::pango::EllipsizeMode::End,
                #[watch]
                set_label: &model.shown.bytes,
            },
            gtk::Label {
                add_css_class: "numeric",
                set_ellipsize: gtk::pango::EllipsizeMode::End,
                #[watch]
                set_label: &model.shown.left,
            },
            gtk::Label {
                set_css_classes: &["dim-label", "caption"],
                set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                #[watch]
                set_label: &model.shown.current,
            },
            #[name = "stop"]
            gtk::Button {
                set_label: &gettext("Stop"),
                set_halign: gtk::Align::Center,
                set_margin_top: 12,
                connect_clicked[sender] => move |_| {
                    let _closed = sender.output(Stop);
                },
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self::default();
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
        let begins = matches!(message, Input::Begin { .. });
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
        if begins {
            widgets.stop.grab_focus();
        }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>, _root: &Self::Root) {
        match message {
            Input::Begin { title } => *self = Self { title, shown: Shown::default() },
            Input::Show(shown) => self.shown = shown,
        }
    }
}
