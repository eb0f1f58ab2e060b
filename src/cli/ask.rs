//! A question to whoever sits at the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::output::Output;
use crate::i18n::gettext;

/// What a mere Enter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enter {
    Yes,
    No,
}

/// Asks `question`; `None` if nobody can be asked. What can't be read counts as no.
pub fn ask(question: &str, enter: Enter, output: Output) -> Option<bool> {
    let (mut input, mut prompt) = (std::io::stdin().lock(), std::io::stderr().lock());
    if output.json || !input.is_terminal() || !prompt.is_terminal() {
        return None;
    }
    let _ = write!(prompt, "{question}");
    let _ = prompt.flush();
    let mut answer = String::new();
    if input.read_line(&mut answer).is_err() || answer.is_empty() {
        return Some(false);
    }
    let answer = answer.trim().to_lowercase();
    if answer.is_empty() {
        return Some(enter == Enter::Yes);
    }
    // Translators: the letter for yes that questions offer, in lower case.
    Some(["y".to_owned(), "yes".to_owned(), gettext("y")].contains(&answer))
}
