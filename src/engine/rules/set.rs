//! What a person says about what is left out and kept, as plain data: the configuration holds it.

use super::Rules;
use super::preset::Preset;
use crate::engine::path::RelPath;

/// One thing that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exclusion {
    /// Whatever a gitignore-style pattern says, as it was typed.
    Pattern(String),
    /// Exactly this path, whatever its bytes, and all below it.
    Path(RelPath),
}

/// A person's rules. The default leaves nothing out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleSet {
    /// Ready-made lists that are in force.
    pub presets: Vec<Preset>,
    /// What is left out, in the order in which it was said.
    pub exclude: Vec<Exclusion>,
    /// What is kept with all below it, whatever leaves it out.
    pub include: Vec<RelPath>,
    /// The size of the largest file that is kept, in bytes.
    pub largest_file_bytes: Option<u64>,
    /// Leave out what is in folders that a `CACHEDIR.TAG` marks as caches.
    pub cachedir_tag: bool,
    /// Leave out what is in folders that hold a file `.nobackup`.
    pub nobackup: bool,
}

impl RuleSet {
    /// What is proposed for a person's home: caches, trash and marked folders out, the rest in.
    pub fn for_home() -> Self {
        Self {
            presets: vec![Preset::Caches, Preset::Trash],
            cachedir_tag: true,
            nobackup: true,
            ..Self::default()
        }
    }

    /// The rules as the seal keeps them, one a line (FORMAT.md, "Rules").
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.presets.iter().map(|preset| format!("preset {}", preset.name())).collect();
        lines.extend(self.exclude.iter().map(|exclusion| match exclusion {
            Exclusion::Pattern(text) => format!("exclude {text}"),
            Exclusion::Path(path) => format!("exclude-path {}", path.encode()),
        }));
        lines.extend(self.include.iter().map(|path| format!("include {}", path.encode())));
        lines.extend(self.largest_file_bytes.map(|bytes| format!("largest-file {bytes}")));
        lines.extend(self.cachedir_tag.then(|| "cachedir-tag".to_owned()));
        lines.extend(self.nobackup.then(|| "nobackup".to_owned()));
        lines
    }

    /// The rules that a seal's lines mean, and the lines that this version can't understand.
    pub fn from_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> (Self, Vec<String>) {
        let (mut set, mut unknown) = (Self::default(), Vec::new());
        for line in lines {
            if set.take_line(line).is_none() {
                unknown.push(line.to_owned());
            }
        }
        (set, unknown)
    }

    fn take_line(&mut self, line: &str) -> Option<()> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("preset", name) => self.presets.push(Preset::named(name)?),
            ("exclude", text) => {
                let exclusion = Exclusion::Pattern(text.to_owned());
                // One that can't be compiled would make all of them useless.
                let alone = Self { exclude: vec![exclusion.clone()], ..Self::default() };
                Rules::compile(alone, None).ok()?;
                self.exclude.push(exclusion);
            }
            ("exclude-path", path) => {
                self.exclude.push(Exclusion::Path(RelPath::decode(path).ok()?));
            }
            ("include", path) => self.include.push(RelPath::decode(path).ok()?),
            ("largest-file", bytes) => {
                let bytes = bytes.parse().ok().filter(|bytes| *bytes > 0)?;
                self.largest_file_bytes = Some(bytes);
            }
            ("cachedir-tag", "") => self.cachedir_tag = true,
            ("nobackup", "") => self.nobackup = true,
            _ => return None,
        }
        Some(())
    }
}
