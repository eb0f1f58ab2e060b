//! What the rules take from a folder's names, before anything is stat-ed where that is possible.

use super::folder::{Folder, Up};
use super::run::Run;
use crate::engine::dir::Dir;
use crate::engine::index::Child;
use crate::engine::listing::Listed;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::{RelPath, is_name};
use crate::engine::rules::{Decision, Facts, FolderMarks, Rules, Why};

/// Takes from the sorted `names` of the live folder `dir` at `path` what is left out, and tells the folder's marks.
///
/// `left_out` is the rule that leaves the folder itself out, if it is only on the way.
pub(in crate::engine) fn keep<N: AsRef<[u8]>>(
    rules: &Rules,
    dir: &Dir,
    path: &RelPath,
    left_out: Option<Why>,
    names: &mut Vec<N>,
) -> FolderMarks {
    if rules.is_empty() {
        names.retain(|name| !Rules::is_never_kept(name.as_ref()));
        return FolderMarks::default();
    }
    let mut marks = FolderMarks::read(dir, names);
    marks.left_out = left_out;
    let mut entry = path.clone();
    names.retain(|name| {
        let name = name.as_ref();
        if !is_name(name) {
            return true;
        }
        entry.push(name);
        let decision = rules.decide_early(&entry, None, &marks).or_else(|| {
            // What can't be stat-ed is kept, so that the run says what is wrong with it.
            rules.decide_early(&entry, Some(facts(dir, name)?), &marks)
        });
        entry.pop();
        !matches!(decision, Some(Decision::Out(_)))
    });
    marks
}

/// The rule that leaves out a folder that was kept, if it is only on the way to what an include names.
pub(in crate::engine) fn on_the_way(
    rules: &Rules,
    path: &RelPath,
    marks: &FolderMarks,
) -> Option<Why> {
    if !rules.leads_to_include(path) {
        return None;
    }
    match rules.decide(path, Kind::Directory, 0, marks) {
        Decision::OnTheWay(why) => Some(why),
        Decision::In | Decision::Out(_) => None,
    }
}

fn facts(dir: &Dir, name: &[u8]) -> Option<Facts> {
    let meta = Metadata::from_statx(&dir.stat_child(name).ok()?)?;
    Some(Facts { kind: meta.kind, size_bytes: meta.size_bytes })
}

impl Run<'_> {
    /// Takes from a live folder's names what is left out.
    pub(super) fn leave_out(&self, folder: &Folder, dir: &Dir, listed: &mut Vec<Listed>) {
        let marks = keep(&self.rules, dir, &folder.path, self.left_out(folder), listed);
        // A folder is listed once.
        let _ = folder.marks.set(marks);
    }

    /// Whether what is carried forward with a folder that can't be read would be left out today.
    pub(super) fn leaves_out(&self, folder: &Folder, child: &Child) -> bool {
        if self.rules.is_empty() || !is_name(&child.name) {
            return false;
        }
        // Marks in it can't be read any more.
        let marks = folder.marks.get_or_init(|| FolderMarks::unlisted(self.left_out(folder)));
        let meta = &child.state.meta;
        let path = folder.path.join(&child.name);
        let decision = self.rules.decide(&path, meta.kind, meta.size_bytes, marks);
        matches!(decision, Decision::Out(_))
    }

    fn left_out(&self, folder: &Folder) -> Option<Why> {
        match &folder.up {
            Up::Source(_) => None,
            Up::Folder(up) => on_the_way(&self.rules, &folder.path, up.marks.get()?),
        }
    }
}
