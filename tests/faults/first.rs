//! A first run that is hit: its index is written beside the empty one while the snapshot is made.

use std::fs;

use serde_json::Value;

use super::Victim;
use super::points::{Point, Points, changes};
use crate::common::trace;

/// How many points are tried, if not all.
const SAMPLE: usize = 24;

impl Victim {
    /// Takes everything away that was ever backed up, as far as the next run can tell.
    fn start_over(&self) {
        for (name, _) in self.committed() {
            fs::remove_dir_all(self.repository.join("snapshots").join(name)).unwrap();
        }
        fs::remove_file(self.repository.join("index.sqlite")).unwrap();
        // This computer's copy would be taken for the index.
        let _ = fs::remove_dir_all(self.home.path().join("state/yore/history"));
    }

    /// Hits a first run; whether it was killed.
    fn hit_first(&mut self, point: &Point) -> Result<bool, String> {
        self.start_over();
        self.change();
        let injection = point.injection();
        let answer = self.back_up_under(&injection);
        let added = self.check(&[], &injection);
        if answer.code != Some(0) && answer.out.contains("is complete") {
            return Err(format!("called complete: {answer:?}"));
        }
        match answer.code {
            Some(0) if added != 1 => return Err(format!("nothing is there: {answer:?}")),
            // Nothing can be removed where removing fails.
            Some(1) if !self.stage_is_empty() && !injection.starts_with("unlink") => {
                return Err(format!("a stage is left: {answer:?}"));
            }
            Some(0 | 1) | None => {}
            Some(_) => return Err(format!("ended in an unknown way: {answer:?}")),
        }
        let before = self.committed();
        self.recovers(&before, &injection);
        let known = self.known();
        self.home.json(["rebuild"]);
        if self.known() != known {
            return Err("the trees tell something else than the index".to_owned());
        }
        Ok(answer.code.is_none())
    }

    /// What the index tells of the source.
    fn known(&self) -> [Value; 4] {
        let folder = self.source.to_str().unwrap();
        let file = format!("{folder}/folder-1/file-1");
        [&["ls", folder][..], &["versions", &file], &["find", "file-1"], &["usage", folder]]
            .map(|words| self.home.json(words.iter().copied()))
    }
}

#[test]
fn a_first_run_that_is_hit_costs_nothing_but_itself() {
    let Some(mut victim) = Victim::new() else { return };
    victim.start_over();
    let mut counts = trace::counts(&victim.home, &["backup"]);
    // What of the source can't be read is another scene's.
    counts.retain(|call, _| changes(call));
    let mut points = Points::new();
    for point in points.of(&counts, SAMPLE) {
        let outcome = victim.hit_first(&point);
        points.note(&point, outcome);
    }
    points.end("a first backup");
}
