//! Going on with a repository on a new computer, under a new name, or as another user.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getegid};
use uuid::Uuid;

use super::config::{Config, LOCAL_LIMIT_BYTES, Source};
use super::error::{Error, Result};
use super::setup::{check_apart, check_sources, history_of, sealed_sources};
use super::target::{Options, identity};
use crate::engine::adopt::{self, Heir};
use crate::engine::backup::canonical_source;
use crate::engine::error::Error as EngineError;
use crate::engine::monitor::Monitor;
use crate::engine::path::display;
use crate::engine::repository::{Identity, Repository, YORE_DIR};
use crate::engine::rules::RuleSet;

/// What is to be adopted, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Where the drive is mounted; not needed where the options name the repository.
    pub drive: Option<PathBuf>,
    /// Name or identity of the repository, where the drive holds several.
    pub which: Option<String>,
    /// Name or number of the user whose it becomes; only root can give it to another.
    pub user: Option<String>,
    /// `OLD=NEW`: folders that have another path on this computer.
    pub moved: Vec<OsString>,
    /// Take a drive whose file system can't promise anything. For tests.
    pub unsafe_drive: bool,
}

/// What was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The repository.
    pub path: PathBuf,
    /// Its identity.
    pub id: Uuid,
    /// Whose it is now, if not that of whoever asked: then nothing was configured.
    pub user: Option<String>,
    /// What will be backed up.
    pub sources: Vec<Source>,
    /// What was backed up, but is no folder on this computer.
    pub left_out: Vec<PathBuf>,
    /// What is left out of backups.
    pub rules: RuleSet,
    /// Rules of the newest snapshot that this version can't understand.
    pub unknown_rules: Vec<String>,
}

/// Makes the repository this person's, or as root another's, and writes the configuration.
pub fn adopt(options: &Options, wish: &Wish, monitor: &Monitor) -> Result<Adopted> {
    let me = identity();
    let config_path = options.config_path();
    Config::load(&config_path)?;
    let path = match (&options.repository, &wish.drive) {
        (Some(path), _) => path.clone(),
        (None, Some(drive)) => choose(drive, wish, me.euid)?,
        (None, None) => return Err(Error::NoDrive),
    };
    let path = std::path::absolute(&path)
        .map_err(|source| Error::ConfigFile { path: path.clone(), source })?;
    let found = Repository::open(&path, None)?;
    let is_begun = adopt::is_begun(&found);
    let found = adopt::finish(found, me.euid, monitor)?;
    let marker = found.marker().clone();
    let (heir, gid) = match &wish.user {
        Some(user) => find_user(user)?,
        None if me.euid == 0 && is_begun => return Ok(given_away(path, &marker.user, marker.id)),
        None if me.euid == 0 && marker.euid != 0 => {
            return Err(Error::AdoptForWhom { path, owner: marker.euid });
        }
        None => (me.clone(), getegid().as_raw()),
    };
    let is_mine = heir.euid == me.euid;
    let former = Config::load(&config_path)?.filter(|former| former.repository_id == marker.id);
    // Before anything is changed, as what was asked for may make no sense. Others are refused below.
    let plan = match is_mine && (me.euid == 0 || marker.euid == me.euid) {
        true => plan(&found, former.as_ref(), &wish.moved)?,
        false => Plan::default(),
    };
    adopt::adopt(found, me.euid, &Heir::new(&heir, gid), monitor)?;
    if !is_mine {
        return Ok(given_away(path, &heir.user, marker.id));
    }
    let Plan { sources, left_out, rules, unknown_rules } = plan;
    let config = Config {
        repository_id: marker.id,
        repository_path: path.clone(),
        unsafe_drive: wish.unsafe_drive,
        sources: sources.clone(),
        one_file_system: former.as_ref().is_none_or(|former| former.one_file_system),
        security_labels: former.as_ref().is_some_and(|former| former.security_labels),
        rules: rules.clone(),
        retention: former.as_ref().and_then(|former| former.retention.clone()),
        local_limit_bytes: former
            .as_ref()
            .map_or(LOCAL_LIMIT_BYTES, |former| former.local_limit_bytes),
    };
    config.save(&config_path)?;
    Ok(Adopted { path, id: marker.id, user: None, sources, left_out, rules, unknown_rules })
}

/// What goes into the configuration.
#[derive(Debug, Default)]
struct Plan {
    sources: Vec<Source>,
    left_out: Vec<PathBuf>,
    rules: RuleSet,
    unknown_rules: Vec<String>,
}

fn given_away(path: PathBuf, user: &str, id: Uuid) -> Adopted {
    let Plan { sources, left_out, rules, unknown_rules } = Plan::default();
    let user = Some(user.to_owned());
    Adopted { path, id, user, sources, left_out, rules, unknown_rules }
}

/// The repositories on a drive that this user made, but on another computer or under another name.
///
/// None if the drive holds one of this computer's: then there is nothing to decide.
pub fn adoptable(drive: &Path) -> Vec<PathBuf> {
    let me = identity();
    let all = adopt::candidates(drive).unwrap_or_default();
    let markers = || all.iter().filter_map(|one| Some((&one.path, one.marker.as_ref()?)));
    if markers().any(|(_, marker)| marker.is_of(&me)) {
        return Vec::new();
    }
    let mine = markers().filter(|(_, marker)| marker.euid == me.euid);
    mine.map(|(path, _)| path.clone()).collect()
}

