//! Gitignore-style patterns on the bytes of absolute paths, the last that matches winning.

use std::collections::HashMap;

use globset::{Candidate, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use super::braces::has_slash_in_braces;
use super::class::without_slashes;
use crate::engine::path::{RelPath, is_name};

/// Why a rule can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// There is nothing in it.
    #[error("an empty pattern matches nothing")]
    Empty,
    /// The pattern's own grammar is broken.
    #[error("{pattern:?} is not a pattern: {reason}")]
    Grammar {
        /// As it was typed.
        pattern: String,
        /// What is wrong, in English.
        reason: String,
    },
    /// It begins with `~`, which only a shell understands.
    #[error("{0:?} begins with ~; write the whole path")]
    Home(String),
    /// It has a `.`, a `..` or nothing between two slashes, so that it can't match any path.
    #[error("{0:?} can't match any path: leave out “.”, “..” and doubled slashes")]
    NoPath(String),
    /// An alternative in braces begins with a slash where a name has to begin, which anchors nothing.
    #[error(
        "{0:?} has a slash directly after {{ or , where it can't match: write it before the braces, as in /{{a,b}}"
    )]
    SlashInBraces(String),
    /// What is to be included is no absolute path.
    #[error("{0:?} is not an absolute path")]
    NotAbsolute(String),
}

/// One pattern, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What the matcher takes, for paths without the slash at the front.
    glob: String,
    /// It takes back what an earlier one left out.
    negated: bool,
    only_folders: bool,
    /// What an anchored pattern names before its first wildcard, and whether that is all of it; `None` for one
    /// that holds anywhere.
    fixed: Option<(RelPath, bool)>,
}

/// What the patterns say of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matched {
    /// None matches.
    Nothing,
    /// The pattern of this number leaves it out.
    Out(usize),
    /// A pattern with `!` keeps it.
    Back,
    /// It depends on whether the path is a folder.
    Unsure,
}

/// Patterns made ready, numbered in their order.
///
/// Most end in a plain name, such as `node_modules`: those are looked at only for entries of that name, which makes
/// asking cost little for all others.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    by_name: HashMap<Vec<u8>, Vec<(usize, GlobMatcher)>>,
    /// Those that end in a wildcard, and their numbers.
    others: GlobSet,
    other_numbers: Vec<usize>,
    /// Whether each is negated, and for folders only.
    kinds: Vec<(bool, bool)>,
}

impl Pattern {
    /// Reads a pattern as a person typed it.
    pub fn parse(typed: &str) -> Result<Self, BadRule> {
        let (negated, text) = match typed.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, typed),
        };
        if text.starts_with("~/") || text == "~" {
            return Err(BadRule::Home(typed.to_owned()));
        }
        let (anchored, text) = match text.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (only_folders, text) = match text.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.is_empty() {
            return Err(BadRule::Empty);
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(BadRule::NoPath(typed.to_owned()));
        }
        let grammar = |reason| BadRule::Grammar { pattern: typed.to_owned(), reason };
        let text = without_slashes(text).map_err(grammar)?;
        if has_slash_in_braces(&text) {
            return Err(BadRule::SlashInBraces(typed.to_owned()));
        }
        let mut glob =
            if anchored || text.starts_with("**/") { text.clone() } else { format!("**/{text}") };
        // What ends with `/**` means all in the folder, not the folder itself.
        if glob.ends_with("/**") {
            glob.push_str("/*");
        }
        let no_path = || BadRule::NoPath(typed.to_owned());
        let fixed = match anchored {
            true => Some(fixed_part(&text).ok_or_else(no_path)?),
            false => None,
        };
        let pattern = Self { glob, negated, only_folders, fixed };
        pattern.compile().map_err(|error| grammar(error.kind().to_string()))?;
        Ok(pattern)
    }

    /// Whether the pattern belongs to a place strictly below `path`.
    pub fn is_below(&self, path: &RelPath) -> bool {
        self.fixed
            .as_ref()
            .is_some_and(|(fixed, is_all)| fixed.is_within(path) && (fixed != path || !is_all))
    }

    fn compile(&self) -> Result<globset::Glob, globset::Error> {
        GlobBuilder::new(&self.glob).literal_separator(true).backslash_escape(true).build()
    }
}

