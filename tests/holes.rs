//! Huge sparse files: they take no room and no time.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use yore::engine::copy::{BUFFER_BYTES, Born, copy_file, hash_file};
use yore::engine::dir::Dir;
use yore::engine::monitor::Monitor;
use yore::engine::xattr::Labels;

use crate::common::drive::LoopDrive;
use crate::common::place::scratch;

#[test]
fn a_sparse_file_of_one_tib_fits_a_small_drive() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let folder = scratch();
    let file = File::create(folder.path().join("file")).unwrap();
    file.set_len(1 << 40).unwrap();
    file.write_all_at(b"in the middle", 1 << 39).unwrap();
    let (source, stage) = (Dir::open(folder.path()).unwrap(), Dir::open(drive.path()).unwrap());
    let (mut buffer, monitor) = (vec![0; BUFFER_BYTES], Monitor::new());
    let (read, _) = copy_file(
        (&source, b"file"),
        (&stage, b"file"),
        Born::default(),
        &mut buffer,
        Labels::Leave,
        &monitor,
    )
    .unwrap();
    assert_eq!((read.meta.size_bytes, read.torn), (1 << 40, false));
    assert!(monitor.progress().copied_bytes <= 64 * 1024, "{:?}", monitor.progress());
    let stored = fs::metadata(drive.path().join("file")).unwrap();
    assert_eq!(stored.len(), 1 << 40);
    assert!(stored.blocks() * 512 <= 64 * 1024, "{} blocks", stored.blocks());
    let again = hash_file(&stage, b"file", &mut buffer, Labels::Leave, &monitor).unwrap();
    assert_eq!(again.hash, read.hash);
}
