//! Whose a restored entry becomes, and which of its bits are safe to bring back.

use std::collections::HashMap;

use nix::unistd::{self, Group, User};

use crate::engine::acl;
use crate::engine::copy::OwnerRule;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::seal::Ids;
use crate::engine::xattr::Xattrs;

/// Maps owners by name first, then by number.
#[derive(Debug, Default)]
pub struct OwnerMap {
    users: HashMap<u32, u32>,
    groups: HashMap<u32, u32>,
    is_root: bool,
    privileges: bool,
}

impl OwnerMap {
    /// Makes the map from the names that the snapshot's seal gives; `privileges` are brought back only if they were
    /// asked for.
    pub fn new(ids: &Ids, privileges: bool) -> Self {
        let user = |name: &String| User::from_name(name).ok().flatten().map(|u| u.uid.as_raw());
        let group = |name: &String| Group::from_name(name).ok().flatten().map(|g| g.gid.as_raw());
        let is_root = unistd::geteuid().is_root();
        Self {
            users: ids.users.iter().filter_map(|(id, name)| Some((*id, user(name)?))).collect(),
            groups: ids.groups.iter().filter_map(|(id, name)| Some((*id, group(name)?))).collect(),
            is_root,
            privileges: privileges && is_root,
        }
    }

    /// What this user can do about owners: root gives both, anyone else a group that he is in.
    pub fn rule(&self) -> OwnerRule {
        if self.is_root { OwnerRule::Set } else { OwnerRule::Try }
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

    fn user(&self, id: u32) -> u32 {
        self.users.get(&id).copied().unwrap_or(id)
    }

    fn group(&self, id: u32) -> u32 {
        self.groups.get(&id).copied().unwrap_or(id)
    }
}
