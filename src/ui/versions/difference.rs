//! What changed from one version to the next, line by line: each with its sign, never by colour alone.

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::app::diff::Diff;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::plain;

/// No more lines are laid out.
const LINES_MAX: usize = 5_000;
/// Nor longer ones, in characters.
const LINE_CHARS_MAX: usize = 2_000;

/// The lines, in a buffer of their own, and how they look.
#[derive(Debug)]
pub struct Difference {
    /// What a text view shows.
    pub buffer: gtk::TextBuffer,
}

impl Difference {
    /// An empty one.
    pub fn new() -> Self {
        let buffer = gtk::TextBuffer::new(None);
        for (name, colour, ground) in [
            ("added", "#26a269", "rgba(46,194,126,0.16)"),
            ("removed", "#e66100", "rgba(230,97,0,0.14)"),
            ("place", "#9a9996", "rgba(0,0,0,0)"),
        ] {
            // The sign alone has the colour; the line keeps the text's own.
            let _sign =
                buffer.create_tag(Some(&format!("{name}-sign")), &[("foreground", &colour)]);
            let _line = buffer.create_tag(Some(name), &[("paragraph-background", &ground)]);
        }
        Self { buffer }
    }

    /// Shows the lines of `diff`; or gives the words if there are none to show.
    pub fn fill(&self, diff: &Diff) -> Option<String> {
        self.buffer.set_text("");
        let lines = match diff {
            Diff::Text(lines) if lines.is_empty() => {
                return Some(gettext("The content is the same."));
            }
            Diff::Text(lines) => lines,
            Diff::Binary => return Some(gettext("Only text can be compared here.")),
            Diff::TooLong => return Some(gettext("The file is too long to be compared here.")),
            Diff::Unreadable(error) => {
                let reason = plain::sentence(error);
                return Some(gettext_f("It can’t be compared: {reason}", &[("reason", &reason)]));
            }
        };
        for line in lines.iter().take(LINES_MAX) {
            self.add(line);
        }
        if lines.len() > LINES_MAX {
            self.add(&gettext("… and more"));
        }
        None
    }

    fn add(&self, line: &str) {
        let shown: String = line.chars().take(LINE_CHARS_MAX).collect();
        let tag = tag(&shown);
        let start = self.buffer.end_iter().offset();
        self.buffer.insert(&mut self.buffer.end_iter(), &format!("{shown}\n"));
        if let Some(tag) = tag {
            let from = self.buffer.iter_at_offset(start);
            self.buffer.apply_tag_by_name(tag, &from, &self.buffer.end_iter());
            let length = if tag == "place" { shown.chars().count() } else { 1 };
            let end = start.saturating_add(i32::try_from(length).unwrap_or(i32::MAX));
            let signed = self.buffer.iter_at_offset(end);
            self.buffer.apply_tag_by_name(&format!("{tag}-sign"), &from, &signed);
        }
    }
}

/// How a line looks, by its sign.
fn tag(line: &str) -> Option<&'static str> {
    match line.chars().next()? {
        '+' => Some("added"),
        '-' => Some("removed"),
        '@' => Some("place"),
        _ => None,
    }
}