/// The components of an anchored pattern before the first with a wildcard, and whether those are all; `None` if one
/// of them is no name.
fn fixed_part(text: &str) -> Option<(RelPath, bool)> {
    let mut fixed = RelPath::root();
    for part in text.split('/') {
        match literal(part) {
            Some(name) if is_name(&name) => fixed = fixed.join(&name),
            Some(_) => return None,
            None => return Some((fixed, false)),
        }
    }
    Some((fixed, true))
}

/// The only name that a component matches; `None` if it has a wildcard.
fn literal(part: &str) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => name.extend(bytes.next()),
            b'*' | b'?' | b'[' | b'{' => return None,
            byte => name.push(byte),
        }
    }
    Some(name)
}

impl Patterns {
    pub fn compile<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Result<Self, BadRule> {
        let mut compiled = Self::default();
        let mut others = GlobSetBuilder::new();
        let failed = |error: globset::Error| BadRule::Grammar {
            pattern: error.glob().unwrap_or_default().to_owned(),
            reason: error.kind().to_string(),
        };
        for (number, pattern) in patterns.enumerate() {
            let glob = pattern.compile().map_err(failed)?;
            // Alternatives and classes may hold slashes, so that what looks like the last name is none.
            let is_plain = !pattern.glob.contains(['{', '[']);
            let last = pattern.glob.rsplit('/').next().filter(|_| is_plain);
            match last.and_then(literal) {
                Some(name) => {
                    let same = compiled.by_name.entry(name).or_default();
                    same.push((number, glob.compile_matcher()));
                }
                None => {
                    others.add(glob);
                    compiled.other_numbers.push(number);
                }
            }
            compiled.kinds.push((pattern.negated, pattern.only_folders));
        }
        compiled.others = others.build().map_err(failed)?;
        Ok(compiled)
    }

