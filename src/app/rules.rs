//! Rules as the configuration holds them, and as a person gives them to the set-up.

use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::config::PathText;
use super::error::Result;
use super::live::live_path;
use super::places;
use super::size::{self, BadSize};
use crate::engine::path::{RelPath, display};
use crate::engine::retention::Policy;
use crate::engine::rules::{BadRule, Exclusion, Preset, RuleSet, Rules};

/// The table `[rules]`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct RulesSection {
    presets: Vec<Preset>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<Spanned<ExclusionText>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<Spanned<PathText>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_file: Option<Spanned<SizeText>>,
    cachedir_tag: bool,
    nobackup: bool,
}

/// A pattern as text, or a path in a table of its own, in which nothing has a special meaning.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "an exclusion is a pattern as text, or { path = \"/…\" }")]
enum ExclusionText {
    Pattern(String),
    Path { path: String },
    Bytes { encoded: String },
}

/// A size with its unit, or plain bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "a size is a text such as \"4 GB\", or a number of bytes")]
enum SizeText {
    Bytes(u64),
    Text(String),
}

/// What a set-up was told about rules. What isn't told stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleWishes {
    /// Instead of the presets that were in force.
    pub presets: Option<Vec<Preset>>,
    /// Instead of what was left out.
    pub exclude: Option<Vec<Exclusion>>,
    /// Instead of what was included.
    pub include: Option<Vec<PathBuf>>,
    /// What is kept by a new configuration, which the person is told; `None` deletes nothing by itself.
    pub retention: Option<Policy>,
}

/// Makes a person's rules ready; what Yore itself remembers is left out, too.
///
/// # Errors
/// The first rule that can't be understood.
pub fn compile(set: &RuleSet) -> Result<Rules> {
    let downloads = places::downloads().and_then(|path| RelPath::from_absolute(&path).ok());
    let own = places::state_dir();
    let own = live_path(&own.canonicalize().unwrap_or(own))?;
    Ok(Rules::compile(set.clone(), downloads.as_ref())?.without(own))
}

/// Folders that a restore leaves alone: what Yore itself remembers.
pub fn spared() -> Vec<PathBuf> {
    let own = places::state_dir();
    vec![own.canonicalize().unwrap_or(own)]
}

/// Folders that the rules in `set` leave out without a seal telling where they are.
pub fn left_out(set: &RuleSet) -> Vec<PathBuf> {
    places::downloads().filter(|_| set.presets.contains(&Preset::Downloads)).into_iter().collect()
}

/// An exclusion as the command line gives it: a pattern, or a path if it isn't UTF-8.
///
/// # Errors
/// Bytes that are neither.
pub fn exclusion(given: &OsStr) -> Result<Exclusion> {
    match given.to_str() {
        Some(text) => Ok(Exclusion::Pattern(text.to_owned())),
        None => Ok(Exclusion::Path(absolute(Path::new(given))?)),
    }
}

impl RuleWishes {
    /// The rules that these wishes make of the former ones.
    pub(super) fn apply(&self, mut rules: RuleSet) -> Result<RuleSet> {
        if let Some(presets) = &self.presets {
            rules.presets.clone_from(presets);
        }
        if let Some(exclude) = &self.exclude {
            rules.exclude.clone_from(exclude);
        }
        if let Some(include) = &self.include {
            rules.include = include.iter().map(|path| live_path(path)).collect::<Result<_>>()?;
        }
        compile(&rules)?;
        Ok(rules)
    }
}

fn absolute(path: &Path) -> Result<RelPath, BadRule> {
    RelPath::from_absolute(path)
        .map_err(|_| BadRule::NotAbsolute(display(path.as_os_str().as_bytes())))
}

impl RulesSection {
    /// The rules that the table means; else where it is wrong, as bytes of the file, and why, in English.
    pub fn read(self) -> Result<RuleSet, (Range<usize>, String)> {
        let wrong = |span: &Range<usize>| {
            let span = span.clone();
            move |bad: BadRule| (span, bad.to_string())
        };
        let mut rules = RuleSet {
            presets: self.presets,
            cachedir_tag: self.cachedir_tag,
            nobackup: self.nobackup,
            ..RuleSet::default()
        };
        for item in self.exclude {
            let span = item.span();
            let exclusion = item.into_inner().read().map_err(wrong(&span))?;
            // Each is tried alone, so that the one that is wrong is named.
            let alone = RuleSet { exclude: vec![exclusion.clone()], ..RuleSet::default() };
            Rules::compile(alone, None).map_err(wrong(&span))?;
            rules.exclude.push(exclusion);
        }
        for item in self.include {
            let span = item.span();
            let path = PathBuf::from(item.into_inner());
            rules.include.push(absolute(&path).map_err(wrong(&span))?);
        }
        if let Some(item) = self.largest_file {
            let span = item.span();
            rules.largest_file_bytes = Some(item.into_inner().read().map_err(|bad| (span, bad))?);
        }
        Ok(rules)
    }

    /// The table for rules; `None` if there are none.
    pub fn write(rules: &RuleSet) -> Option<Self> {
        if *rules == RuleSet::default() {
            return None;
        }
        let unspanned = || 0..0;
        Some(Self {
            presets: rules.presets.clone(),
            exclude: rules
                .exclude
                .iter()
                .map(|exclusion| Spanned::new(unspanned(), ExclusionText::write(exclusion)))
                .collect(),
            include: rules
                .include
                .iter()
                .map(|path| Spanned::new(unspanned(), path.to_absolute().as_path().into()))
                .collect(),
            largest_file: rules
                .largest_file_bytes
                .map(|bytes| Spanned::new(unspanned(), SizeText::Text(size::exact(bytes)))),
            cachedir_tag: rules.cachedir_tag,
            nobackup: rules.nobackup,
        })
    }
}

impl ExclusionText {
    fn read(self) -> Result<Exclusion, BadRule> {
        let path = match self {
            Self::Pattern(text) => return Ok(Exclusion::Pattern(text)),
            Self::Path { path } => PathText::Text(path),
            Self::Bytes { encoded } => PathText::Bytes { encoded },
        };
        Ok(Exclusion::Path(absolute(&PathBuf::from(path))?))
    }

    fn write(exclusion: &Exclusion) -> Self {
        match exclusion {
            Exclusion::Pattern(text) => Self::Pattern(text.clone()),
            Exclusion::Path(path) => match path.to_absolute().as_path().into() {
                PathText::Text(path) => Self::Path { path },
                PathText::Bytes { encoded } => Self::Bytes { encoded },
            },
        }
    }
}

impl SizeText {
    fn read(self) -> Result<u64, String> {
        let bytes = match &self {
            Self::Bytes(0) => Err(BadSize::Nothing),
            Self::Bytes(bytes) => Ok(*bytes),
            Self::Text(text) => size::parse(text),
        };
        bytes.map_err(|bad| bad.to_string())
    }
}
