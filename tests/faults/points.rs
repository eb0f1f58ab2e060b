//! At which system calls a run is killed, and which of them fail: all of them, or a sample that a seed repeats.

use std::collections::BTreeMap;

use crate::common::chance::Chance;

/// Where this is set, every system call is tried; else a few.
const ALL: &str = "YORE_KILLS";

/// What happens at one call of one thread.
#[derive(Debug, Clone)]
pub struct Point {
    pub call: String,
    /// The call's number, from 1.
    time: usize,
    /// Nothing for a kill.
    error: Option<&'static str>,
    /// Whether it fails from then on.
    lasts: bool,
}

/// What the calls of files answer where something is wrong; the others can't fail for a reason outside of the program.
const ERRORS: [(&[&str], &[&str]); 4] = [
    (&["openat", "openat2"], &["EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE"]),
    (&["fcntl"], &["EMFILE"]),
    (
        &[
            "write",
            "pwrite64",
            "copy_file_range",
            "ftruncate",
            "mkdirat",
            "linkat",
            "symlinkat",
            "mknodat",
            "rename",
            "renameat",
            "renameat2",
            "unlink",
            "unlinkat",
            "fchmod",
            "fchmodat",
            "chmod",
            "fchown",
            "fchownat",
            "fsetxattr",
            "fremovexattr",
            "utimensat",
            "ioctl",
            "fsync",
            "fdatasync",
            "syncfs",
        ],
        &["EIO", "ENOSPC", "EDQUOT", "EROFS"],
    ),
    (
        &["read", "pread64", "getdents64", "statx", "readlinkat", "fgetxattr", "flistxattr"],
        &["EIO"],
    ),
];

/// The calls that change what is there, which a sample favours.
fn changes(call: &str) -> bool {
    ERRORS[2].0.contains(&call)
}

/// What is tried of one command.
#[derive(Debug)]
pub struct Points {
    pub seed: u64,
    chance: Chance,
    all: bool,
    hits: BTreeMap<String, usize>,
    kills: usize,
    errors: usize,
    wrong: Vec<String>,
}

impl Points {
    pub fn new() -> Self {
        let seed = jiff::Timestamp::now().as_second() as u64 / 86_400;
        Self {
            seed,
            chance: Chance::new(seed),
            all: std::env::var_os(ALL).is_some(),
            hits: BTreeMap::new(),
            kills: 0,
            errors: 0,
            wrong: Vec::new(),
        }
    }

    /// The points of a run that makes so many of each call: all, or `sample` of them.
    pub fn of(&mut self, counts: &BTreeMap<String, usize>, sample: usize) -> Vec<Point> {
        let mut all: Vec<Point> = Vec::new();
        for (call, most) in counts {
            let point = |time, error, lasts| Point { call: call.clone(), time, error, lasts };
            all.extend((1..=*most).map(|time| point(time, None, false)));
            for (_, errors) in ERRORS.iter().filter(|(calls, _)| calls.contains(&call.as_str())) {
                for error in *errors {
                    let both =
                        |time| [point(time, Some(error), false), point(time, Some(error), true)];
                    all.extend((1..=*most).flat_map(both));
                }
            }
        }
        if self.all {
            return all;
        }
        let mut few = Vec::new();
        while few.len() < sample {
            let point = self.chance.of(&all);
            if changes(&point.call) || self.chance.is(10) {
                few.push(point);
            }
        }
        few
    }

    /// Whether of two ways to go on after a point this is the time for the first; with all points, both are tried.
    pub fn ways<T: Copy>(&mut self, both: [T; 2]) -> Vec<T> {
        if self.all { both.to_vec() } else { vec![self.chance.of(&both)] }
    }

    /// Notes what came of a point; a kill says whether it was hit.
    pub fn note(&mut self, point: &Point, outcome: Result<bool, String>) {
        match outcome {
            Ok(was_hit) if point.is_kill() => {
                self.kills += usize::from(was_hit);
                *self.hits.entry(point.call.clone()).or_default() += usize::from(was_hit);
            }
            Ok(_) => self.errors += 1,
            Err(what) => {
                eprintln!("{}: {what}", point.injection());
                self.wrong.push(format!("{}: {what}", point.injection()));
            }
        }
    }

    /// Says what was done, and fails if any of it went wrong.
    #[track_caller]
    pub fn end(self, what: &str) {
        let Self { seed, kills, errors, hits, wrong, .. } = self;
        let count = wrong.len();
        eprintln!(
            "{what}, seed {seed}: {kills} kills, {errors} errors, {count} wrong; killed at {hits:?}"
        );
        assert!(wrong.is_empty(), "{what}: {count} wrong\n{}", wrong.join("\n"));
        assert!(kills + errors > 0, "{what}: nothing was tried");
    }
}

impl Point {
    pub fn is_kill(&self) -> bool {
        self.error.is_none()
    }

    /// As strace wants it.
    pub fn injection(&self) -> String {
        let Self { call, time, error, lasts } = self;
        let on = if *lasts { "+" } else { "" };
        match error {
            None => format!("{call}:signal=SIGKILL:when={time}"),
            Some(error) => format!("{call}:error={error}:when={time}{on}"),
        }
    }
}
