//! A restore killed, or failing, at its system calls: what is there is old or new, it is gone on with, and taken back.

use super::points::{Point, Points};
use super::scene::{Checked, Scene, Way};

/// How many points are tried of each way, unless all are.
const SAMPLE: usize = 12;

/// What a person does next.
#[derive(Debug, Clone, Copy)]
enum Then {
    Resume,
    Undo,
}

/// Restores with a fault; whether a kill was hit.
fn disturbed(scene: &Scene, point: &Point, then: Then) -> Checked<bool> {
    let before = scene.reset();
    let answer = scene.run_under(point, &scene.words());
    let in_words = |what: String| format!("then {then:?}: {what}\n  {answer:?}");
    let was_killed = answer.code.is_none();
    if was_killed != point.is_kill() && (was_killed || answer.code != Some(0)) {
        let is_told = !was_killed && (!answer.err.is_empty() || point.call == "write");
        if !is_told {
            return Err(in_words("nothing was said".to_owned()));
        }
    }
    if answer.code == Some(0) {
        scene.is_after().map_err(in_words)?;
    }
    let told = if point.is_of_attributes() { answer.err.as_str() } else { "" };
    scene.is_whole(&before, told).map_err(in_words)?;
    match then {
        Then::Resume => resumed(scene, &before),
        Then::Undo => undone(scene, &before, told),
    }
    .map_err(in_words)?;
    scene.no_orphans().map_err(in_words)?;
    Ok(was_killed)
}

/// It is gone on with, or begun again where it had ended, and taken back.
fn resumed(scene: &Scene, before: &super::Facts) -> Checked {
    match scene.journal()? {
        Some((_, state)) if state == "interrupted" => scene.must(&["restore", "--resume"])?,
        Some(_) if scene.is_after().is_ok() => {}
        Some((id, _)) => {
            // It ended half-way: what it did is taken back first.
            scene.must(&["undo", &id])?;
            return scene.is_before(before);
        }
        None => scene.must(&scene.words())?,
    }
    scene.is_after()?;
    scene.must(&["undo"])?;
    scene.is_before(before)
}

/// It is taken back, done again, and taken back.
fn undone(scene: &Scene, before: &super::Facts, told: &str) -> Checked {
    let Some((id, _)) = scene.journal()? else {
        scene.is_before(before)?;
        return scene.no_workspace();
    };
    let was_whole = scene.is_after().is_ok();
    for _ in 0..2 {
        scene.must(&["undo", &id])?;
        scene.is_before(before)?;
        scene.is_whole(before, told)?;
        if scene.journal()?.is_none() {
            return scene.no_workspace();
        }
        scene.must(&["undo", &id])?;
        scene.is_whole(before, told)?;
        if was_whole {
            scene.is_after()?;
        }
    }
    Ok(())
}

fn restore(way: Way) {
    let Some(scene) = Scene::new(way) else { return };
    let mut points = Points::new();
    let counts = scene.counts();
    for point in points.of(&counts, SAMPLE) {
        for then in points.ways([Then::Resume, Then::Undo]) {
            let outcome = disturbed(&scene, &point, then);
            points.note(&point, outcome);
        }
    }
    points.end(&format!("restore {way:?}"));
}

#[test]
fn a_disturbed_restore_is_gone_on_with_or_taken_back() {
    restore(Way::Exact);
}

#[test]
fn a_disturbed_restore_by_a_person_is_gone_on_with_or_taken_back() {
    restore(Way::ExactByPerson);
}

#[test]
fn a_disturbed_restore_without_flags_of_renames_is_gone_on_with_or_taken_back() {
    restore(Way::ExactPlainly);
}

#[test]
fn a_disturbed_restore_beside_what_is_there_is_gone_on_with_or_taken_back() {
    restore(Way::KeepBoth);
}

#[test]
fn folders_that_were_writable_for_a_moment_are_read_only_again() {
    let Some(scene) = Scene::new(Way::ExactByPerson) else { return };
    let mut points = Points::new();
    for point in Points::at_each(&scene.counts(), "fchmodat", &["EROFS"]) {
        try_both(&scene, &mut points, &point);
    }
    points.end("changes of folders' permissions");
}

#[test]
fn attributes_that_are_refused_are_told_and_the_file_is_taken_back_all_the_same() {
    let Some(scene) = Scene::new(Way::ExactByPerson) else { return };
    let mut points = Points::new();
    for point in Points::at_each(&scene.counts(), "fsetxattr", &["ENOSPC", "EDQUOT", "EIO"]) {
        try_both(&scene, &mut points, &point);
    }
    points.end("attributes of what is restored");
    assert!(scene.lacking() > 0, "nothing came back without its attributes");
}

fn try_both(scene: &Scene, points: &mut Points, point: &Point) {
    for then in [Then::Resume, Then::Undo] {
        let outcome = disturbed(scene, point, then);
        points.note(point, outcome);
    }
}
