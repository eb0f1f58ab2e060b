//! The first step when things come back elsewhere: which folder they come to.

use std::path::PathBuf;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::i18n::gettext;
use crate::ui::widgets::choose_folder::choose_folder;
use crate::ui::widgets::named;

/// The model.
#[derive(Debug)]
pub struct Asking {
    typed: String,
    fault: String,
}

/// What the step is told.
#[derive(Debug)]
pub enum Input {
    /// The keyboard comes here.
    TakeFocus,
    /// The folder's path, as it is typed.
    Typed(String),
    /// Choose the folder in a dialog.
    Browse,
    /// Go on with what was typed.
    Continue,
}

/// This folder was chosen.
#[derive(Debug)]
pub struct Chosen(pub PathBuf);

#[relm4::component(pub)]
impl Component for Asking {
    type Init = ();
    type Input = Input;
    type Output = Chosen;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 12,
            set_vexpand: true,
            add_css_class: "page",
            gtk::Label {
                set_xalign: 0.0,
                set_wrap: true,
                set_label: &gettext("Copies are put into this folder under their own names. What will happen is shown before anything is written."),
            },
            gtk::Box {
                set_spacing: 6,
                #[name = "folder"]
                named::entry(&gettext("Folder to restore to")) -> gtk::Entry {
                    set_hexpand: true,
                    set_placeholder_text: Some(&gettext("Path of a folder")),
                    connect_changed[sender] => move |entry| {
                        let _closed = sender.input_sender().send(Input::Typed(entry.text().to_string()));
                    },
                    connect_activate => Input::Continue,
                },
                gtk::Button {
                    set_label: &gettext("Browse…"),
                    connect_clicked => Input::Browse,
                },
            },
            gtk::Label {
                set_xalign: 0.0,
                set_wrap: true,
                set_css_classes: &["error", "caption"],
                #[watch]
                set_label: &model.fault,
                #[watch]
                set_visible: !model.fault.is_empty(),
            },
            gtk::Button {
                set_label: &gettext("Continue"),
                set_halign: gtk::Align::End,
                set_valign: gtk::Align::End,
                set_vexpand: true,
                add_css_class: "suggested-action",
                #[watch]
                set_sensitive: !model.typed.is_empty(),
                connect_clicked => Input::Continue,
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self { typed: String::new(), fault: String::new() };
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
        if matches!(message, Input::TakeFocus) {
            widgets.folder.grab_focus();
        }
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::TakeFocus => {}
            Input::Typed(typed) => {
                self.typed = typed;
                self.fault.clear();
            }
            Input::Browse => {
                let output = sender.output_sender().clone();
                let window = root.root().and_downcast::<gtk::Window>();
                let title = gettext("Choose a Folder to Restore To");
                choose_folder(&title, window.as_ref(), move |folder| {
                    let _closed = output.send(Chosen(folder));
                });
            }
            Input::Continue => {
                let folder = PathBuf::from(&self.typed);
                if folder.is_absolute() {
                    let _closed = sender.output(Chosen(folder));
                } else {
                    self.fault = gettext("Type the whole path, beginning with “/”.");
                }
            }
        }
    }
}
