//! Whose a restored entry becomes, and which of its bits are safe to bring back.

use std::collections::{BTreeMap, HashMap};

use nix::unistd::{self, Gid, Group, Uid, User};

use super::OwnerChoices;
use crate::engine::acl;
use crate::engine::dress::OwnerRule;
use crate::engine::error::{Error, OwnerKind, Result};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::seal::{Ids, Owner};
use crate::engine::xattr::Xattrs;

const ROOT: u32 = 0;

/// The number that stands for nobody at all: system calls take it for "as it is".
const NO_ID: u32 = u32::MAX;

/// Names beyond these in a seal are not looked up: each is a question to the system's directory of users.
const LIMIT_NAMES: usize = 65_536;

/// Maps owners: as a person chose, else by name, else by number.
#[derive(Debug, Default)]
pub struct OwnerMap {
    users: HashMap<u32, u32>,
    groups: HashMap<u32, u32>,
    /// Groups that this user may give entries to, unless he is root.
    own_groups: Vec<u32>,
    euid: u32,
    egid: u32,
    privileges: bool,
}

impl OwnerMap {
    /// Makes the map from the names that the snapshot's seal gives, and what was chosen instead; `privileges` are
    /// brought back only if they were asked for.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`] if whom entries are to be given to is unknown here.
    pub fn new(ids: &Ids, privileges: bool, choices: &OwnerChoices) -> Result<Self> {
        let euid = unistd::geteuid().as_raw();
        let mut users = by_name(&ids.users, user_named);
        users.extend(chosen(&choices.users, &ids.users, OwnerKind::User, user_named)?);
        let mut groups = by_name(&ids.groups, group_named);
        groups.extend(chosen(&choices.groups, &ids.groups, OwnerKind::Group, group_named)?);
        let mut own_groups: Vec<u32> =
            unistd::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()).collect();
        let egid = unistd::getegid().as_raw();
        own_groups.push(egid);
        Ok(Self { users, groups, own_groups, euid, egid, privileges: privileges && euid == ROOT })
    }

    /// Whether what is restored keeps the owners that it had.
    pub fn is_root(&self) -> bool {
        self.euid == ROOT
    }

    /// Whether privileges are brought back.
    pub fn has_privileges(&self) -> bool {
        self.privileges
    }

    /// Whether an entry with the metadata `meta` will belong to this user though it was another's.
    pub fn becomes_own(&self, meta: &Metadata) -> bool {
        !self.is_root() && self.user(meta.uid) != self.euid
    }

    /// Whether a number stands for a user that a person chose, or whose name is known here.
    pub fn is_mapped(&self, uid: u32) -> bool {
        self.users.contains_key(&uid)
    }

    /// The same for a group.
    pub fn is_group_mapped(&self, gid: u32) -> bool {
        self.groups.contains_key(&gid)
    }

    /// Whether `now` has the owner, the permissions and the time that restoring `then` could give it.
    pub fn has_metadata(&self, now: &Metadata, then: &Metadata) -> bool {
        let wanted = self.map(*then);
        let can_own = self.is_root() || wanted.uid == self.euid;
        let can_group = self.is_root() || self.own_groups.contains(&wanted.gid);
        // What would be left off is no reason to take it from what has it still.
        let is_mode = [wanted.mode, then.mode].contains(&now.mode) || now.kind == Kind::Symlink;
        is_mode
            && now.mtime == wanted.mtime
            && (now.uid == wanted.uid || !can_own)
            && (now.gid == wanted.gid || !can_group)
    }

    /// What this user can do about owners: root gives both, anyone else a group that he is in.
    pub fn rule(&self) -> OwnerRule {
        if self.is_root() { OwnerRule::Set } else { OwnerRule::Try }
    }

    /// Whom what this process makes belongs to.
    pub fn own(&self) -> Owner {
        Owner { uid: self.euid, gid: self.egid }
    }

    /// The metadata that a restored entry gets: setuid and setgid of programs are a privilege.
    pub fn map(&self, mut meta: Metadata) -> Metadata {
        meta.uid = self.user(meta.uid);
        meta.gid = self.group(meta.gid);
        if meta.kind != Kind::Directory && !self.privileges {
            meta.mode &= !0o6000;
        }
        meta
    }

    /// The attributes that it gets: capabilities and what only root sees are privileges, and lists name the users and groups of here.
    pub fn map_attributes(&self, xattrs: Xattrs) -> Xattrs {
        let kept = if self.privileges { xattrs } else { xattrs.without_privileges() };
        kept.with_acl_ids(|id| match id {
            acl::Id::User(user) => self.user(user),
            acl::Id::Group(group) => self.group(group),
        })
    }

    /// Whether devices are made: a privilege, too.
    pub fn makes_devices(&self) -> bool {
        self.privileges
    }

    /// Whether `now` are the attributes that restoring `then` would give.
    pub fn has_attributes(&self, now: Xattrs, then: Xattrs) -> bool {
        let now = if self.privileges { now } else { now.without_privileges() };
        now == self.map_attributes(then)
    }

    fn user(&self, id: u32) -> u32 {
        self.users.get(&id).copied().unwrap_or(id)
    }

    fn group(&self, id: u32) -> u32 {
        self.groups.get(&id).copied().unwrap_or(id)
    }
}

/// Refuses choices that mean nobody in any of the snapshots with these `ids`.
///
/// # Errors
/// [`Error::OwnerNotStored`].
pub fn check_choices<'a>(
    choices: &OwnerChoices,
    ids: impl Iterator<Item = &'a Ids> + Clone,
) -> Result<()> {
    for (old, _) in &choices.users {
        if !ids.clone().any(|ids| !numbers_of(old, &ids.users).is_empty()) {
            return Err(Error::OwnerNotStored { kind: OwnerKind::User, name: old.clone() });
        }
    }
    for (old, _) in &choices.groups {
        if !ids.clone().any(|ids| !numbers_of(old, &ids.groups).is_empty()) {
            return Err(Error::OwnerNotStored { kind: OwnerKind::Group, name: old.clone() });
        }
    }
    Ok(())
}

/// Whether this computer has a user with that number.
pub fn is_user(uid: u32) -> bool {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().is_some()
}

/// Whether this computer has a group with that number.
pub fn is_group(gid: u32) -> bool {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().is_some()
}

/// The numbers that `old` means: those with that name, else the number that it is.
fn numbers_of(old: &str, names: &BTreeMap<u32, String>) -> Vec<u32> {
    let named: Vec<u32> =
        names.iter().filter(|(_, name)| *name == old).map(|(id, _)| *id).collect();
    if named.is_empty() { number(old).into_iter().collect() } else { named }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id != NO_ID)
}

fn user_named(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

fn group_named(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

fn by_name(names: &BTreeMap<u32, String>, find: impl Fn(&str) -> Option<u32>) -> HashMap<u32, u32> {
    let names = names.iter().take(LIMIT_NAMES);
    names.filter_map(|(id, name)| Some((*id, find(name)?))).collect()
}

fn chosen(
    choices: &[(String, String)],
    names: &BTreeMap<u32, String>,
    kind: OwnerKind,
    find: impl Fn(&str) -> Option<u32>,
) -> Result<Vec<(u32, u32)>> {
    let mut pairs = Vec::new();
    for (old, new) in choices {
        let Some(to) = find(new).or_else(|| number(new)) else {
            return Err(Error::NoSuchOwner { kind, name: new.clone() });
        };
        pairs.extend(numbers_of(old, names).into_iter().map(|from| (from, to)));
    }
    Ok(pairs)
}
