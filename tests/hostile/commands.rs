//! What is asked of a forged repository.

use std::ffi::OsString;

use super::case::Case;

/// What a command may change beside the repository and its own home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Nothing.
    Nothing,
    /// The folder for what comes back.
    Target,
    /// As before, with all privileges.
    Anything,
    /// The source.
    Source,
}

/// A command of `yore`; `S` stands for the source, `T` for the folder that things are restored to, `F` and `L` for the first
/// and the last snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub words: &'static str,
    pub writes: Writes,
}

const fn asked(words: &'static str, writes: Writes) -> Asked {
    Asked { words, writes }
}

/// Those that only read.
pub const READERS: [Asked; 22] = [
    asked("status", Writes::Nothing),
    asked("snapshots", Writes::Nothing),
    asked("snapshots S", Writes::Nothing),
    asked("ls --at latest S", Writes::Nothing),
    asked("ls --at L S/folder", Writes::Nothing),
    asked("ls --at latest /", Writes::Nothing),
    asked("ls --at latest --changes S", Writes::Nothing),
    asked("find e", Writes::Nothing),
    asked("find first --under S", Writes::Nothing),
    asked("find o --deleted", Writes::Nothing),
    asked("versions S/letter", Writes::Nothing),
    asked("versions S/folder", Writes::Nothing),
    asked("versions S/letter --check /bin/true", Writes::Nothing),
    asked("deleted", Writes::Nothing),
    asked("compare F L", Writes::Nothing),
    asked("compare F L --content S", Writes::Nothing),
    asked("why S/letter", Writes::Nothing),
    asked("usage", Writes::Nothing),
    asked("usage S", Writes::Nothing),
    asked("restore --dry-run --at latest S", Writes::Nothing),
    asked("prune --dry-run --keep all=1", Writes::Nothing),
    asked("forget --dry-run F", Writes::Nothing),
];

/// Those that bring something back.
pub const RESTORES: [Asked; 12] = [
    asked("restore --at latest S --to T", Writes::Target),
    asked("restore --at L S/folder S/letter --to T", Writes::Target),
    asked("restore --at latest / --to T", Writes::Target),
    asked("restore --at latest S --to T --on-conflict replace", Writes::Target),
    asked("restore --at F S --to T --on-conflict keep-both", Writes::Target),
    asked("restore --at F S --to T --on-conflict skip", Writes::Target),
    asked("restore --at latest S/made S/pipe S/link --to T", Writes::Target),
    asked("restore --at latest S --to T --privileged", Writes::Anything),
    asked("restore --at F S --to T --on-conflict replace --privileged", Writes::Anything),
    asked("restore --at latest S", Writes::Source),
    asked("restore --at F S --on-conflict replace", Writes::Source),
    asked("restore --at L S --on-conflict replace", Writes::Source),
];

/// Those that write to the repository; what a version doesn't know it refuses.
pub const WRITERS: [Asked; 17] = [
    asked("rebuild", Writes::Nothing),
    asked("prune --keep all=1", Writes::Nothing),
    asked("prune --keep daily=1 --until-free 1T", Writes::Nothing),
    asked("forget --yes F", Writes::Nothing),
    asked("adopt", Writes::Nothing),
    asked("adopt --for nobody", Writes::Nothing),
    asked("pin latest --label x", Writes::Nothing),
    asked("unpin latest", Writes::Nothing),
    asked("pin F", Writes::Nothing),
    asked("backup", Writes::Nothing),
    asked("!backup", Writes::Nothing),
    asked("!backup --scheduled", Writes::Nothing),
    asked("!status", Writes::Nothing),
    asked("!prune --keep all=1", Writes::Nothing),
    asked("verify", Writes::Nothing),
    asked("verify --sample 50", Writes::Nothing),
    asked("!verify --drill", Writes::Nothing),
];

impl Asked {
    /// The words for the program; with a `!` in front the configuration is used, else the repository is named.
    pub fn arguments(&self, case: &Case, is_json: bool) -> Vec<OsString> {
        let (words, is_configured) = match self.words.strip_prefix('!') {
            Some(words) => (words, true),
            None => (self.words, false),
        };
        let mut arguments: Vec<OsString> = Vec::new();
        if is_json {
            arguments.push("--json".into());
        }
        if !is_configured {
            arguments.extend(["--repository".into(), case.seen_repository().into()]);
        }
        let path = |word: &str| -> OsString {
            let last = case.names.last().map_or("", String::as_str);
            match word {
                "T" => case.here.join("target").into(),
                "F" => case.names.first().map_or("", String::as_str).into(),
                "L" => last.into(),
                "S" => case.source().into(),
                word => match word.strip_prefix("S/") {
                    Some(below) => case.source().join(below).into(),
                    None => word.into(),
                },
            }
        };
        arguments.extend(words.split(' ').map(path));
        arguments
    }
}
