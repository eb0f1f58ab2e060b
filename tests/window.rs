//! The window, driven through its accessible controls as a person would: back up, change, go back in
//! time, restore. The script beside this file does it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::common::drive::LoopDrive;
use crate::common::place::has_program;

/// A window that takes longer has hung.
const HANG: Duration = Duration::from_secs(240);

#[test]
fn the_main_job_is_done_in_the_window() {
    let programs = ["dbus-run-session", "xvfb-run", "python3"];
    if !programs.into_iter().all(has_program) {
        return;
    }
    let Some(drive) = LoopDrive::ext4(256) else { return };
    let work = drive.path().parent().unwrap();
    let screenshots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&screenshots).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window/drive.py");
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "xvfb-run", "-a", "-s", "-screen 0 1280x900x24", "/usr/bin/python3"])
        .arg(script)
        .args(["--window", env!("CARGO_BIN_EXE_yore-gtk"), "--work"])
        .arg(work)
        .arg("--screenshots")
        .arg(&screenshots)
        .env("GSK_RENDERER", "cairo")
        .env("GDK_BACKEND", "x11");
    let output = assert_cmd::Command::from_std(command).timeout(HANG).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}\n{}{}\nscreenshots are in {}",
        output.status,
        text(&output.stdout),
        text(&output.stderr),
        screenshots.display()
    );
}
