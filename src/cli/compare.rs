//! `yore compare`: tell what is different between two snapshots.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::diff::{self, sides};
use super::ls::{find, snapshot_named};
use super::output::{Output, counts_json, entry_json, snapshot_json, snapshot_path_json};
use super::past::open_history;
use crate::app::changes::{code, counts, legend, sign};
use crate::app::diff::{Diff, diff};
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text::quoted;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Change, Entry, History, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::gettext_f;

/// How many changes are asked for at a time.
const PAGE: usize = 500;

/// How many a document holds if nothing else is said.
const DOCUMENT_LIMIT: u64 = 10_000;

/// What is compared, and how it is told.
struct Comparison<'a> {
    history: &'a History,
    earlier: SnapshotInfo,
    later: SnapshotInfo,
    under: RelPath,
    with_content: bool,
    output: Output,
}

/// What was told.
#[derive(Default)]
struct Told {
    changes: Vec<Value>,
    /// After which path the rest begins, if there is any.
    next: Option<RelPath>,
    /// A content could not be read.
    is_partial: bool,
}

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let named = |name| {
        let text = matches.get_one::<String>(name).map(String::as_str);
        snapshot_named(text, &history, output)
    };
    let (mut earlier, mut later) = (named("a")?, named("b")?);
    if earlier.seq > later.seq {
        std::mem::swap(&mut earlier, &mut later);
    }
    let is_known = |path: &RelPath| {
        Ok(history.entry(path, earlier.seq)?.is_some() || history.entry(path, later.seq)?.is_some())
    };
    let under = match matches.get_one::<PathBuf>("path") {
        Some(given) => find(given, is_known)?,
        None => RelPath::root(),
    };
    if !is_known(&under)? {
        let (earlier, later, last) = (earlier.name, later.name, history.last_with(&under)?);
        return Err(EngineError::NotInEither { path: under, earlier, later, last }.into());
    }
    let after = matches.get_one::<PathBuf>("after");
    let after = after.map(|given| find(given, is_known)).transpose()?;
    let limit = matches.get_one::<u64>("limit").copied();
    let with_content = matches.get_flag("content");
    let comparison = Comparison { history: &history, earlier, later, under, with_content, output };
    comparison.tell(after, limit)
}

impl Comparison<'_> {
    fn tell(&self, after: Option<RelPath>, limit: Option<u64>) -> Result<Ending> {
        let (output, earlier, later) = (self.output, &self.earlier, &self.later);
        let names = [("earlier", earlier.name.as_str()), ("later", later.name.as_str())];
        output.line(gettext_f("From {earlier} to {later}:", &names));
        output.line(legend());
        let limit = limit.or(output.json.then_some(DOCUMENT_LIMIT)).unwrap_or(u64::MAX);
        let told = self.tell_changes(after, limit)?;
        let totals = self.history.change_totals(earlier.seq, later.seq, &self.under)?;
        if let Some(next) = &told.next {
            let path = quoted(&next.to_absolute());
            output.line(gettext_f("More follows: --after {path}", &[("path", &path)]));
        }
        output.line(gettext_f("In all: {changes}.", &[("changes", &counts(&totals))]));
        output.document(&json!({
            "earlier": snapshot_json(earlier),
            "later": snapshot_json(later),
            "path": snapshot_path_json(&self.under),
            "changes": told.changes,
            "next": told.next.as_ref().map(snapshot_path_json),
            "totals": counts_json(&totals),
        }));
        Ok(if told.is_partial { Ending::Partial } else { Ending::Done })
    }

    /// Tells page by page, so that memory doesn't grow with what is printed.
    fn tell_changes(&self, mut after: Option<RelPath>, limit: u64) -> Result<Told> {
        let (mut told, mut left) = (Told::default(), usize::try_from(limit).unwrap_or(usize::MAX));
        loop {
            let (a, b) = (self.earlier.seq, self.later.seq);
            let page = self.history.changes(a, b, &self.under, after.as_ref(), left.min(PAGE))?;
            left = left.saturating_sub(page.changes.len());
            for change in &page.changes {
                self.tell_one(change, &mut told)?;
            }
            match page.next {
                Some(next) if left > 0 => after = Some(next),
                next => {
                    told.next = next;
                    return Ok(told);
                }
            }
        }
    }

    fn tell_one(&self, change: &Change, told: &mut Told) -> Result<()> {
        let entry = change.after.as_ref().or(change.before.as_ref());
        let is_folder = entry.is_some_and(|entry| entry.kind == Kind::Directory);
        let end = if is_folder { "/" } else { "" };
        self.output.line(format!("{} {}{end}", sign(change.difference), change.path));
        let both = sides(change).filter(|_| self.with_content);
        let at = |snapshot: &SnapshotInfo| (&change.path, snapshot.seq);
        let content = both.map(|_| diff(self.history, at(&self.earlier), at(&self.later)));
        if let (Some(both), Some(content)) = (both, &content) {
            diff::lines(content, both)
                .iter()
                .for_each(|line| self.output.line(format!("    {line}")));
            told.is_partial |= matches!(content, Diff::Unreadable(_));
        }
        if self.output.json {
            let side = |entry: &Option<Entry>| entry.as_ref().map(entry_json);
            told.changes.push(json!({
                "path": snapshot_path_json(&change.path),
                "difference": code(change.difference),
                "before": side(&change.before),
                "after": side(&change.after),
                "content": content.as_ref().map(diff::json),
            }));
        }
        Ok(())
    }
}
