//! Whose a restored entry becomes, and which of its bits are safe to bring back.

use std::collections::HashMap;

use nix::unistd::{self, Group, User};

use crate::engine::copy::OwnerRule;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::seal::Ids;

/// Maps owners by name first, then by number.
#[derive(Debug, Default)]
pub struct OwnerMap {
    users: HashMap<u32, u32>,
    groups: HashMap<u32, u32>,
    privileged: bool,
}

impl OwnerMap {
    /// Makes the map from the names that the snapshot's seal gives.
    pub fn new(ids: &Ids) -> Self {
        let user = |name: &String| User::from_name(name).ok().flatten().map(|u| u.uid.as_raw());
        let group = |name: &String| Group::from_name(name).ok().flatten().map(|g| g.gid.as_raw());
        Self {
            users: ids.users.iter().filter_map(|(id, name)| Some((*id, user(name)?))).collect(),
            groups: ids.groups.iter().filter_map(|(id, name)| Some((*id, group(name)?))).collect(),
            privileged: unistd::geteuid().is_root(),
        }
    }

    /// What this user can do about owners: root gives both, anyone else a group that he is in.
    pub fn rule(&self) -> OwnerRule {
        if self.privileged { OwnerRule::Set } else { OwnerRule::Try }
    }

    /// The metadata that a restored entry gets: setuid and setgid of programs are not brought back.
    pub fn map(&self, mut meta: Metadata) -> Metadata {
        meta.uid = self.users.get(&meta.uid).copied().unwrap_or(meta.uid);
        meta.gid = self.groups.get(&meta.gid).copied().unwrap_or(meta.gid);
        if meta.kind != Kind::Directory {
            meta.mode &= !0o6000;
        }
        meta
    }
}
