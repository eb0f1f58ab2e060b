//! The choice of what happens where something else is in the way.

use crate::engine::restore::OnConflict;
use crate::i18n::gettext;

/// What can be chosen, in the list's order; the last one only where `can_be_exact`.
pub fn choices(can_be_exact: bool) -> Vec<OnConflict> {
    let mut choices = vec![OnConflict::KeepBoth, OnConflict::Replace, OnConflict::Skip];
    if can_be_exact {
        choices.push(OnConflict::Exact);
    }
    choices
}

/// A choice in words.
pub fn words(choice: OnConflict) -> String {
    match choice {
        OnConflict::KeepBoth => gettext("Keep both"),
        OnConflict::Replace => gettext("Replace what is there"),
        OnConflict::Skip => gettext("Leave what is there"),
        OnConflict::Exact => gettext("Make it exactly as it was"),
    }
}