/// The one repository on the drive that can be meant.
fn choose(drive: &Path, wish: &Wish, euid: u32) -> Result<PathBuf> {
    let mut all = adopt::candidates(drive)?;
    let name_of = |path: &Path| display(path.file_name().unwrap_or_default().as_bytes());
    if let Some(which) = &wish.which {
        all.retain(|one| {
            let id = one.marker.as_ref().map(|marker| marker.id.to_string());
            name_of(&one.path) == *which || id.as_deref() == Some(which)
        });
    } else if euid != 0 && all.iter().any(|one| one.owner == euid) {
        all.retain(|one| one.owner == euid);
    }
    match all.as_slice() {
        [one] => Ok(one.path.clone()),
        [] => Err(EngineError::NotRepository(drive.join(YORE_DIR)).into()),
        many => Err(Error::SeveralRepositories {
            drive: drive.to_owned(),
            names: many.iter().map(|one| name_of(&one.path)).collect(),
        }),
    }
}

/// The user of this computer with a name or a number, and the user's group.
fn find_user(text: &str) -> Result<(Identity, u32)> {
    let by_number = || User::from_uid(Uid::from_raw(text.parse().ok()?)).ok().flatten();
    let user = User::from_name(text).ok().flatten().or_else(by_number);
    let User { name, uid, gid, .. } = user.ok_or_else(|| Error::NoSuchUser(text.to_owned()))?;
    let gid: Gid = gid;
    Ok((Identity { user: name, euid: uid.as_raw(), ..identity() }, gid.as_raw()))
}

/// What a configuration of this repository says, with what the newest snapshot knows beyond that.
fn plan(repository: &Repository, former: Option<&Config>, moved: &[OsString]) -> Result<Plan> {
    let sealed = sealed_sources(repository);
    let configured = former.map(|former| former.sources.clone()).unwrap_or_default();
    let known: Vec<Source> = configured.iter().chain(&sealed).cloned().collect();
    let moved = moved.iter().map(|pair| split(pair, &known)).collect::<Result<Vec<_>>>()?;
    let (mut sources, mut left_out) = (Vec::<Source>::new(), Vec::new());
    for Source { id, path } in known {
        if sources.iter().any(|source| source.id == id || source.path == path) {
            continue;
        }
        let place = match moved.iter().find(|(moved, _)| *moved == id) {
            Some((_, place)) => place,
            // It was chosen here: the backup says what has become of it.
            None if configured.iter().any(|source| source.id == id) => {
                sources.push(Source { id, path });
                continue;
            }
            None => &path,
        };
        if !place.is_dir() {
            left_out.push(path);
            continue;
        }
        let place = canonical_source(place)?;
        check_apart(repository.path(), repository.dir(), &place)?;
        if sources.iter().all(|source| source.path != place) {
            sources.push(Source { id, path: place });
        }
    }
    let paths = sources.iter().map(|source| source.path.clone());
    check_sources(&paths.filter(|path| path.is_dir()).collect::<Vec<_>>())?;
    let (rules, unknown_rules) = match former {
        Some(former) => (former.rules.clone(), Vec::new()),
        None => sealed_rules(repository).unwrap_or_else(|| (RuleSet::for_home(), Vec::new())),
    };
    Ok(Plan { sources, left_out, rules, unknown_rules })
}

/// The rules of the newest snapshot with a good seal, and lines that can't be understood; `None` without one.
fn sealed_rules(repository: &Repository) -> Option<(RuleSet, Vec<String>)> {
    let history = history_of(repository)?;
    let newest_first = history.snapshots().ok()?.into_iter().rev();
    let mut rules = newest_first.filter_map(|snapshot| history.sealed_rules(snapshot.seq).ok());
    rules.next().map(|lines| RuleSet::from_lines(lines.iter().map(String::as_str)))
}

/// Splits `OLD=NEW` where OLD is a folder that was backed up, and gives that source's identity: both may hold a `=`.
fn split(pair: &OsStr, known: &[Source]) -> Result<(Uuid, PathBuf)> {
    let bytes = pair.as_bytes();
    let at = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'=').map(|(at, _)| at);
    let halves = |at: usize| {
        let (old, new) = (OsStr::from_bytes(&bytes[..at]), OsStr::from_bytes(&bytes[at + 1..]));
        (PathBuf::from(old), PathBuf::from(new))
    };
    let mut meant = at.map(halves).filter_map(|(old, new)| {
        let source = known.iter().find(|source| source.path == old)?;
        Some((source.id, new))
    });
    let first = meant.next().ok_or_else(|| Error::NoSuchSource(display(bytes)))?;
    let is_folder = |(_, new): &(Uuid, PathBuf)| new.is_dir();
    let all = [first.clone()].into_iter().chain(meant);
    all.into_iter().find(is_folder).ok_or(Error::NoFolder(first.1))
}
