//! What of the sources is backed up and what is left out: pure, and able to say why.
//!
//! Rules speak of absolute paths, as bytes. A source's own folder is never left out; below it every entry is asked
//! for in turn, and what is left out is not entered, so that a rule can't let anything below it back in, but for
//! an include. Of one entry decide, the first that has something to say:
//!
//! 1. The fixed rules: `.yore-restore-…`, where a restore works, is out, and so is the program's own folder.
//! 2. An **include** names a path: that entry is in, with all below it. Folders on the way to it are kept even if
//!    they are left out, but nothing else of what is in them. Below an include hold only rules that belong to
//!    a place inside it: a longer excluded path, a pattern that begins with `/` and whose folders before the
//!    first wildcard lie inside, and marks of folders strictly below. The longest path wins.
//! 3. A **mark** in the entry's folder: with `CACHEDIR.TAG` (of the standard signature) or a file `.nobackup` all in
//!    the folder is out but the mark itself.
//! 4. An **excluded path** is out.
//! 5. The last **pattern** that matches, those of presets before the person's own. A pattern is gitignore's:
//!    `*` and `?` stay within a name, `**` crosses folders, `[a-z]` is one of several bytes, never a slash, `\`
//!    takes the meaning away from what follows, `/` at the end means folders only, and `!` at the beginning keeps what an earlier
//!    pattern or the size would leave out. Unlike there, each is a string of its own (no comments, blanks count),
//!    `{a,b}` means either, and only a `/` at the beginning ties a pattern to a place, the root of the file system:
//!    `a/b` matches at any depth.
//! 6. Presets' **build output** that is told by what lies beside it, such as `target` beside `Cargo.toml`.
//! 7. The **size**: a file larger than the largest is out.
//!
//! Anything else is in.

mod braces;
mod class;
mod decision;
mod marks;
mod pattern;
mod preset;
mod set;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::meta::{Kind, Metadata};
use super::path::RelPath;
use pattern::{Matched, Pattern, Patterns};

pub use decision::{Decision, Explanation, Why};
pub use marks::{CACHE_TAG, FolderMarks, NO_BACKUP};
pub use pattern::BadRule;
pub use preset::Preset;
pub use set::{Exclusion, RuleSet};

/// Names of folders that a restore is working in, or that hold what it replaced: never backed up.
const RESTORE_PREFIX: &[u8] = b".yore-restore-";

/// Rules made ready to be asked. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    compiled: Arc<Compiled>,
    /// Where the program keeps its own notes.
    own: Option<Arc<RelPath>>,
}

#[derive(Debug, Default)]
struct Compiled {
    set: RuleSet,
    paths: Vec<RelPath>,
    patterns: Patterns,
    /// Who says each of the patterns.
    origins: Vec<Why>,
    includes: Vec<Include>,
    /// More than the fixed rules is in force.
    is_active: bool,
    build_output: bool,
}

/// An included path, and which patterns hold below it.
#[derive(Debug)]
struct Include {
    path: RelPath,
    patterns: Patterns,
    origins: Vec<Why>,
}

/// What an entry is, as far as it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Its kind.
    pub kind: Kind,
    /// A file's size.
    pub size_bytes: u64,
}

impl From<&Metadata> for Facts {
    fn from(meta: &Metadata) -> Self {
        Self { kind: meta.kind, size_bytes: meta.size_bytes }
    }
}

