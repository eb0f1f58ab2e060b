//! Looking at another history in this window. The person's own screen stays as it is meanwhile, with all that runs there.

use relm4::adw;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::{Input, Page, Window, fold_if_narrow, show_screen};
use crate::app::target::Target;
use crate::ui::browser::{self, Arrangement, Browser};

/// The screen of another history.
pub struct Visit {
    screen: Controller<Browser>,
    /// Something runs that closing would stop.
    pub is_busy: bool,
}

impl Window {
    /// Shows another history; the one that was visited before ends.
    pub(super) fn visit(&mut self, target: Target, sender: &ComponentSender<Self>) {
        let init = browser::Init { options: self.options.clone(), target, is_visit: true };
        let screen = Browser::builder().launch(init).forward(sender.input_sender(), Input::Visitor);
        if let Some(memory) = &self.memory {
            screen.emit(browser::Input::Arrange(Arrangement::remembered(memory)));
        }
        fold_if_narrow(&screen, self.stack.width());
        show_screen(&self.stack, screen.widget());
        let before = self.visit.replace(Visit { screen, is_busy: false });
        self.end_visit(before);
    }

    /// Shows the person's own history again.
    pub(super) fn go_home(&mut self) {
        if let Page::Browser(screen) = &self.page {
            self.stack.set_visible_child(screen.widget());
        }
        let before = self.visit.take();
        self.end_visit(before);
    }

    /// What the visited screen says.
    pub(super) fn visitor_says(
        &mut self,
        output: browser::Output,
        sender: &ComponentSender<Self>,
        root: &adw::ApplicationWindow,
    ) {
        match output {
            browser::Output::Busy(is_busy) => {
                if let Some(visit) = &mut self.visit {
                    visit.is_busy = is_busy;
                }
                self.close_if_wanted(sender, root);
            }
            // Where one was in another's history is not where the next window opens.
            browser::Output::Place(_) => {}
            output => self.browser_says(output, sender, root),
        }
    }

    /// Whether anything runs, in either screen.
    pub(super) fn is_at_work(&self) -> bool {
        self.is_busy || self.visit.as_ref().is_some_and(|visit| visit.is_busy)
    }

    /// Tells the screen that is looked at.
    pub(super) fn tell_browser(&self, message: browser::Input) {
        match (&self.visit, &self.page) {
            (Some(visit), _) => visit.screen.emit(message),
            (None, Page::Browser(own)) => own.emit(message),
            _ => {}
        }
    }

    /// Stops what runs, in either screen.
    pub(super) fn stop_all(&self) {
        if let Some(visit) = &self.visit {
            visit.screen.emit(browser::Input::Stop);
        }
        if let Page::Browser(own) = &self.page {
            own.emit(browser::Input::Stop);
        }
    }

    fn end_visit(&self, visit: Option<Visit>) {
        if let Some(visit) = visit {
            self.stack.remove(visit.screen.widget());
        }
    }
}
