//! Errors in plain words, as a status page or a line shows them.

use crate::app::error::Error;
use crate::app::explain::explain;

/// What happened and what to do, in one text.
pub fn sentence(error: &Error) -> String {
    let words = explain(error);
    match words.advice {
        Some(advice) => format!("{}\n{advice}", words.what),
        None => words.what,
    }
}
