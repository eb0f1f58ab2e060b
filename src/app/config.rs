//! The configuration: one TOML file that a person may edit. A broken one is never overwritten.

#[cfg(test)]
mod retention;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{Error, Result};
use super::rules::RulesSection;
use crate::engine::dir::Dir;
use crate::engine::path::encode;
use crate::engine::retention::Policy;
use crate::engine::rules::RuleSet;

pub use crate::engine::backup::Source;

/// The version of the file that this program writes.
const FORMAT: u32 = 1;

/// How large this computer's copy of the index may become if nothing else is said.
pub const LOCAL_LIMIT_BYTES: u64 = 2048 << 20;

/// What Yore protects, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The repository's identity.
    pub repository_id: Uuid,
    /// Where it was the last time.
    pub repository_path: PathBuf,
    /// Take a drive whose file system can't promise anything. For tests.
    pub unsafe_drive: bool,
    /// What is protected.
    pub sources: Vec<Source>,
    /// Stay on each source's own file system.
    pub one_file_system: bool,
    /// Keep security labels, if root makes the backup.
    pub security_labels: bool,
    /// What of it is left out.
    pub rules: RuleSet,
    /// Which snapshots are kept; `None` if the person was never shown a rule, so that nothing is deleted by itself.
    pub retention: Option<Policy>,
    /// How large this computer's copy of the index may become, in bytes; 0 for none. Kept in whole MiB.
    pub local_limit_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    format: u32,
    repository: RepositorySection,
    #[serde(default, skip_serializing_if = "BackupSection::is_usual")]
    backup: BackupSection,
    #[serde(default, skip_serializing_if = "HistorySection::is_usual")]
    history: HistorySection,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<Policy>,
    #[serde(default)]
    source: Vec<SourceSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<RulesSection>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RepositorySection {
    id: Uuid,
    path: PathText,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsafe_drive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct BackupSection {
    one_file_system: bool,
    security_labels: bool,
}

impl Default for BackupSection {
    fn default() -> Self {
        Self { one_file_system: true, security_labels: false }
    }
}

impl BackupSection {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct HistorySection {
    local_limit_mib: u32,
}

impl Default for HistorySection {
    fn default() -> Self {
        Self::of_bytes(LOCAL_LIMIT_BYTES)
    }
}

impl HistorySection {
    fn of_bytes(limit_bytes: u64) -> Self {
        Self { local_limit_mib: u32::try_from(limit_bytes >> 20).unwrap_or(u32::MAX) }
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceSection {
    id: Uuid,
    path: PathText,
}

/// A path as TOML can hold it: text, or percent-encoded bytes where it isn't UTF-8.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum PathText {
    Text(String),
    Bytes { encoded: String },
}

impl From<&Path> for PathText {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes { encoded: encode(path.as_os_str().as_bytes()) },
        }
    }
}

impl From<PathText> for PathBuf {
    fn from(text: PathText) -> Self {
        match text {
            PathText::Text(text) => Self::from(text),
            PathText::Bytes { encoded } => {
                Self::from(OsString::from_vec(percent_decode_str(&encoded).collect()))
            }
        }
    }
}

impl Config {
    /// Reads the file; `None` if there is none.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::ConfigFile { path: path.to_owned(), source }),
        };
        let (text, is_text) = match String::from_utf8(bytes) {
            Ok(text) => (text, true),
            Err(error) => {
                let end = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(&error.as_bytes()[..end]).into_owned(), false)
            }
        };
        let broken = |span: Option<std::ops::Range<usize>>, message: String| {
            let (line, column) = position(&text, span.map_or(0, |span| span.start));
            Error::BadConfig { path: path.to_owned(), line, column, message }
        };
        if !is_text {
            let end = text.len();
            return Err(broken(Some(end..end), "it is not UTF-8 text".to_owned()));
        }
        let file: ConfigFile = toml::from_str(&text)
            .map_err(|error| broken(error.span(), error.message().trim().to_owned()))?;
        if file.format != FORMAT {
            let at = text.find("format").unwrap_or(0);
            return Err(broken(Some(at..at), format!("unknown format {}", file.format)));
        }
        let sources: Vec<Source> = file
            .source
            .into_iter()
            .map(|source| Source { id: source.id, path: source.path.into() })
            .collect();
        if let Some(relative) = sources.iter().find(|source| !source.path.is_absolute()) {
            let shown = relative.path.display().to_string();
            let at = text.find(&shown).unwrap_or(0);
            return Err(broken(Some(at..at), format!("{shown:?} is not an absolute path")));
        }
        let rules = file.rules.unwrap_or_default().read();
        let rules = rules.map_err(|(span, message)| broken(Some(span), message))?;
        Ok(Some(Self {
            repository_id: file.repository.id,
            repository_path: file.repository.path.into(),
            unsafe_drive: file.repository.unsafe_drive,
            sources,
            one_file_system: file.backup.one_file_system,
            security_labels: file.backup.security_labels,
            rules,
            retention: file.retention,
            local_limit_bytes: u64::from(file.history.local_limit_mib) << 20,
        }))
    }

    /// Writes the file atomically, making its folder if need be.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = ConfigFile {
            format: FORMAT,
            repository: RepositorySection {
                id: self.repository_id,
                path: self.repository_path.as_path().into(),
                unsafe_drive: self.unsafe_drive,
            },
            backup: BackupSection {
                one_file_system: self.one_file_system,
                security_labels: self.security_labels,
            },
            history: HistorySection::of_bytes(self.local_limit_bytes),
            source: self
                .sources
                .iter()
                .map(|source| SourceSection { id: source.id, path: source.path.as_path().into() })
                .collect(),
            rules: RulesSection::write(&self.rules),
            retention: self.retention.clone(),
        };
        let failed = |source| Error::ConfigFile { path: path.to_owned(), source };
        let text = toml::to_string(&file).map_err(|error| failed(std::io::Error::other(error)))?;
        let text = format!("# What Yore protects, and where to.\n{text}");
        write_private(path, text.as_bytes()).map_err(failed)
    }
}

