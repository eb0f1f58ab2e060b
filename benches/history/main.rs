//! How long questions about a long past take, and how large its index is: 1,000,000 files and 500 snapshots with 0.5 % changes each,
//! made up and written through the same doors as a backup's; and how long the index takes to drop snapshots.
//!
//! `cargo bench --bench history [-- FILES SNAPSHOTS]`. The index stays in the temporary folder while this runs.

mod dropping;
mod questions;
mod tree;

use std::io::{Write as _, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;
use yore::engine::dir::Dir;
use yore::engine::history::History;
use yore::engine::index::{Index, LocalCopy, SnapshotState, Spool};
use yore::engine::pin::Pin;
use yore::engine::repository::FORMAT;
use yore::engine::seal::{Owner, Seal, SealedSource, SealedTime, SnapshotKind};

use tree::Tree;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let files = numbers.next().unwrap_or(1_000_000_usize);
    let snapshots = numbers.next().unwrap_or(500) as i64;
    let folder = tempfile::tempdir()?;
    // As this computer's copy of an index whose drive is away.
    let (repository, copies) = (Uuid::new_v4(), folder.path().join("copies"));
    std::fs::create_dir(&copies)?;
    let path = copies.join("1-bench.sqlite");
    let mut index = Index::create(&path, repository)?;
    let source = Uuid::new_v4();

    writeln!(stdout(), "{files} files, {snapshots} snapshots, {} changes each", files / 200)?;
    let spool = new_spool(folder.path())?;
    let mut out = spool.writer();
    let mut tree = Tree::plant(files, &mut out)?;
    out.flush()?;
    drop(out);
    let first = add(&mut index, &spool, source, 1)?;
    writeln!(stdout(), "first transaction        {:8.2} s", first.as_secs_f64())?;
    let mut later = Vec::new();
    for seq in 2..=snapshots {
        let spool = new_spool(folder.path())?;
        let mut out = spool.writer();
        tree.live_on(seq, files / 200, &mut out)?;
        out.flush()?;
        drop(out);
        later.push(add(&mut index, &spool, source, seq as u64)?);
    }
    print_times("later transactions", &mut later)?;
    drop(index);
    sizes(&path)?;
    let place = LocalCopy { folder: copies, limit_bytes: u64::MAX };
    let history = History::open_away(folder.path(), repository, place).ok_or("no history")?;
    questions::ask(&history, &mut tree, snapshots as u64)?;
    drop(history);
    dropping::drop_some(&path, snapshots as u64)
}

fn new_spool(folder: &Path) -> Result<Spool> {
    Ok(Spool::create(&Dir::open(folder)?)?)
}

fn add(index: &mut Index, spool: &Spool, source: Uuid, seq: u64) -> Result<Duration> {
    let moment = Timestamp::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seq * 3600);
    let time = SealedTime { utc: moment, local: moment.to_string() };
    let seal = Seal {
        format: FORMAT,
        features: Default::default(),
        seq,
        id: Uuid::new_v4(),
        parent: None,
        started: time.clone(),
        finished: time,
        host: String::new(),
        user: String::new(),
        version: String::new(),
        kind: SnapshotKind::Manual,
        boot: None,
        sources: vec![SealedSource { id: source, path: "home/ann".to_owned() }],
        rules: Vec::new(),
        owner: Owner { uid: 1000, gid: 1000 },
        ids: Default::default(),
        counts: Default::default(),
        bytes: Default::default(),
        overrides: None,
        problems: None,
        tree: Default::default(),
    };
    let name = moment.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
    let started = Instant::now();
    index.add_snapshot(&seal, &name, SnapshotState::Good, &Pin::default(), spool)?;
    Ok(started.elapsed())
}

/// Says how long something took, in the middle and at worst.
pub fn print_times(what: &str, times: &mut [Duration]) -> Result<()> {
    times.sort_unstable();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let (median, worst) = (milliseconds(times.get(times.len() / 2)), milliseconds(times.last()));
    writeln!(stdout(), "{what:<24} {median:8.2} ms in the middle, {worst:8.2} ms at worst")?;
    Ok(())
}

/// What each table and index takes, and how much that is for a version.
fn sizes(path: &Path) -> Result<()> {
    let connection = rusqlite::Connection::open(path)?;
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get::<_, f64>(0))
    };
    let versions = count("version")?;
    writeln!(
        stdout(),
        "{versions} versions of {} paths with {} names",
        count("node")?,
        count("name")?
    )?;
    let mut tables = connection.prepare(
        "SELECT name, sum(pgsize), sum(payload) FROM dbstat GROUP BY name ORDER BY 2 DESC",
    )?;
    let rows = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut all = 0.0;
    for row in rows {
        let (name, bytes, payload): (String, f64, f64) = row?;
        all += bytes;
        if bytes > 1e6 {
            let (megabytes, each, full) = (bytes / 1e6, bytes / versions, payload / bytes * 100.0);
            writeln!(
                stdout(),
                "  {name:<22} {megabytes:8.1} MB {each:6.1} bytes a version, {full:3.0} % full"
            )?;
        }
    }
    writeln!(
        stdout(),
        "index                    {:8.1} MB {:6.1} bytes a version",
        all / 1e6,
        all / versions
    )?;
    Ok(())
}
