//! Whether the timeline stands beside the folder or lies below it: decided by the room that there is for both, so that
//! neither wide letters nor a language of long words need figures of their own.

use relm4::gtk;
use relm4::gtk::prelude::*;

use super::Input;

/// What is known of the room.
#[derive(Debug, Default)]
pub struct Room {
    /// Pixels that were wanted when both didn't fit side by side.
    missed: Option<f64>,
    /// What is wanted is more than there is.
    is_short: bool,
}

impl Room {
    /// There are `width` pixels, and `wanted` are asked for as things are now.
    pub fn set(&mut self, width: f64, wanted: f64) {
        self.is_short = wanted > width;
        match self.missed {
            None if wanted > width => self.missed = Some(wanted),
            Some(missed) if missed <= width => self.missed = None,
            _ => {}
        }
    }

    /// The two don't fit side by side.
    pub fn is_narrow(&self) -> bool {
        self.missed.is_some()
    }

    /// They make do with less than they want for as long as it takes to put one below the other and to give up columns, or
    /// the window would become wider instead; then nothing may be cut off.
    pub fn policy(&self) -> gtk::PolicyType {
        let has_settled = self.is_narrow() && !self.is_short;
        if has_settled { gtk::PolicyType::Never } else { gtk::PolicyType::External }
    }

    /// How the two are put together.
    pub fn orientation(&self) -> gtk::Orientation {
        if self.is_narrow() { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal }
    }
}

/// Tells of `scroller`'s room whenever that changes. A scroller knows what its content wants, and makes do with less.
pub fn watch(scroller: &gtk::ScrolledWindow, input: &relm4::Sender<Input>) {
    let input = input.clone();
    scroller.hadjustment().connect_changed(move |room| {
        let (width, wanted) = (room.page_size(), room.upper());
        if width > 0.0 {
            let _closed = input.send(Input::Room { width, wanted });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_off_once_it_has_settled() {
        let mut room = Room::default();
        let mut policy = |width, wanted| {
            room.set(width, wanted);
            room.policy()
        };
        assert_eq!(policy(360.0, 570.0), gtk::PolicyType::External);
        // One below the other, and still with all columns.
        assert_eq!(policy(360.0, 500.0), gtk::PolicyType::External);
        assert_eq!(policy(360.0, 360.0), gtk::PolicyType::Never);
        assert_eq!(policy(600.0, 570.0), gtk::PolicyType::External);
    }

    #[test]
    fn it_lies_where_both_do_not_fit_and_stands_again_where_they_would() {
        let mut room = Room::default();
        let mut is_narrow = |width, wanted| {
            room.set(width, wanted);
            room.is_narrow()
        };
        assert!(!is_narrow(800.0, 800.0));
        assert!(is_narrow(500.0, 540.0));
        // Below one another they want less, which is no reason to stand.
        assert!(is_narrow(500.0, 500.0));
        assert!(is_narrow(360.0, 360.0));
        assert!(!is_narrow(540.0, 540.0));
        // Larger letters: it turns out to be too little after all.
        assert!(is_narrow(540.0, 600.0));
        assert!(is_narrow(599.0, 599.0));
        assert!(!is_narrow(600.0, 600.0));
    }
}
