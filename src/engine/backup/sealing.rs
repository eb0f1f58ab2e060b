//! The seal of a run: what is known before it, what it gathered, and what it takes over from the last one.

use jiff::Zoned;
use rustix::io::Errno;
use uuid::Uuid;

use super::attempt::Done;
use super::folder::Base;
use crate::engine::clock::Clock;
use crate::engine::error::{Error, Result};
use crate::engine::lock::host_name;
use crate::engine::probe;
use crate::engine::recover::Writer;
use crate::engine::repository::{FORMAT, Repository};
use crate::engine::seal::{Counts, Owner, Seal, SealedTime, SnapshotKind};
use crate::engine::snapshot::{Snapshot, Stage};

/// Takes over names of users and groups from the last snapshot: unchanged entries may need them still.
pub(super) fn keep_names(writer: &Writer, bases: &[Option<Base>], seal: &mut Seal) {
    let names = bases.iter().flatten().filter_map(|base| base.linkable.as_ref());
    let last = names.max_by_key(|(seq, _)| *seq);
    let snapshot = last.and_then(|(_, name)| Snapshot::open(&writer.repository, name).ok()?);
    let Some(Ok(last)) = snapshot.map(|snapshot| snapshot.read_seal()) else { return };
    for (id, name) in last.ids.users {
        seal.ids.users.entry(id).or_insert(name);
    }
    for (id, name) in last.ids.groups {
        seal.ids.groups.entry(id).or_insert(name);
    }
}

/// Writes overrides, problems and the seal of a stage that is filled, which becomes the snapshot of the number `seq`.
pub(super) fn seal(
    writer: &Writer,
    (stage, seq): (&Stage, u64),
    done: Done,
    clock: &dyn Clock,
) -> Result<Seal> {
    let mut seal = done.seal;
    seal.seq = seq;
    seal.finished = SealedTime::from(&clock.now());
    stage.seal(&mut seal, &done.overrides, &done.problems).map_err(|errno| match errno {
        Errno::NOSPC => probe::full(writer.repository.dir(), writer.repository.path(), 0),
        errno => Error::drive("seal the snapshot on", writer.repository.path(), errno),
    })?;
    Ok(seal)
}

/// A seal with everything that doesn't depend on the walk.
pub(super) fn blank_seal(repository: &Repository, now: &Zoned) -> Seal {
    let marker = repository.marker();
    Seal {
        format: FORMAT,
        features: Default::default(),
        seq: 0,
        id: Uuid::new_v4(),
        parent: None,
        started: SealedTime::from(now),
        finished: SealedTime::from(now),
        host: host_name(),
        user: marker.user.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kind: SnapshotKind::Manual,
        boot: boot(),
        sources: Vec::new(),
        rules: Vec::new(),
        owner: Owner { uid: 0, gid: 0 },
        ids: Default::default(),
        counts: Counts::default(),
        bytes: Default::default(),
        overrides: None,
        problems: None,
        tree: Default::default(),
    }
}

/// Which boot of the computer this is, if the system tells.
pub fn boot() -> Option<Uuid> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim_ascii().parse().ok()
}
