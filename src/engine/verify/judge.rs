//! Who is wrong about a content: the stored file, the hash that it carries, or the index.

use super::finding::{Aspect, Fault, Faults, Suspect};
use crate::engine::damage::DamageState;
use crate::engine::error::Result;
use crate::engine::history::{History, SnapshotInfo};
use crate::engine::mend::Rot;
use crate::engine::meta::{ContentHash, Kind};

/// What became of what was suspect.
pub(super) struct Judged {
    /// Damaged files, by path.
    pub rots: Vec<Rot>,
    /// How many files there are of which nothing tells what their content should be.
    pub unverified: u64,
}

/// Who of `suspects` is damaged; what else is wrong with them goes to `faults`.
///
/// The content's own hash is never taken for the right one unless the file or the index says so, too.
pub(super) fn judge(
    history: &History,
    rows: &[SnapshotInfo],
    suspects: &[Suspect],
    faults: &mut Faults,
) -> Result<Judged> {
    let (mut rots, mut unverified) = (Vec::new(), 0);
    for suspect in suspects {
        let known = known_hash(history, rows, suspect)?;
        let rot = |hash, state| Rot {
            snapshot: suspect.snapshot.clone(),
            path: suspect.path.clone(),
            inode: suspect.inode,
            hash,
            state,
        };
        let fault = match (&suspect.found, known.or(suspect.carried)) {
            (Ok(found), Some(wanted)) if *found == wanted => Fault::Altered(vec![Aspect::Hash]),
            (Ok(_), Some(wanted)) => {
                rots.push(rot(wanted, DamageState::Rotten));
                continue;
            }
            (Err(_), Some(wanted)) => {
                rots.push(rot(suspect.carried.unwrap_or(wanted), DamageState::Unreadable));
                continue;
            }
            (Ok(_), None) => {
                unverified += 1;
                continue;
            }
            (Err(reason), None) => Fault::Unreadable(reason.clone()),
        };
        faults.add(&suspect.snapshot, suspect.path.clone(), fault);
    }
    rots.sort_by(|one, other| {
        (&one.path, &one.snapshot, one.inode).cmp(&(&other.path, &other.snapshot, other.inode))
    });
    Ok(Judged { rots, unverified })
}

/// The hash that the index has of the file.
fn known_hash(
    history: &History,
    rows: &[SnapshotInfo],
    suspect: &Suspect,
) -> Result<Option<ContentHash>> {
    let Some(row) = rows.iter().find(|row| row.name == suspect.snapshot) else { return Ok(None) };
    let state = history.ask(|answers| answers.state(&suspect.path, row.seq))?;
    Ok(state.filter(|state| state.meta.kind == Kind::File).and_then(|state| state.hash))
}
