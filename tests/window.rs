//! The window, driven through its accessible controls as a person would. The scripts beside this file do it: the main
//! job (back up, change, go back in time, restore), the window's own life, what can be the matter, and what people come
//! for every day. Every screen is drawn, too.
//!
//! `YORE_SCREENSHOTS=DIR` draws them there in every look, else in one of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::person::Person;
use crate::common::drive::LoopDrive;
use crate::common::place::{has_program, set_mode};

mod person;
mod picture;

/// A window that takes longer has hung.
const HANG: Duration = Duration::from_secs(600);

/// Style, size in pixels, and the direction of writing of the screens that are drawn.
const LOOKS: [[&str; 3]; 5] = [
    ["light", "1100x720", "ltr"],
    ["dark", "360x640", "ltr"],
    ["light", "360x640", "ltr"],
    ["dark", "1100x720", "ltr"],
    ["light", "1100x720", "rtl"],
];

/// Room for all that is backed up here, in MiB.
const DRIVE_MIB: u64 = 256;

#[test]
fn the_main_job_is_done_in_the_window() {
    if let Some(drive) = drive() {
        play("drive.py", &drive);
    }
}

#[test]
fn the_window_lives_as_long_as_its_work() {
    if !has_program("fsfreeze") {
        return;
    }
    if let Some(drive) = drive() {
        play("life.py", &drive);
    }
}

#[test]
fn the_window_helps_when_something_is_the_matter() {
    if !["fsfreeze", "losetup", "setpriv"].into_iter().all(has_program) {
        return;
    }
    if let Some(drive) = drive() {
        play("states.py", &drive);
    }
}

#[test]
fn the_everyday_tasks_are_done_in_the_window() {
    if let Some(drive) = drive_of_a_person() {
        play("tasks.py", &drive);
    }
}

#[test]
fn every_screen_is_drawn_and_all_of_it_has_names() {
    if !["fsfreeze", "import", "losetup", "setpriv"].into_iter().all(has_program) {
        return;
    }
    let wanted = std::env::var_os("YORE_SCREENSHOTS").map(PathBuf::from);
    let looks = if wanted.is_some() { LOOKS.len() } else { 1 };
    let folder = wanted.unwrap_or_else(screenshots);
    for [style, size, direction] in &LOOKS[..looks] {
        let Some(drive) = drive_of_a_person() else { return };
        let words = ["--style", style, "--size", size, "--direction", direction];
        play_with("gallery.py", &drive, &folder, &words);
    }
}

/// A drive for the window; `None` where no window can be driven.
fn drive() -> Option<LoopDrive> {
    can_be_driven().then(|| LoopDrive::ext4(DRIVE_MIB)).flatten()
}

/// A drive with a past, beside the home of whoever it belongs to.
fn drive_of_a_person() -> Option<LoopDrive> {
    let drive = can_be_driven().then(|| LoopDrive::in_memory(DRIVE_MIB)).flatten()?;
    Person::make(drive.path(), drive.path().parent().unwrap());
    Some(drive)
}

fn can_be_driven() -> bool {
    ["dbus-run-session", "xvfb-run", "python3"].into_iter().all(has_program)
}

/// A display of the script's own: two that look for a free one at once may find the same.
fn display(script: &str) -> String {
    let scripts = ["drive.py", "life.py", "states.py", "tasks.py", "gallery.py"];
    let index = scripts.iter().position(|known| *known == script).unwrap();
    (100 + std::process::id() as usize % 1_000 * scripts.len() + index).to_string()
}

/// Where pictures go that nobody asked for.
fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots")
}

/// Plays a script beside this file in the folder around the drive.
fn play(script_name: &str, drive: &LoopDrive) {
    play_with(script_name, drive, &screenshots(), &[]);
}

/// The same with words of the script's own; its pictures go to a folder.
fn play_with(script_name: &str, drive: &LoopDrive, screenshots: &Path, words: &[&str]) {
    let work = drive.path().parent().unwrap();
    std::fs::create_dir_all(screenshots).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window").join(script_name);
    // Without a place of its own each session would have the assistive tools' bus where all others have theirs.
    let runtime = work.join("run");
    std::fs::create_dir_all(&runtime).unwrap();
    set_mode(&runtime, 0o700);
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "xvfb-run", "--server-num", &display(script_name)])
        .args(["-s", "-screen 0 1280x900x24", "/usr/bin/python3"])
        .arg(script)
        .args(["--window", env!("CARGO_BIN_EXE_yore-gtk"), "--work"])
        .arg(work)
        .arg("--screenshots")
        .arg(screenshots)
        .args(words)
        .env("XDG_RUNTIME_DIR", &runtime)
        .env("GSK_RENDERER", "cairo")
        .env("GDK_BACKEND", "x11");
    let output = assert_cmd::Command::from_std(command).timeout(HANG).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    eprint!("{}", text(&output.stdout));
    assert!(
        output.status.success(),
        "{}\n{}\nscreenshots are in {}",
        output.status,
        text(&output.stderr),
        screenshots.display()
    );
}
