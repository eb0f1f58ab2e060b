//! The header over the folder: the ways back and forth, the path, and where all of time is searched.

use relm4::adw;
use relm4::gtk;
use relm4::gtk::prelude::*;

use super::folder::path_bar::PathBar;
use super::middle::Middle;
use super::trail::Trail;
use super::{Command, Input};
use crate::i18n::gettext;
use crate::ui::widgets::named;

/// The header.
#[derive(Debug)]
pub struct Header {
    /// The widget.
    pub root: adw::HeaderBar,
    sidebar: gtk::Button,
    back: gtk::Button,
    forward: gtk::Button,
}

impl Header {
    /// A header with a path and a field to search.
    pub fn new(path_bar: &PathBar, middle: &Middle, input: &relm4::Sender<Input>) -> Self {
        let button = |icon, name: &str, message: fn() -> Input| {
            let button = named::icon_button(icon, name);
            let input = input.clone();
            button.connect_clicked(move |_| {
                let _closed = input.send(message());
            });
            button
        };
        let sidebar = button("sidebar-show-symbolic", &gettext("Backups"), || Input::ShowSidebar);
        let back =
            button("go-previous-symbolic", &gettext("Back"), || Input::Command(Command::Back));
        let forward =
            button("go-next-symbolic", &gettext("Forward"), || Input::Command(Command::Forward));
        let root = adw::HeaderBar::builder().css_classes(["flat"]).build();
        for widget in [&sidebar, &back, &forward] {
            root.pack_start(widget);
        }
        // The path stands at the start, where it can grow; a title would be centred.
        root.pack_start(&path_bar.root);
        root.set_title_widget(Some(&gtk::Box::default()));
        root.pack_end(&middle.field.header);
        Self { root, sidebar, back, forward }
    }

    /// What can be pressed now; in a narrow window that is the way to the sidebar, too.
    pub fn update(&self, trail: &Trail, middle: &Middle, is_narrow: bool) {
        self.sidebar.set_visible(is_narrow);
        self.back.set_sensitive(trail.can_go_back() || !middle.is_folder());
        // There, the room is the path's; the key goes forth all the same.
        self.forward.set_visible(!is_narrow);
        self.forward.set_sensitive(trail.can_go_forward());
    }
}
