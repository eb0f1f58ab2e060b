//! Which targets the plan has given away: no two items get the same.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Planner, Spot};
use crate::engine::error::{Error, Result};
use crate::engine::index::Child;
use crate::engine::meta::ContentHash;
use crate::engine::restore::place::free_name;

/// Targets that are taken. A million of them take their hashes' room.
#[derive(Debug, Default)]
pub struct Names(HashSet<ContentHash>);

impl Names {
    /// Takes `target`; `false` if it was taken before.
    pub fn take(&mut self, target: &Path) -> bool {
        self.0.insert(ContentHash::of(target.as_os_str().as_bytes()))
    }

    fn has(&self, target: &Path) -> bool {
        self.0.contains(&ContentHash::of(target.as_os_str().as_bytes()))
    }
}

impl Planner<'_> {
    /// `name` with the date of the snapshot `at`, so that with each of the `suffixes` nothing has that name in the
    /// folder now, nor will have it; `siblings`, sorted by name, are what is going to be restored there.
    pub(super) fn own_name(
        &self,
        spot: &Spot,
        name: &[u8],
        at: u64,
        siblings: &[Child],
        suffixes: &[&[u8]],
    ) -> Result<Vec<u8>> {
        let moment = self.pasts.get(&at).map(|past| past.info.started).unwrap_or_default();
        let is_taken = |name: &[u8]| {
            let target = spot.path.join(OsStr::from_bytes(name));
            let is_known = self.names.has(&target)
                || self.tops.is_target(&target)
                || Child::place_of(siblings, name).is_some();
            match &spot.dir {
                Some(dir) if !is_known => match dir.has(name) {
                    // Cut to fit, so that only a log's ending is too much for it: some other name is not.
                    Err(rustix::io::Errno::NAMETOOLONG) => Ok(false),
                    has => has,
                },
                _ => Ok(is_known),
            }
        };
        let found = free_name(name, moment, |candidate| {
            for suffix in suffixes {
                if is_taken(&[candidate, suffix].concat())? {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        found.map_err(|errno| Error::io("examine", &spot.path, errno))
    }
}
