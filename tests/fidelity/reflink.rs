//! On drives whose files can share content, a large file that changed a little costs little.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use crate::common::chance::Chance;
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::tree::write;

const SIZE_BYTES: usize = 100 << 20;

/// What may be written for a change of 1 %: that, and what lies in the same blocks.
const FEW_BYTES: u64 = 3 << 20;

/// What folders, seal and index of a snapshot take beside.
const BESIDE_BYTES: u64 = 6 << 20;

/// A change of the file.
type Step<'a> = &'a dyn Fn(&mut Chance);

/// One percent of the file, in pieces all over it.
fn change(file: &File, chance: &mut Chance) {
    for _ in 0..64 {
        let at = chance.below(SIZE_BYTES / 16_384) as u64 * 16_384;
        file.write_all_at(&chance.bytes(16_384), at).unwrap();
    }
}

#[test]
fn a_small_change_of_a_large_file_costs_little() {
    for kind in ["btrfs", "xfs"] {
        let Some(drive) = LoopDrive::sized(kind, 600) else { return };
        let rig = Rig::on(drive.path(), None);
        let path = rig.source.join("disk.img");
        let mut chance = Chance::new(1);
        write(&path, chance.bytes(SIZE_BYTES));
        let hash = || *blake3::hash(&std::fs::read(&path).unwrap()).as_bytes();
        let first = rig.back_up().snapshot;
        let mut states = vec![(first, hash())];
        let file = File::options().write(true).open(&path).unwrap();
        let whole = SIZE_BYTES as u64;
        let steps: [(&str, Step<'_>); 4] = [
            ("1 % changed", &|chance| change(&file, chance)),
            ("again", &|chance| change(&file, chance)),
            ("grown by 1 %", &|chance| file.write_all_at(&chance.bytes(1 << 20), whole).unwrap()),
            ("cut", &|_| file.set_len(whole / 2 + 1).unwrap()),
        ];
        for (what, step) in steps {
            step(&mut chance);
            let before = drive.used_bytes();
            let name = rig.back_up().snapshot;
            let copied = rig.sealed(&name).copied_bytes();
            assert!(copied <= FEW_BYTES, "{kind}: {what}: {copied} bytes were written");
            let used = drive.used_bytes().saturating_sub(before);
            assert!(used <= FEW_BYTES + BESIDE_BYTES, "{kind}: {what}: {used} bytes more are used");
            states.push((name, hash()));
        }
        // Every state is whole, the earlier ones untouched.
        for (name, hash) in &states {
            let stored = std::fs::read(rig.stored(name).join("disk.img")).unwrap();
            assert_eq!(blake3::hash(&stored).as_bytes(), hash, "{kind}: {name}");
        }
    }
}