impl Rules {
    /// Makes rules ready. `downloads` is the person's folder for downloads, if it is known.
    ///
    /// # Errors
    /// The first rule that can't be understood.
    pub fn compile(set: RuleSet, downloads: Option<&RelPath>) -> Result<Self, BadRule> {
        let (mut patterns, mut paths) = (Vec::new(), Vec::new());
        for preset in &set.presets {
            for text in preset.patterns() {
                patterns.push((Pattern::parse(text)?, Why::Preset(*preset)));
            }
            let text = downloads.and_then(|path| std::str::from_utf8(path.as_bytes()).ok());
            if let (Preset::Downloads, Some(text)) = (preset, text) {
                let text = format!("/{}/", globset::escape(text));
                patterns.push((Pattern::parse(&text)?, Why::Preset(*preset)));
            }
        }
        for exclusion in &set.exclude {
            match exclusion {
                Exclusion::Pattern(text) => {
                    patterns.push((Pattern::parse(text)?, Why::Pattern(text.clone())));
                }
                Exclusion::Path(path) => paths.push(path.clone()),
            }
        }
        let includes = set
            .include
            .iter()
            .map(|path| {
                let inside = || patterns.iter().filter(|(pattern, _)| pattern.is_below(path));
                Ok(Include {
                    path: path.clone(),
                    patterns: Patterns::compile(inside().map(|(pattern, _)| pattern))?,
                    origins: inside().map(|(_, why)| why.clone()).collect(),
                })
            })
            .collect::<Result<Vec<_>, BadRule>>()?;
        let compiled = Compiled {
            is_active: set != RuleSet::default(),
            build_output: set.presets.contains(&Preset::BuildOutput),
            patterns: Patterns::compile(patterns.iter().map(|(pattern, _)| pattern))?,
            origins: patterns.into_iter().map(|(_, why)| why).collect(),
            paths,
            includes,
            set,
        };
        Ok(Self { compiled: Arc::new(compiled), own: None })
    }

    /// The same rules, and the folder `own` is left out: the program keeps notes of each run there, so that nothing
    /// would ever be unchanged.
    pub fn without(self, own: RelPath) -> Self {
        Self { own: Some(Arc::new(own)), ..self }
    }

    /// Whether entries of that name are left out whatever the rules say.
    pub fn is_never_kept(name: &[u8]) -> bool {
        name.starts_with(RESTORE_PREFIX)
    }

    /// What the rules were made from.
    pub fn set(&self) -> &RuleSet {
        &self.compiled.set
    }

    /// Whether nothing but the rule for names is in force.
    pub fn is_empty(&self) -> bool {
        !self.compiled.is_active && self.own.is_none()
    }

    /// Whether an include names something strictly below `path`.
    pub fn leads_to_include(&self, path: &RelPath) -> bool {
        self.compiled
            .includes
            .iter()
            .any(|include| include.path.is_within(path) && include.path != *path)
    }

    /// What becomes of the entry at `path`, whose folder has `marks`.
    pub fn decide(
        &self,
        path: &RelPath,
        kind: Kind,
        size_bytes: u64,
        marks: &FolderMarks,
    ) -> Decision {
        // With all facts there is always an answer.
        self.decide_early(path, Some(Facts { kind, size_bytes }), marks).unwrap_or(Decision::In)
    }

    /// As [`Rules::decide`]; `None` if that needs facts and there are none. Allocates only for what is left out.
    pub fn decide_early(
        &self,
        path: &RelPath,
        facts: Option<Facts>,
        marks: &FolderMarks,
    ) -> Option<Decision> {
        let name = path.name().unwrap_or_default();
        if Self::is_never_kept(name) {
            return Some(Decision::Out(Why::RestoreFolder));
        }
        if self.own.as_ref().is_some_and(|own| **own == *path) {
            return Some(Decision::Out(Why::OwnFolder));
        }
        if self.is_empty() {
            return Some(Decision::In);
        }
        let why = match self.include_over(path) {
            Some(include) => self.why_below(include, path, name, facts, marks),
            None => self.why_anywhere(path, name, facts, marks),
        };
        match why {
            Asked::In => Some(Decision::In),
            Asked::Unsure => None,
            Asked::Out(why) if !self.leads_to_include(path) => Some(Decision::Out(why)),
            // Only a folder can be on the way.
            Asked::Out(why) => facts.map(|facts| match facts.kind {
                Kind::Directory => Decision::OnTheWay(why),
                _ => Decision::Out(why),
            }),
        }
    }

