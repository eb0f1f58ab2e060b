//! How the entries of folders are arranged, here and in the next window.

use relm4::prelude::*;

use super::{Arrangement, Browser, Output, folder};

impl Browser {
    /// As the last window did.
    pub(super) fn arrange(&mut self, arrangement: Arrangement) {
        self.view.emit(folder::Input::Arrange(arrangement));
        self.set_order(arrangement);
    }

    /// The person arranged them so.
    pub(super) fn arranged(&mut self, arrangement: Arrangement, sender: &ComponentSender<Self>) {
        self.set_order(arrangement);
        let _closed = sender.output(Output::Arranged(arrangement));
    }

    fn set_order(&mut self, arrangement: Arrangement) {
        if std::mem::replace(&mut self.order, arrangement.order) != arrangement.order {
            self.ask_for_folder(false);
        }
    }
}
