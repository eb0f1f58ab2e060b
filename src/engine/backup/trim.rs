//! Gives up of what an interrupted run left all that the next one can't use.

use super::measure::is_left;
use super::{BackupOptions, filter, source_path};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::{EntryName, RelPath, has_name};
use crate::engine::recover::Writer;
use crate::engine::remove::remove_tree;
use crate::engine::rules::Why;

/// A folder of what was left, and the rule that leaves it out, if it is only on the way.
type Waiting = (RelPath, Option<Why>);

/// Removes from what an interrupted run left the files that the sources no longer have in this form, or whose content was never
/// proven.
///
/// # Errors
/// A stop; a drive that fails.
pub(super) fn trim_leftover(
    writer: &Writer,
    options: &BackupOptions,
    monitor: &Monitor,
) -> Result<()> {
    let repository = &writer.repository;
    let files = writer.leftover.as_ref().and_then(|leftover| leftover.files(repository));
    let Some(files) = files else { return Ok(()) };
    let places = options.sources.iter().map(source_path).collect::<Result<Vec<_>>>()?;
    let mut pending: Vec<Waiting> = vec![(RelPath::root(), None)];
    while let Some((path, left_out)) = pending.pop() {
        monitor.check_cancelled()?;
        // What can't be looked at or removed is only a shortcut that takes room.
        let Ok(left) = files.beneath(&path) else { continue };
        let Ok(names) = left.names() else { continue };
        if places.iter().any(|place| path.is_within(place)) {
            pending.extend(trim_folder(&left, names, (path, left_out), options));
        } else {
            for name in names {
                let path = path.join(&name);
                if places.iter().any(|place| place.is_within(&path)) {
                    pending.push((path, None));
                } else {
                    let _ = remove_tree(&left, &name);
                }
            }
        }
    }
    // Only then it is known what is free.
    let flushed = repository.dir().sync_file_system();
    flushed.map_err(|errno| Error::drive("flush", repository.path(), errno))
}

/// Removes what is of no use from a folder of a source; gives the folders in it.
fn trim_folder(
    left: &Dir,
    names: Vec<EntryName>,
    (path, left_out): Waiting,
    options: &BackupOptions,
) -> Vec<Waiting> {
    // A folder that can't be read now is stored when it can be.
    let Ok(source) = Dir::open(&path.to_absolute()) else { return Vec::new() };
    // An empty mount point is no reason to give up what was copied from the disk that belongs there.
    let is_source = options.sources.iter().any(|one| one.path == path.to_absolute());
    if is_source && !options.accept_empty && source.names().is_ok_and(|names| names.is_empty()) {
        return Vec::new();
    }
    let mut wanted = names.clone();
    let marks = filter::keep(&options.rules, &source, &path, left_out, &mut wanted);
    let mut folders = Vec::new();
    for name in names {
        let stat = has_name(&wanted, &name).then(|| source.stat_child(&name).ok()).flatten();
        let Some(live) = stat.as_ref().and_then(Metadata::from_statx) else {
            let _ = remove_tree(left, &name);
            continue;
        };
        if live.kind == Kind::Directory && left.child(&name).is_ok() {
            let path = path.join(&name);
            let left_out = filter::on_the_way(&options.rules, &path, &marks);
            folders.push((path, left_out));
        } else if !is_left(Some(left), &name, &live) {
            let _ = remove_tree(left, &name);
        }
    }
    folders
}
