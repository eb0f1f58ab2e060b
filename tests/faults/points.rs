//! At which system calls a run is killed, and which of them fail: all of them, or a sample that a seed repeats.

use std::collections::BTreeMap;
use std::iter;

use crate::common::chance::Chance;

/// What is tried, if not a few points by chance: `each` or `all`.
const EXTENT: &str = "YORE_KILLS";

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// A few points.
    Sample,
    /// Every call with one of its errors, and a kill at every call that may change what is there:
    /// one at another call leaves the same behind as one at the next of these.
    Each,
    /// Every call with all of its errors, once and from then on, and a kill at each; both ways to go on after it.
    All,
}

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
pub fn changes(call: &str) -> bool {
    ERRORS[2].0.contains(&call)
}

/// What is tried of one command.
#[derive(Debug)]
pub struct Points {
    pub seed: u64,
    chance: Chance,
    extent: Extent,
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
            extent: match std::env::var(EXTENT).as_deref() {
                Ok("all") => Extent::All,
                Ok("each") => Extent::Each,
                _ => Extent::Sample,
            },
            hits: BTreeMap::new(),
            kills: 0,
            errors: 0,
            wrong: Vec::new(),
        }
    }

    /// The points of a run that makes so many of each call; where only a few are tried, `sample` of them.
    pub fn of(&mut self, counts: &BTreeMap<String, usize>, sample: usize) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for (call, most) in counts {
            for time in 1..=*most {
                points.extend(self.at(call, time));
            }
        }
        if self.extent != Extent::Sample {
            // What may change something first.
            points.sort_by_key(|point| (!changes(&point.call), point.call == "fcntl"));
            return points;
        }
        let mut few = Vec::new();
        while few.len() < sample {
            let point = self.chance.of(&points);
            if changes(&point.call) || self.chance.is(10) {
                few.push(point);
            }
        }
        few
    }

    /// A kill at each call of this name, and each of these errors from there on.
    pub fn at_each(
        counts: &BTreeMap<String, usize>,
        call: &str,
        errors: &[&'static str],
    ) -> Vec<Point> {
        let point = |time, error: Option<&'static str>| {
            let lasts = error.is_some();
            Point { call: call.to_owned(), time, error, lasts }
        };
        let errors = errors.iter().map(|error| Some(*error));
        let ways: Vec<_> = iter::once(None).chain(errors).collect();
        let times = 1..=counts.get(call).copied().unwrap_or_default();
        times.flat_map(|time| ways.iter().map(move |error| point(time, *error))).collect()
    }

    /// What may happen at a call.
    fn at(&mut self, call: &str, time: usize) -> Vec<Point> {
        let point = |error, lasts| Point { call: call.to_owned(), time, error, lasts };
        let known = ERRORS.iter().find(|(calls, _)| calls.contains(&call));
        let errors = known.map_or(&[][..], |(_, errors)| errors);
        let failing =
            errors.iter().flat_map(|error| [false, true].map(|on| point(Some(*error), on)));
        let mut failing: Vec<Point> = failing.collect();
        let is_each = self.extent == Extent::Each;
        if is_each && !failing.is_empty() {
            failing = vec![self.chance.of(&failing)];
        }
        let kill = (!is_each || changes(call) || call == "openat").then(|| point(None, false));
        kill.into_iter().chain(failing).collect()
    }

    /// Whether of two ways to go on after a point this is the time for the first; with all points, both are tried.
    pub fn ways<T: Copy>(&mut self, both: [T; 2]) -> Vec<T> {
        if self.extent == Extent::All { both.to_vec() } else { vec![self.chance.of(&both)] }
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

    /// Whether it is about attributes.
    pub fn is_of_attributes(&self) -> bool {
        ["fsetxattr", "fgetxattr", "flistxattr"].contains(&self.call.as_str())
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
