//! The window goes and comes back, and what is said when it goes while something runs: on the way out, and from behind.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;

use super::{Input, Page, Window};
use crate::i18n::gettext;
use crate::ui::bridge;

/// All of this program's notifications are one: a later one takes the place of an earlier one.
const NOTIFICATION: &str = "work";

impl Window {
    /// Whoever starts the program again wants to see it.
    pub(super) fn show_again(&mut self, root: &adw::ApplicationWindow) {
        if self.memory.is_none() {
            return;
        }
        if !root.is_visible() {
            self.closes = false;
            take_back();
        }
        root.present();
    }

    /// Takes the window away until what runs is done.
    pub(super) fn hide(&mut self, root: &adw::ApplicationWindow) {
        self.closes = true;
        root.set_visible(false);
        tell_going_on();
    }

    pub(super) fn close_if_wanted(
        &mut self,
        sender: &ComponentSender<Self>,
        root: &adw::ApplicationWindow,
    ) {
        if self.closes && !self.is_at_work() {
            self.end(sender, root);
        }
    }

    /// Goes as soon as the next window's memory is written.
    pub(super) fn end(&mut self, sender: &ComponentSender<Self>, root: &adw::ApplicationWindow) {
        self.closes = true;
        root.set_visible(false);
        let Some(mut memory) = self.memory.take() else { return self.go(root) };
        (memory.width, memory.height) = root.default_size();
        memory.is_maximized = root.is_maximized();
        bridge::once(sender.input_sender(), move || memory.write(), |_| Input::Gone);
    }

    /// A screen must end before its widgets: an answer that is on its way still would find its children gone.
    pub(super) fn go(&mut self, root: &adw::ApplicationWindow) {
        self.show_page(Page::Loading);
        let root = root.clone();
        glib::idle_add_local_once(move || {
            for window in relm4::main_application().windows() {
                window.destroy();
            }
            root.destroy();
        });
    }
}

/// Asks before what runs is stopped.
pub fn question(
    root: &adw::ApplicationWindow,
    sender: &relm4::Sender<Input>,
) -> adw::MessageDialog {
    let dialog = adw::MessageDialog::new(
        Some(root),
        Some(&gettext("Stop and Quit?")),
        Some(&gettext(
            "Yore is still at work. Stopping loses nothing: what is not finished is done the next time.",
        )),
    );
    dialog.add_response("go-on", &gettext("Keep Running"));
    dialog.add_response("stop", &gettext("Stop and Quit"));
    dialog.set_response_appearance("stop", adw::ResponseAppearance::Destructive);
    answer(&dialog, "go-on", sender, |response| match response {
        "stop" => Input::StopAndQuit,
        _ => Input::GoOn,
    });
    dialog
}

/// Says, the first time, that work goes on without the window.
pub fn first_time(
    root: &adw::ApplicationWindow,
    sender: &relm4::Sender<Input>,
) -> adw::MessageDialog {
    let dialog = adw::MessageDialog::new(
        Some(root),
        Some(&gettext("Yore Goes On Working")),
        Some(&gettext(
            "The window closes, and Yore ends by itself when it is done. Start Yore again to see how far it is.",
        )),
    );
    dialog.add_response("stay", &gettext("Keep Open"));
    dialog.add_response("close", &gettext("Close Window"));
    dialog.set_response_appearance("close", adw::ResponseAppearance::Suggested);
    answer(&dialog, "stay", sender, |response| match response {
        "close" => Input::Hide,
        _ => Input::GoOn,
    });
    dialog.set_default_response(Some("close"));
    dialog
}

fn answer(
    dialog: &adw::MessageDialog,
    harmless: &str,
    sender: &relm4::Sender<Input>,
    message: impl Fn(&str) -> Input + 'static,
) {
    dialog.set_default_response(Some(harmless));
    dialog.set_close_response(harmless);
    let sender = sender.clone();
    dialog.connect_response(None, move |_, response| {
        let _closed = sender.send(message(response));
    });
}

/// Tells the desktop that work goes on without the window.
pub fn tell_going_on() {
    let body =
        gettext("It closes by itself when it is done. Start Yore again to see how far it is.");
    notify(&gettext("Yore Goes On Working"), &body);
}

/// Tells the desktop what came of the work, for nobody looks at the window.
pub fn tell_end(outcome: &str) {
    notify(&gettext("Yore Is Done"), outcome);
}

/// The window can be seen again: it says how things are.
pub fn take_back() {
    relm4::main_application().withdraw_notification(NOTIFICATION);
}

fn notify(title: &str, body: &str) {
    let notification = gio::Notification::new(title);
    notification.set_body(Some(body));
    notification.set_icon(&gio::ThemedIcon::new(crate::ui::APP_ID));
    relm4::main_application().send_notification(Some(NOTIFICATION), &notification);
}
