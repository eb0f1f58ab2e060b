//! What the space bar does over a preview: a tap closes it, holding it shows now for as long as it is held.

/// The bar's state. A key that is held is pressed again and again, and released once.
#[derive(Debug, Default)]
pub struct Hold {
    is_down: bool,
    is_repeated: bool,
    /// It was pressed outside: the press that opened the preview.
    is_from_outside: bool,
}

/// What follows from a press or a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Show now.
    Now,
    /// Show then again.
    Then,
    /// Close.
    Close,
}

impl Hold {
    /// The preview was opened, by the space bar or by something else.
    pub fn opened(&mut self, by_bar: bool) {
        *self = Self { is_down: by_bar, is_repeated: false, is_from_outside: by_bar };
    }

    /// The bar went down, or is down still.
    pub fn press(&mut self) -> Effect {
        let is_again = std::mem::replace(&mut self.is_down, true);
        if !is_again || std::mem::replace(&mut self.is_repeated, true) {
            return Effect::None;
        }
        Effect::Now
    }

    /// The bar went up, or the keyboard went elsewhere.
    pub fn release(&mut self) -> Effect {
        let Self { is_down, is_repeated, is_from_outside } = std::mem::take(self);
        match (is_down, is_repeated, is_from_outside) {
            (true, true, _) => Effect::Then,
            (true, false, false) => Effect::Close,
            _ => Effect::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_opens_and_a_tap_closes() {
        let mut hold = Hold::default();
        hold.opened(true);
        assert_eq!(hold.release(), Effect::None);
        assert_eq!((hold.press(), hold.release()), (Effect::None, Effect::Close));
    }

    #[test]
    fn held_it_shows_now_until_it_is_let_go() {
        let mut hold = Hold::default();
        hold.opened(true);
        let presses = [hold.press(), hold.press(), hold.press()];
        assert_eq!(presses, [Effect::Now, Effect::None, Effect::None]);
        assert_eq!(hold.release(), Effect::Then);
        // The next time it is pressed inside.
        let presses = [hold.press(), hold.press()];
        assert_eq!(presses, [Effect::None, Effect::Now]);
        assert_eq!(hold.release(), Effect::Then);
    }

    #[test]
    fn opened_by_the_mouse_the_first_tap_closes() {
        let mut hold = Hold::default();
        hold.opened(false);
        assert_eq!(hold.release(), Effect::None);
        assert_eq!((hold.press(), hold.release()), (Effect::None, Effect::Close));
    }
}