    /// What the last pattern that matches says; allocates only if one does.
    pub fn matched(&self, path: &RelPath, is_folder: Option<bool>) -> Matched {
        if self.kinds.is_empty() {
            return Matched::Nothing;
        }
        let candidate = Candidate::from_bytes(path.as_bytes());
        let mut numbers = Vec::new();
        self.others.matches_candidate_into(&candidate, &mut numbers);
        for number in &mut numbers {
            *number = self.other_numbers.get(*number).copied().unwrap_or_default();
        }
        let same_name = self.by_name.get(path.name().unwrap_or_default());
        let matching = same_name.into_iter().flatten();
        numbers.extend(
            matching
                .filter(|(_, glob)| glob.is_match_candidate(&candidate))
                .map(|(number, _)| *number),
        );
        numbers.sort_unstable();
        for number in numbers.into_iter().rev() {
            let Some((negated, only_folders)) = self.kinds.get(number) else { continue };
            match is_folder {
                None if *only_folders => return Matched::Unsure,
                Some(false) if *only_folders => {}
                _ => return if *negated { Matched::Back } else { Matched::Out(number) },
            }
        }
        Matched::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(patterns: &[&str], path: &[u8], is_folder: Option<bool>) -> Matched {
        let patterns: Vec<_> = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        let path = RelPath::parse(path).unwrap();
        Patterns::compile(patterns.iter()).unwrap().matched(&path, is_folder)
    }

    #[test]
    fn patterns_match_as_in_git() {
        let table: &[(&str, &[u8], bool)] = &[
            ("*.tmp", b"home/ann/a.tmp", true),
            ("*.tmp", b"home/ann/a.tmp.txt", false),
            ("*.tmp", b"home/ann/\xff\n.tmp", true),
            ("a?c", b"x/a\xffc", true),
            ("[ab]c", b"x/bc", true),
            ("[!ab]c", b"x/bc", false),
            ("file[!~]*", b"x/file_report", true),
            ("file[!~]*", b"x/file/report", false),
            ("a[^a]b", b"a/b", false),
            ("a[!-0]b", b"a/b", false),
            ("a[!-0]b", b"a-b", false),
            ("a[!-0]b", b"acb", true),
            ("a[+-9]b", b"a/b", false),
            ("a[+-9]b", b"a.b", true),
            ("a[+-9]b", b"a-b", true),
            ("a[+-9]b", b"a5b", true),
            ("a[/x]b", b"a/b", false),
            ("a[]]b", b"a]b", true),
            ("a[!]]b", b"a/b", false),
            ("a[!]]b", b"a]b", false),
            ("a\\[!~]b", b"a[!~]b", true),
            ("a[\\]!]b", b"a]b", true),
            ("a[\\^]b", b"a^b", true),
            ("a[[:punct:]]b", b"a.b", true),
            ("a[[:punct:]]b", b"a/b", false),
            ("a[!é]b", b"a/b", false),
            ("{a,b}[!x]c", b"a/c", false),
            ("a{/b,[!x]c}", b"a/b", true),
            ("a{/b,[!x]c}", b"a/c", false),
            ("/{a/b,x}", b"a/b", true),
            ("{one,two}", b"x/two", true),
            ("{one/a,two/b}", b"x/two/b", true),
            ("{one/a,two/b}", b"x/one/b", false),
            ("/home/ann/big", b"home/ann/big", true),
            ("/home/ann/big", b"x/home/ann/big", false),
            ("/home/ann/big", b"home/ann/big/inside", false),
            ("/home/*/big", b"home/ann/big", true),
            ("/home/*/big", b"home/ann/x/big", false),
            ("/home/**/big", b"home/ann/x/big", true),
            ("/home/ann/**", b"home/ann", false),
            ("/home/ann/**", b"home/ann/x/y", true),
            ("some/where", b"home/some/where", true),
            ("some/where", b"some/where", true),
            ("**/some/where", b"home/some/where", true),
            ("some/*", b"some/a/b", false),
            ("Case", b"x/case", false),
            ("#hash", b"x/#hash", true),
            ("\\!bang", b"x/!bang", true),
            ("\\*", b"x/*", true),
            ("\\*", b"x/y", false),
            ("trailing ", b"x/trailing ", true),
            (".*", b"x/.hidden", true),
            ("*", b"x/.hidden", true),
        ];
        for (pattern, path, wanted) in table {
            let found = matched(&[pattern], path, Some(true)) == Matched::Out(0);
            assert_eq!(found, *wanted, "{pattern} on {}", path.escape_ascii());
        }
    }

    #[test]
    fn the_last_pattern_wins_and_folders_are_told_from_files() {
        let patterns = ["*.log", "!keep.log", "/x/keep.log", "dir/", "!dir"];
        for (path, is_folder, wanted) in [
            ("a/b.log", None, Matched::Out(0)),
            ("a/keep.log", None, Matched::Back),
            ("x/keep.log", None, Matched::Out(2)),
            ("a/other", None, Matched::Nothing),
        ] {
            assert_eq!(matched(&patterns, path.as_bytes(), is_folder), wanted, "{path}");
        }
        for (is_folder, wanted) in [
            (None, Matched::Unsure),
            (Some(true), Matched::Out(0)),
            (Some(false), Matched::Nothing),
        ] {
            assert_eq!(matched(&["dir/"], b"a/dir", is_folder), wanted);
        }
    }

    #[test]
    fn what_can_match_nothing_is_refused() {
        for (text, wanted) in [
            ("", BadRule::Empty),
            ("!", BadRule::Empty),
            ("/", BadRule::Empty),
            ("~/big", BadRule::Home("~/big".into())),
            ("./big", BadRule::NoPath("./big".into())),
            ("/a//b", BadRule::NoPath("/a//b".into())),
            ("a/../b", BadRule::NoPath("a/../b".into())),
            ("/a/\\./b", BadRule::NoPath("/a/\\./b".into())),
        ] {
            assert_eq!(Pattern::parse(text), Err(wanted), "{text}");
        }
        let slash = "{/a/b,/x}";
        assert_eq!(Pattern::parse(slash), Err(BadRule::SlashInBraces(slash.into())));
        for text in ["a[", "{a", "a\\", "[z-a]", "a[/]", "[[:word:]]"] {
            assert!(matches!(Pattern::parse(text), Err(BadRule::Grammar { .. })), "{text}");
        }
    }

    #[test]
    fn anchored_patterns_know_where_they_belong() {
        let inside = |pattern: &str, path: &str| {
            Pattern::parse(pattern).unwrap().is_below(&RelPath::parse(path.as_bytes()).unwrap())
        };
        for (pattern, wanted) in [
            ("/a/b/c", true),
            ("/a/b/*.o", true),
            ("/a/b/\\[c\\]/d", true),
            ("/a/\\b", false),
            ("/a/b/**", true),
            ("/a/b/", false),
            ("/a/b", false),
            ("/a/*/c", false),
            ("/a/bb/c", false),
            ("*.o", false),
            ("a/b/c", false),
        ] {
            assert_eq!(inside(pattern, "a/b"), wanted, "{pattern}");
        }
    }
}
