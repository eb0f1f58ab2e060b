//! What a person should know before: counted entry by entry of all that is going to be written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::past::Past;
use crate::engine::damage::Damage;
use crate::engine::index::State;
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::overrides::Override;
use crate::engine::path::{RelPath, display};
use crate::engine::restore::Warning;
use crate::engine::restore::owner::{is_group, is_user};
use crate::engine::xattr::CAPABILITY_NAME;

/// Owners beyond these are counted, but not named: a forged index may tell of millions.
const LIMIT_NAMED: usize = 1000;

/// Entries of somebody else, and who that is.
#[derive(Debug, Default)]
struct Others {
    count: u64,
    named: BTreeSet<String>,
}

/// The counts.
#[derive(Debug, Default)]
pub struct Tally {
    /// Inodes that are known to be damaged, by what their content should be.
    known: HashMap<ContentHash, Vec<u64>>,
    own: Others,
    unknown: Others,
    /// Whether this computer has a user with that number, as far as it was asked.
    users: HashMap<u32, bool>,
    /// The same for groups.
    groups: HashMap<u32, bool>,
    privileges: u64,
    devices: u64,
    damaged: u64,
    first_damaged: Option<RelPath>,
    /// Files with several names whose content was counted.
    linked: HashSet<(u64, (u64, u64))>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(damage: &Damage) -> Self {
        let mut known: HashMap<_, Vec<u64>> = HashMap::new();
        for file in damage.files() {
            known.entry(file.hash).or_default().push(file.inode);
        }
        Self { known, ..Self::default() }
    }

    /// Counts an entry that is going to be written.
    pub fn add(&mut self, past: &Past, meta: &Metadata, change: &Override) {
        if past.owners.becomes_own(meta) {
            self.own.add([(&past.ids.users, meta.uid)]);
        }
        if past.owners.is_root() {
            let user = (!self.is_known(past, meta.uid)).then_some((&past.ids.users, meta.uid));
            let group =
                (!self.is_group_known(past, meta.gid)).then_some((&past.ids.groups, meta.gid));
            if user.is_some() || group.is_some() {
                self.unknown.add(user.into_iter().chain(group));
            }
        }
        let has_power = meta.kind == Kind::File
            && (meta.mode & 0o6000 != 0
                || change.xattrs.as_ref().is_some_and(|set| set.contains_key(CAPABILITY_NAME)));
        if has_power && !past.owners.has_privileges() {
            self.privileges += 1;
        }
    }

    /// Counts a device that is left out.
    pub fn add_device(&mut self) {
        self.devices += 1;
    }

    /// Counts a file whose stored copy is damaged.
    pub fn add_damaged(&mut self, path: RelPath) {
        self.damaged += 1;
        self.first_damaged.get_or_insert(path);
    }

    /// The inodes with the content of `state` that are known to be damaged.
    pub fn damaged_inodes(&self, state: &State) -> &[u64] {
        let hash = state.hash.filter(|_| state.meta.kind == Kind::File);
        hash.and_then(|hash| self.known.get(&hash)).map_or(&[], Vec::as_slice)
    }

    /// The bytes that an entry of the snapshot `at` takes: the content of a file with several names only once.
    pub fn room_of(&mut self, at: u64, state: &State, change: &Override) -> u64 {
        let is_new = change.link_group.is_none_or(|group| self.linked.insert((at, group)));
        if is_new { state.file_bytes() } else { 0 }
    }

    fn is_known(&mut self, past: &Past, uid: u32) -> bool {
        // By its number only where no name tells whom it meant.
        past.owners.is_mapped(uid)
            || (!past.ids.users.contains_key(&uid)
                && *self.users.entry(uid).or_insert_with(|| is_user(uid)))
    }

    fn is_group_known(&mut self, past: &Past, gid: u32) -> bool {
        past.owners.is_group_mapped(gid)
            || (!past.ids.groups.contains_key(&gid)
                && *self.groups.entry(gid).or_insert_with(|| is_group(gid)))
    }

    /// All that there is to say.
    pub fn warnings(self) -> impl Iterator<Item = Warning> {
        let Self { own, unknown, privileges, devices, damaged, first_damaged, .. } = self;
        let named = |others: Others| {
            (others.count > 0).then(|| (others.count, others.named.into_iter().collect()))
        };
        let all = [
            named(own).map(|(count, owners)| Warning::BecomesOwn { count, owners }),
            named(unknown).map(|(count, owners)| Warning::UnknownOwners { count, owners }),
            (privileges > 0).then_some(Warning::PrivilegesLeftOff { count: privileges }),
            (devices > 0).then_some(Warning::DevicesLeftOut { count: devices }),
            first_damaged.map(|first| Warning::Damaged { count: damaged, first }),
        ];
        all.into_iter().flatten()
    }
}

impl Others {
    /// Counts one entry, and names its owners by the names that numbers had.
    fn add<'a>(&mut self, owners: impl IntoIterator<Item = (&'a BTreeMap<u32, String>, u32)>) {
        self.count += 1;
        for (names, id) in owners {
            if self.named.len() < LIMIT_NAMED {
                let name = names.get(&id).map(|name| display(name.as_bytes()));
                self.named.insert(name.unwrap_or_else(|| id.to_string()));
            }
        }
    }
}
