//! Taking a restore back, killed or failing at its system calls: run again it completes, and nothing is lost.

use super::points::{Point, Points};
use super::scene::{Checked, Scene, Way};

/// How many points are tried of each way, unless all are.
const SAMPLE: usize = 12;

fn disturbed(scene: &Scene, point: &Point) -> Checked<bool> {
    let before = scene.reset();
    scene.must(&scene.words())?;
    scene.is_after()?;
    let answer = scene.run_under(point, &["undo"]);
    let in_words = |what: String| format!("{what}\n  {answer:?}");
    scene.is_whole(&before, "").map_err(in_words)?;
    let (id, state) = scene.journal()?.ok_or_else(|| in_words("the journal is gone".to_owned()))?;
    if answer.code == Some(0) && state != "undone" {
        return Err(in_words("it is not undone".to_owned()));
    }
    let was_done = state == "undone" && scene.is_before(&before).is_ok();
    if !was_done {
        // Of an undo that ended with problems, the next does what was undone again; and one more takes all back.
        let again = if state == "undone" { 2 } else { 1 };
        for _ in 0..again {
            scene.must(&["undo", &id]).map_err(in_words)?;
        }
    }
    scene.is_before(&before).map_err(in_words)?;
    scene.is_whole(&before, "").map_err(in_words)?;
    scene.must(&["undo", &id]).map_err(in_words)?;
    scene.is_after().map_err(in_words)?;
    scene.no_orphans().map_err(in_words)?;
    Ok(answer.code.is_none())
}

fn undo(way: Way) {
    let Some(scene) = Scene::new(way) else { return };
    let mut points = Points::new();
    let counts = scene.counts_of_undo();
    for point in points.of(&counts, SAMPLE) {
        let outcome = disturbed(&scene, &point);
        points.note(&point, outcome);
    }
    points.end(&format!("undo {way:?}"));
}

#[test]
fn a_disturbed_undo_is_gone_on_with() {
    undo(Way::Exact);
}

#[test]
fn a_disturbed_undo_by_a_person_is_gone_on_with() {
    undo(Way::ExactByPerson);
}

#[test]
fn a_disturbed_undo_without_flags_of_renames_is_gone_on_with() {
    undo(Way::ExactPlainly);
}
