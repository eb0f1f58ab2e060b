//! The real `yore`, run in a home of its own.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::drive::must;
use super::place::{scratch, set_mode};

/// A run that takes longer has hung.
const HANG: Duration = Duration::from_secs(300);

/// The number of the user and group that own nothing.
pub const NOBODY: u32 = 65534;

/// A person's home on a computer, with everything that `yore` keeps there.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    program: PathBuf,
    user: Option<u32>,
    groups: Vec<u32>,
}

/// What a run of `yore` answered.
#[derive(Debug)]
pub struct Answer {
    /// The exit code; `None` if it was killed.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    /// The home of whoever runs the tests.
    pub fn new() -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_yore"));
        Self { folder: scratch(), program, user: None, groups: Vec::new() }
    }

    /// The home of a person without any privilege; only root can act for one.
    pub fn of_nobody() -> Self {
        Self::of_user(NOBODY)
    }

    /// The home of a person with this number, whom the computer need not know.
    pub fn of_user(user: u32) -> Self {
        Self::of_members(user, &[])
    }

    /// As [`Home::of_nobody`], of a person who is in more groups than their own.
    pub fn of_member(groups: &[u32]) -> Self {
        Self::of_members(NOBODY, groups)
    }

    fn of_members(user: u32, groups: &[u32]) -> Self {
        let folder = scratch();
        let program = folder.path().join("yore");
        // By another program: a file that this one has open for writing while a test beside it starts
        // a program can't be run.
        must(Command::new("cp").args(["--", env!("CARGO_BIN_EXE_yore")]).arg(&program));
        set_mode(&program, 0o755);
        std::os::unix::fs::chown(folder.path(), Some(user), Some(user)).unwrap();
        Self { folder, program, user: Some(user), groups: groups.to_vec() }
    }

    /// Whether `yore` runs as root here.
    pub fn is_privileged(&self) -> bool {
        self.user.is_none() && nix::unistd::geteuid().is_root()
    }

    /// Gives an entry to this person.
    pub fn own(&self, path: &Path) {
        if let Some(user) = self.user {
            std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the configuration is if nothing else is said.
    pub fn config(&self) -> PathBuf {
        self.path().join("config/yore/config.toml")
    }

    /// A command that is run as this person, in this home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.command_under(&[], program.as_ref())
    }

    fn command_under(&self, wrapper: &[&str], program: &OsStr) -> Command {
        let mut words: Vec<OsString> = wrapper.iter().map(Into::into).collect();
        if let Some(user) = self.user {
            let groups: Vec<String> = self.groups.iter().map(ToString::to_string).collect();
            let groups = match groups.as_slice() {
                [] => "--clear-groups".to_owned(),
                groups => format!("--groups={}", groups.join(",")),
            };
            words.extend(["setpriv".into(), groups.into()]);
            words.push(format!("--reuid={user}").into());
            words.push(format!("--regid={user}").into());
        }
        words.push(program.to_owned());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", self.path())
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .current_dir("/");
        command
    }

    /// Runs `yore`.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        self.run_under(&[], arguments)
    }

    /// Runs `yore` by another program.
    pub fn run_under<S: AsRef<OsStr>>(
        &self,
        wrapper: &[&str],
        arguments: impl IntoIterator<Item = S>,
    ) -> Answer {
        let mut command = self.command_under(wrapper, self.program.as_os_str());
        command.args(arguments);
        let output = assert_cmd::Command::from_std(command).timeout(HANG).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Answer { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs `yore --json` and reads the answer; the exit code must be `code`.
    #[track_caller]
    pub fn json_of<S: AsRef<OsStr>>(
        &self,
        code: i32,
        arguments: impl IntoIterator<Item = S>,
    ) -> Value {
        let answer = self.run_json(arguments);
        assert_eq!(answer.code, Some(code), "{answer:?}");
        answer.json()
    }

    /// As [`Home::json_of`], of a run in which all is well.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        self.json_of(0, arguments)
    }

    fn run_json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        let arguments = arguments.into_iter().map(|word| word.as_ref().to_owned());
        self.run([OsString::from("--json")].into_iter().chain(arguments))
    }

    /// Sets Yore up.
    #[track_caller]
    pub fn set_up(&self, drive: &Path, sources: &[&Path]) -> Value {
        let mut words = vec![OsStr::new("setup"), OsStr::new("--drive"), drive.as_os_str()];
        for source in sources {
            words.extend([OsStr::new("--source"), source.as_os_str()]);
        }
        self.json(words)
    }

    /// Makes a snapshot and gives its name.
    #[track_caller]
    pub fn back_up(&self) -> String {
        self.json(["backup"])["snapshot"].as_str().unwrap().to_owned()
    }

    /// The names of all snapshots, oldest first.
    #[track_caller]
    pub fn snapshots(&self) -> Vec<String> {
        let list = self.json(["snapshots"]);
        let name = |snapshot: &Value| snapshot["name"].as_str().unwrap().to_owned();
        list["snapshots"].as_array().unwrap().iter().map(name).collect()
    }
}

impl Answer {
    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless the run ended with `code` and said every one of `words`.
    #[track_caller]
    pub fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.err.contains(word) || self.out.contains(word), "{word:?} in {self:?}");
        }
        assert!(!self.err.contains("panicked"), "{self:?}");
    }
}
