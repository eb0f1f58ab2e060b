//! How long questions about a long past take, and how large its index is: 1,000,000 files and 500 snapshots with 0.5 % changes each,
//! made up and written through the same doors as a backup's.
//!
//! `cargo bench --bench history [-- FILES SNAPSHOTS]`. The index stays in the temporary folder while this runs.

mod tree;

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;
use yore::engine::dir::Dir;
use yore::engine::history::History;
use yore::engine::index::{Index, SnapshotState, Spool};
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;
use yore::engine::pin::Pin;
use yore::engine::repository::{FORMAT, Identity, Repository};
use yore::engine::seal::{Owner, Seal, SealedSource, SealedTime, SnapshotKind};

use tree::{Chance, LARGE, Tree};

/// How many of each question are asked.
const ASKED: usize = 50;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let files = numbers.next().unwrap_or(1_000_000_usize);
    let snapshots = numbers.next().unwrap_or(500) as i64;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let identity = Identity {
        host: "bench".to_owned(),
        user: "bench".to_owned(),
        machine_id: b"bench".to_vec(),
        euid: nix::unistd::geteuid().as_raw(),
    };
    let repository = Repository::create(folder.path(), &identity, true).expect("a repository");
    let path = repository.path().join("index.sqlite");
    let mut index = Index::create(&path, repository.marker().id).expect("an index");
    let source = Uuid::new_v4();

    println!("{files} files, {snapshots} snapshots, {} changes each", files / 200);
    let spool = new_spool(folder.path());
    let mut out = spool.writer();
    let mut tree = Tree::plant(files, &mut out);
    out.flush().expect("a spool");
    drop(out);
    let first = add(&mut index, &spool, source, 1);
    println!("first transaction      {:8.2} s", first.as_secs_f64());
    let mut later = Vec::new();
    for seq in 2..=snapshots {
        let spool = new_spool(folder.path());
        let mut out = spool.writer();
        tree.live_on(seq, files / 200, &mut out);
        out.flush().expect("a spool");
        drop(out);
        later.push(add(&mut index, &spool, source, seq as u64));
    }
    print_times("later transactions", &mut later);
    drop(index);
    sizes(&path);
    let scratch = folder.path().join("scratch.sqlite");
    let history = History::open(repository, None, &scratch, &Monitor::new()).expect("a history");
    ask(&history, &mut tree, snapshots as u64);
}

fn new_spool(folder: &Path) -> Spool {
    Spool::create(&Dir::open(folder).expect("a folder")).expect("a spool")
}

fn add(index: &mut Index, spool: &Spool, source: Uuid, seq: u64) -> Duration {
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
    index.add_snapshot(&seal, &name, SnapshotState::Good, &Pin::default(), spool).expect("a row");
    started.elapsed()
}

fn print_times(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, Duration::as_secs_f64);
    let (median, worst) = (at(50) * 1e3, times.last().map_or(0.0, Duration::as_secs_f64) * 1e3);
    println!("{what:<22} {median:8.2} ms in the middle, {worst:8.2} ms at worst");
}

/// What each table and index takes, and how much that is for a version.
fn sizes(path: &Path) {
    let connection = rusqlite::Connection::open(path).expect("the index");
    let count = |sql: &str| -> f64 { connection.query_row(sql, [], |row| row.get(0)).expect(sql) };
    let versions = count("SELECT count(*) FROM version");
    println!(
        "{versions} versions of {} paths, {} names",
        count("SELECT count(*) FROM node"),
        count("SELECT count(*) FROM name")
    );
    let mut tables = connection
        .prepare("SELECT name, sum(pgsize), sum(payload) FROM dbstat GROUP BY name ORDER BY 2 DESC")
        .expect("dbstat");
    let mut all = 0.0;
    let rows = tables
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?))
        })
        .expect("sizes");
    for row in rows {
        let (name, bytes, payload) = row.expect("a size");
        all += bytes;
        if bytes > 1e6 {
            println!(
                "  {name:<28} {:8.1} MB {:6.1} bytes a version, {:3.0} % full",
                bytes / 1e6,
                bytes / versions,
                payload / bytes * 100.0
            );
        }
    }
    println!("index                  {:8.1} MB {:6.1} bytes a version", all / 1e6, all / versions);
}

fn ask(history: &History, tree: &mut Tree, newest: u64) {
    let (folders, files) = tree.sample(ASKED);
    let parse = |path: &String| RelPath::parse(path.as_bytes()).expect("a path");
    let large = parse(&tree.large_folder().to_owned());
    let mut chance = Chance::new(2);
    let listed = history.list(&large, newest).expect("a list").len();
    assert!(listed >= LARGE / 2, "{listed}");
    let mut times: Vec<Duration> = (0..ASKED)
        .map(|_| {
            let at = 1 + chance.next() % newest;
            timed(|| history.list(&large, at).map(drop))
        })
        .collect();
    print_times("list of 10,000", &mut times);
    let mut times: Vec<Duration> =
        folders.iter().map(|path| timed(|| history.list(&parse(path), newest).map(drop))).collect();
    print_times("list of a folder", &mut times);
    let mut times: Vec<Duration> =
        files.iter().map(|path| timed(|| history.versions(&parse(path)).map(drop))).collect();
    print_times("versions of a file", &mut times);
}

fn timed(work: impl FnOnce() -> yore::engine::error::Result<()>) -> Duration {
    let started = Instant::now();
    work().expect("an answer");
    started.elapsed()
}