    /// What becomes of `path` in the source `source`, asking for each entry from there down. `look` tells what an
    /// entry is and which marks are in the folder above it; what it doesn't know counts as a folder without any.
    pub fn explain(
        &self,
        source: &RelPath,
        path: &RelPath,
        mut look: impl FnMut(&RelPath) -> (Option<Facts>, FolderMarks),
    ) -> Explanation {
        let mut at = source.clone();
        let mut decision = Decision::In;
        for name in path.components().skip(source.components().count()) {
            at.push(name);
            let (facts, mut marks) = look(&at);
            if let Decision::OnTheWay(why) = decision {
                marks.left_out = Some(why);
            }
            let facts = facts.unwrap_or(Facts { kind: Kind::Directory, size_bytes: 0 });
            decision = self.decide(&at, facts.kind, facts.size_bytes, &marks);
            if let Decision::Out(_) = decision {
                break;
            }
        }
        Explanation { decision, at }
    }

    /// The longest include that is `path` or above it.
    fn include_over(&self, path: &RelPath) -> Option<&Include> {
        let over = self.compiled.includes.iter().filter(|include| path.is_within(&include.path));
        over.max_by_key(|include| include.path.as_bytes().len())
    }

    /// What holds at or below an include.
    fn why_below(
        &self,
        include: &Include,
        path: &RelPath,
        name: &[u8],
        facts: Option<Facts>,
        marks: &FolderMarks,
    ) -> Asked {
        if include.path == *path {
            return Asked::In;
        }
        if let Some(why) = &marks.left_out {
            return Asked::Out(why.clone());
        }
        let is_in_the_top = path.as_bytes().len() == include.path.as_bytes().len() + 1 + name.len();
        if !is_in_the_top && let Some(why) = self.why_marked(path, name, marks) {
            return Asked::Out(why);
        }
        if self.compiled.paths.contains(path) {
            return Asked::Out(Why::Path(path.clone()));
        }
        ask(&include.patterns, &include.origins, path, facts).unwrap_or(Asked::In)
    }

    /// What holds outside every include.
    fn why_anywhere(
        &self,
        path: &RelPath,
        name: &[u8],
        facts: Option<Facts>,
        marks: &FolderMarks,
    ) -> Asked {
        if let Some(why) = &marks.left_out {
            return Asked::Out(why.clone());
        }
        if let Some(why) = self.why_marked(path, name, marks) {
            return Asked::Out(why);
        }
        if self.compiled.paths.contains(path) {
            return Asked::Out(Why::Path(path.clone()));
        }
        if let Some(asked) = ask(&self.compiled.patterns, &self.compiled.origins, path, facts) {
            return asked;
        }
        if self.compiled.build_output && marks.is_build_output(name) {
            match facts {
                None => return Asked::Unsure,
                Some(facts) if facts.kind == Kind::Directory => {
                    return Asked::Out(Why::Preset(Preset::BuildOutput));
                }
                Some(_) => {}
            }
        }
        match (self.compiled.set.largest_file_bytes, facts) {
            (Some(_), None) => Asked::Unsure,
            (Some(limit), Some(facts)) if facts.kind == Kind::File && facts.size_bytes > limit => {
                Asked::Out(Why::LargerThan(limit))
            }
            _ => Asked::In,
        }
    }

    fn why_marked(&self, path: &RelPath, name: &[u8], marks: &FolderMarks) -> Option<Why> {
        if name == CACHE_TAG || name == NO_BACKUP {
            return None;
        }
        let folder = || path.parent().unwrap_or_default();
        if self.compiled.set.nobackup && marks.nobackup {
            return Some(Why::NoBackup(folder()));
        }
        (self.compiled.set.cachedir_tag && marks.cachedir_tag).then(|| Why::CacheTag(folder()))
    }
}

/// What one step says of an entry.
enum Asked {
    In,
    Out(Why),
    /// It depends on facts that aren't known.
    Unsure,
}

/// What patterns say; `None` if none matches.
fn ask(
    patterns: &Patterns,
    origins: &[Why],
    path: &RelPath,
    facts: Option<Facts>,
) -> Option<Asked> {
    match patterns.matched(path, facts.map(|facts| facts.kind == Kind::Directory)) {
        Matched::Nothing => None,
        Matched::Back => Some(Asked::In),
        Matched::Unsure => Some(Asked::Unsure),
        Matched::Out(number) => origins.get(number).cloned().map(Asked::Out),
    }
}
