//! The functions that a backup spends its time in, each by itself: what a change of one of them brings is seen here
//! before it is lost in the noise of a whole run.
//!
//! `cargo bench --bench hot [-- NAME]`.

#![allow(clippy::unwrap_used, reason = "a measurement of what fails is none")]

mod place;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use yore::engine::copy::BUFFER_BYTES;
use yore::engine::digest::{Content, DirectoryDigest};
use yore::engine::index::Index;
use yore::engine::listing::Buffer;
use yore::engine::meta::{ContentHash, Fingerprint, Kind, Metadata};
use yore::engine::monitor::Monitor;
use yore::engine::overrides::Override;
use yore::engine::path::RelPath;
use yore::engine::rules::{FolderMarks, RuleSet, Rules};

use place::{FILES, Place};

criterion_group!(hot, folders, contents, decisions, digests, questions);
criterion_main!(hot);

/// What the kernel is asked for each folder and each file in it.
fn folders(criterion: &mut Criterion) {
    let place = Place::new();
    let folder = place.folder();
    let names: Vec<_> = folder.entries().unwrap().into_iter().map(|entry| entry.name).collect();
    let mut group = criterion.benchmark_group("folder of 1,000 files");
    group.throughput(Throughput::Elements(FILES as u64));
    let mut buffer = Buffer::default();
    // A folder is listed once by each descriptor.
    group.bench_function("list", |bencher| {
        bencher.iter_batched(
            || place.folder(),
            |dir| dir.entries_once(&mut buffer).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("stat", |bencher| {
        bencher.iter(|| {
            for name in &names {
                let stat = folder.stat_child(name).unwrap();
                black_box((Metadata::from_statx(&stat), Fingerprint::from_statx(&stat)));
            }
        });
    });
    group.bench_function("link", |bencher| {
        bencher.iter_batched(
            || place.empty(),
            |empty| {
                for name in &names {
                    empty.dir.link_from(&folder, name, name).unwrap();
                }
                empty
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Reading and hashing, nothing written.
fn contents(criterion: &mut Criterion) {
    let place = Place::new();
    let (monitor, mut buffer) = (Monitor::new(), vec![0; BUFFER_BYTES]);
    let mut group = criterion.benchmark_group("hash a file");
    for (name, bytes) in [("4 KiB", 4 << 10), ("256 KiB", 256 << 10), ("64 MiB", 64 << 20)] {
        place.write(name, bytes);
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(name, |bencher| {
            bencher.iter(|| place.hash(name, &mut buffer, &monitor));
        });
    }
    let sparse = "1 GiB, a hole";
    place.write_hole(sparse, 1 << 30);
    group.throughput(Throughput::Bytes(1 << 30));
    group.bench_function(sparse, |bencher| {
        bencher.iter(|| place.hash(sparse, &mut buffer, &monitor));
    });
    group.finish();
}

/// Whether an entry is left out.
fn decisions(criterion: &mut Criterion) {
    let rules = Rules::compile(RuleSet::for_home(), None).unwrap();
    let paths: Vec<_> = (0..FILES)
        .map(|at| format!("home/ann/Documents/Letters {}/to {at}.odt", at % 10))
        .map(|path| RelPath::parse(path.as_bytes()).unwrap())
        .collect();
    let marks = FolderMarks::default();
    let mut group = criterion.benchmark_group("rules");
    group.throughput(Throughput::Elements(paths.len() as u64));
    group.bench_function("home preset", |bencher| {
        bencher.iter(|| {
            for path in &paths {
                black_box(rules.decide(path, Kind::File, 4096, &marks));
            }
        });
    });
    group.finish();
}

/// What a seal says of each folder.
fn digests(criterion: &mut Criterion) {
    let place = Place::new();
    let dir = place.folder();
    let children: Vec<_> = dir
        .entries()
        .unwrap()
        .into_iter()
        .map(|entry| (Metadata::from_statx(&dir.stat_child(&entry.name).unwrap()).unwrap(), entry))
        .collect();
    let (change, hash) = (Override::default(), Content::File(Some(ContentHash([7; 32]))));
    let mut group = criterion.benchmark_group("digest");
    group.throughput(Throughput::Elements(children.len() as u64));
    group.bench_function("folder of 1,000 files", |bencher| {
        bencher.iter(|| {
            let mut digest = DirectoryDigest::default();
            for (meta, entry) in &children {
                digest.add(&entry.name, meta, &change, None, hash);
            }
            digest.finish()
        });
    });
    group.finish();
}

/// What the index is asked for each folder.
fn questions(criterion: &mut Criterion) {
    let place = Place::new();
    let (path, seq) = place.backed_up();
    let index = Index::steady_reader(&path).unwrap();
    let folder = RelPath::from_absolute(&place.source().join("folder")).unwrap();
    let node = index.node_of(&folder).unwrap().unwrap();
    let mut group = criterion.benchmark_group("index");
    group.throughput(Throughput::Elements(FILES as u64));
    group.bench_function("children of 1,000", |bencher| {
        bencher.iter(|| index.children(node, seq).unwrap());
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("node of a path", |bencher| {
        bencher.iter(|| index.node_of(&folder).unwrap());
    });
    group.finish();
}