/// Writes a file that is this person's alone, atomically, making its folder if need be.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let absolute = std::path::absolute(path)?;
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder)?;
    let name = absolute.file_name().unwrap_or_default().as_bytes();
    Ok(Dir::open(folder)?.replace_file(name, bytes, 0o600)?)
}

/// Line and column, both from 1, of a byte in a text.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::path::RelPath;
    use crate::engine::rules::{Exclusion, Preset};

    fn load(text: &str) -> Result<Option<Config>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn what_is_saved_is_loaded_again_bytes_and_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("yore/config.toml");
        let config = Config {
            repository_id: Uuid::new_v4(),
            repository_path: "/media/disk \"1\"/Yore/ann@laptop".into(),
            unsafe_drive: false,
            sources: vec![
                Source { id: Uuid::new_v4(), path: "/home/Größe 100%".into() },
                Source {
                    id: Uuid::new_v4(),
                    path: PathBuf::from(OsString::from_vec(b"/home/\xff%41".into())),
                },
            ],
            one_file_system: false,
            security_labels: true,
            rules: RuleSet {
                presets: Preset::ALL.to_vec(),
                exclude: vec![
                    Exclusion::Pattern("*.tmp".into()),
                    Exclusion::Path(path_of(b"/home/[\"old\"] *")),
                    Exclusion::Path(path_of(b"/home/\xff%41\n")),
                ],
                include: vec![
                    path_of("/home/Größe 100%/keep".as_bytes()),
                    path_of(b"/home/\xff/%"),
                ],
                largest_file_bytes: Some(4_000_000_000),
                cachedir_tag: true,
                nobackup: true,
            },
            retention: Some(Policy::default()),
            local_limit_bytes: 100 << 20,
        };
        config.save(&path).unwrap();
        assert_eq!(Config::load(&path).unwrap(), Some(config));
    }

    fn path_of(bytes: &[u8]) -> RelPath {
        RelPath::from_absolute(Path::new(std::ffi::OsStr::from_bytes(bytes))).unwrap()
    }

    fn head() -> String {
        let id = "00000000-0000-0000-0000-000000000001";
        format!("format = 1\n[repository]\nid = \"{id}\"\npath = \"/d\"\n")
    }

    #[test]
    fn without_the_table_there_are_no_rules() {
        for rules in ["", "[rules]\n"] {
            let config = load(&format!("{}{rules}", head())).unwrap().unwrap();
            assert_eq!(config.rules, RuleSet::default());
        }
        let text = "[rules]\npresets = [\"trash\"]\nexclude = [\"*.tmp\", { path = \"/a/[b]\" }]\n\
                    largest-file = \"1.5 GiB\"\nnobackup = true\n";
        let wanted = RuleSet {
            presets: vec![Preset::Trash],
            exclude: vec![Exclusion::Pattern("*.tmp".into()), Exclusion::Path(path_of(b"/a/[b]"))],
            largest_file_bytes: Some(3 << 29),
            nobackup: true,
            ..RuleSet::default()
        };
        assert_eq!(load(&format!("{}{text}", head())).unwrap().unwrap().rules, wanted);
        let bytes = format!("{}[rules]\nlargest-file = 5000\n", head());
        assert_eq!(load(&bytes).unwrap().unwrap().rules.largest_file_bytes, Some(5000));
    }

    #[test]
    fn a_bad_rule_is_told_with_line_and_column() {
        for (rules, at, said) in [
            ("exclude = [\"*.tmp\", \"a[\"]\n", (6, 21), "unclosed"),
            ("exclude = [\n  \"ok\",\n  \"\",\n]\n", (8, 3), "empty"),
            ("exclude = [\"~/x\"]\n", (6, 12), "~"),
            ("exclude = [{ path = \"x\" }]\n", (6, 12), "absolute"),
            ("exclude = [3]\n", (6, 11), "a pattern as text"),
            ("largest-file = true\n", (6, 16), "4 GB"),
            ("include = [\"a\"]\n", (6, 12), "absolute"),
            ("largest-file = \"4\"\n", (6, 16), "4 GB"),
            ("largest-file = 0\n", (6, 16), "from 1 byte on"),
            ("presets = [\"cashes\"]\n", (6, 12), "caches"),
            ("nobackup = 1\n", (6, 12), "boolean"),
            ("speling = 1\n", (6, 1), "speling"),
        ] {
            match load(&format!("{}[rules]\n{rules}", head())) {
                Err(Error::BadConfig { line, column, message, .. }) => {
                    assert_eq!((line, column), at, "{rules}: {message}");
                    assert!(message.contains(said), "{rules}: {message}");
                }
                other => panic!("{rules}: {other:?}"),
            }
        }
    }

    #[test]
    fn no_file_is_no_configuration() {
        assert!(Config::load(Path::new("/nonexistent/config.toml")).unwrap().is_none());
    }

    #[test]
    fn a_broken_file_is_told_with_line_and_column() {
        let id = "00000000-0000-0000-0000-000000000001";
        let head = format!("format = 1\n[repository]\nid = \"{id}\"\n");
        for (text, at) in [
            ("format = \n".to_owned(), (1, 10)),
            (format!("{head}path = \"/d\"\nspeling = 1\n"), (5, 1)),
            (format!("{head}path = 3\n"), (4, 8)),
            ("format = 9\n".to_owned() + &head[11..] + "path = \"/d\"\n", (1, 1)),
            (format!("{head}path = \"/d\"\n[[source]]\nid = \"{id}\"\npath = \"home\"\n"), (7, 9)),
        ] {
            match load(&text) {
                Err(Error::BadConfig { line, column, .. }) => {
                    assert_eq!((line, column), at, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
