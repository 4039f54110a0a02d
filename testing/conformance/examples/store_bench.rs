//! bench
use fusion_core::contract::*;
use fusion_core::model::*;
use fusion_core::record::{
    Memory,
    sqlite::{Options, Sqlite},
};
use fusion_core::run::Os;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn wchar() -> f64 {
    let s = std::fs::read_to_string("/proc/self/io").unwrap();
    s.lines()
        .find(|l| l.starts_with("write_bytes"))
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
fn rec(n: u64) -> Record {
    Record::NodeSucceeded(
        Key::node(NodeIx(n as u32)),
        1,
        12,
        Payload::from_bytes(vec![b'x'; 170]),
        false,
    )
}
struct R {
    rate: f64,
    cpu: f64,
    bytes: f64,
    p50: f64,
    p99: f64,
}

fn raw(dir: &Path, streams: i64, batch: usize, secs: f64, n: usize) -> R {
    let path = dir.join(format!("raw{n}.db"));
    let c = rusqlite::Connection::open(&path).unwrap();
    c.execute_batch("PRAGMA page_size=4096; PRAGMA journal_mode=wal; PRAGMA synchronous=full; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4096;
      CREATE TABLE streams(id INTEGER PRIMARY KEY, head INTEGER, last INTEGER, epoch INTEGER, uses INTEGER) STRICT;
      CREATE TABLE journal(id INTEGER PRIMARY KEY, stream INTEGER, prev INTEGER, first INTEGER, n INTEGER, at INTEGER, body BLOB) STRICT;").unwrap();
    c.set_prepared_statement_cache_capacity(64);
    for s in 0..streams {
        c.execute("INSERT INTO streams VALUES(?,0,0,0,0)", [s]).unwrap();
    }
    let body = vec![7u8; 190];
    let (t, c0, b0) = (Instant::now(), cpu(), wchar());
    let (mut ev, mut s) = (0u64, 0i64);
    let mut lat = Vec::new();
    while t.elapsed().as_secs_f64() < secs {
        let l = Instant::now();
        c.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
        for _ in 0..batch {
            let (head, last, epoch): (i64, i64, i64) = c
                .prepare_cached("SELECT head,last,epoch FROM streams WHERE id=?")
                .unwrap()
                .query_row([s], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
                .unwrap();
            assert!(epoch == 0);
            c.prepare_cached(
                "INSERT INTO journal(stream,prev,first,n,at,body) VALUES(?,?,?,1,?,?)",
            )
            .unwrap()
            .execute((s, last, head + 1, 1i64, &body))
            .unwrap();
            c.prepare_cached(
                "UPDATE streams SET head=head+1,last=? WHERE id=? AND head=? AND epoch=0",
            )
            .unwrap()
            .execute((c.last_insert_rowid(), s, head))
            .unwrap();
            s = (s + 1) % streams;
            ev += 1;
        }
        c.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
        lat.push(l.elapsed().as_secs_f64());
    }
    let e = t.elapsed().as_secs_f64();
    lat.sort_by(f64::total_cmp);
    R {
        rate: ev as f64 / e,
        cpu: (cpu() - c0) / ev as f64 * 1e6,
        bytes: (wchar() - b0) / ev as f64,
        p50: lat[lat.len() / 2] * 1e6,
        p99: lat[lat.len() * 99 / 100] * 1e6,
    }
}

async fn engine(store: Arc<dyn Store>, producers: usize, secs: f64) -> R {
    for p in 0..producers {
        store
            .commit(Batch {
                now: 1,
                ops: vec![Op::Append(Append {
                    stream: format!("run/0192f3a1-7c11-7000-8000-{p:012}").into(),
                    expect: 0,
                    epoch: 0,
                    records: vec![rec(0)],
                })],
            })
            .await
            .unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (t, c0, b0) = (Instant::now(), cpu(), wchar());
    let done = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for p in 0..producers {
        let (store, stop, done) = (store.clone(), stop.clone(), done.clone());
        tasks.push(tokio::spawn(async move {
            let stream: Arc<str> = format!("run/0192f3a1-7c11-7000-8000-{p:012}").into();
            let mut n = 1;
            let mut lat = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let l = Instant::now();
                store
                    .commit(Batch {
                        now: 1,
                        ops: vec![Op::Append(Append {
                            stream: stream.clone(),
                            expect: n,
                            epoch: 0,
                            records: vec![rec(n)],
                        })],
                    })
                    .await
                    .unwrap();
                lat.push(l.elapsed().as_secs_f64());
                n += 1;
                done.fetch_add(1, Ordering::Relaxed);
            }
            lat
        }));
    }
    tokio::time::sleep(Duration::from_secs_f64(secs)).await;
    let ev = done.load(Ordering::Relaxed) as f64;
    let e = t.elapsed().as_secs_f64();
    let (c1, b1) = (cpu(), wchar());
    stop.store(true, Ordering::Relaxed);
    let mut lat = Vec::new();
    for t in tasks {
        lat.extend(t.await.unwrap());
    }
    store.close().await.unwrap();
    lat.sort_by(f64::total_cmp);
    R {
        rate: ev / e,
        cpu: (c1 - c0) / ev * 1e6,
        bytes: (b1 - b0) / ev,
        p50: lat[lat.len() / 2] * 1e6,
        p99: lat[lat.len() * 99 / 100] * 1e6,
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let dir = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or(".".into())).unwrap();
    let env: Arc<dyn Env> = Os::new().unwrap();
    let mode = std::env::args().nth(2).unwrap_or("all".into());
    let secs = 2.0;
    if mode == "all" || mode == "rate" {
        let mut n = 0;
        for (producers, batch) in [(1usize, 1usize), (64, 32), (1000, 500)] {
            let mut ratios = Vec::new();
            for _ in 0..5 {
                n += 1;
                let path = dir.path().join(format!("e{n}.db"));
                let r = tokio::task::block_in_place(|| {
                    raw(dir.path(), producers.max(1) as i64, batch, secs, n)
                });
                let e = engine(
                    Arc::new(Sqlite::open(Options::new(path), env.clone()).unwrap()),
                    producers,
                    secs,
                )
                .await;
                println!(
                    "{producers:5} producers: S {:8.0}/s cpu {:5.2}us {:6.0}B p50 {:6.0} p99 {:6.0} | store {:8.0}/s cpu {:5.2}us {:6.0}B p50 {:6.0} p99 {:6.0} | ratio {:.2}",
                    r.rate,
                    r.cpu,
                    r.bytes,
                    r.p50,
                    r.p99,
                    e.rate,
                    e.cpu,
                    e.bytes,
                    e.p50,
                    e.p99,
                    e.rate / r.rate
                );
                ratios.push(e.rate / r.rate);
            }
            ratios.sort_by(f64::total_cmp);
            println!("{producers} producers: median ratio {:.2}", ratios[2]);
        }
    }
    if mode == "all" || mode == "memory" {
        let m = Memory::new();
        let t = Instant::now();
        let mut at = 0;
        let recs: Vec<Vec<Record>> =
            (0..1000).map(|i| (0..1000).map(|j| rec(i * 1000 + j)).collect()).collect();
        let made = t.elapsed();
        let t = Instant::now();
        for r in recs {
            let k = r.len() as u64;
            m.commit(Batch {
                now: 1,
                ops: vec![Op::Append(Append {
                    stream: "s".into(),
                    expect: at,
                    epoch: 0,
                    records: r,
                })],
            })
            .await
            .unwrap();
            at += k;
        }
        println!(
            "memory, 1000 a batch: {:.1} ns a record (making them {:.1})",
            t.elapsed().as_nanos() as f64 / 1e6,
            made.as_nanos() as f64 / 1e6
        );
        let t = Instant::now();
        let s: Arc<str> = "t".into();
        for n in 0..1_000_000u64 {
            m.commit(Batch {
                now: 1,
                ops: vec![Op::Append(Append {
                    stream: s.clone(),
                    expect: n,
                    epoch: 0,
                    records: vec![Record::NodeSkipped(Key::node(NodeIx(n as u32)))],
                })],
            })
            .await
            .unwrap();
        }
        println!("memory, 1 a batch: {:.1} ns a record", t.elapsed().as_nanos() as f64 / 1e6);
    }
    if mode == "all" || mode == "read" {
        let store = Sqlite::open(
            Options::new(dir.path().join("read.db")).durability(Durability::Relaxed),
            env.clone(),
        )
        .unwrap();
        for b in 0..1000u64 {
            store
                .commit(Batch {
                    now: 1,
                    ops: vec![Op::Append(Append {
                        stream: "wide".into(),
                        expect: b * 1000,
                        epoch: 0,
                        records: (0..1000).map(rec).collect(),
                    })],
                })
                .await
                .unwrap();
        }
        let t = Instant::now();
        let mut after = 0;
        loop {
            let p = store.read("wide", after, 1000).await.unwrap();
            if p.is_empty() {
                break;
            }
            after += p.len() as u64;
        }
        println!(
            "read wide 1M records in 1000 rows: {:.0} ns a record",
            t.elapsed().as_nanos() as f64 / after as f64
        );
        for b in 0..100_000u64 {
            let mut v = Vec::new();
            for s in 0..10 {
                v.push(Op::Append(Append {
                    stream: format!("n{s}").into(),
                    expect: b / 10,
                    epoch: 0,
                    records: vec![rec(b)],
                }));
            }
            if b % 10 == 0 {
                store.commit(Batch { now: 1, ops: v }).await.unwrap();
            }
        }
        let t = Instant::now();
        let mut after = 0;
        loop {
            let p = store.read("n3", after, 1000).await.unwrap();
            if p.is_empty() {
                break;
            }
            after += p.len() as u64;
        }
        println!(
            "read a stream of {after} rows among 10: {:.0} ns a record",
            t.elapsed().as_nanos() as f64 / after as f64
        );
        let t = Instant::now();
        for _ in 0..2000 {
            store.head("n3").await.unwrap();
        }
        println!("head: {:.1} us", t.elapsed().as_micros() as f64 / 2000.0);
        store.close().await.unwrap();
    }
    if mode == "all" || mode == "tail" {
        let path = dir.path().join("tail.db");
        let a = Arc::new(Sqlite::open(Options::new(&path), env.clone()).unwrap());
        let b = Arc::new(Sqlite::open(Options::new(&path), env.clone()).unwrap());
        let mut ear = b.bus().listen(&["queue/q"]);
        let c0 = cpu();
        tokio::time::sleep(Duration::from_secs(10)).await;
        println!(
            "idle with a listener: {:.3} % of a core (two stores, one listens)",
            (cpu() - c0) / 10.0 * 100.0
        );
        let mut lat = Vec::new();
        for n in 0..200 {
            tokio::time::sleep(Duration::from_millis(7 + n % 13)).await;
            let t = Instant::now();
            a.commit(Batch {
                now: 1,
                ops: vec![Op::Enqueue(Enqueue { queue: "q".into(), ..Enqueue::default() })],
            })
            .await
            .unwrap();
            let c = t.elapsed();
            ear.heard().await;
            lat.push((t.elapsed() - c).as_secs_f64() * 1e3);
        }
        lat.sort_by(f64::total_cmp);
        println!(
            "wake-up through the file: p50 {:.1} ms p99 {:.1} ms max {:.1} ms",
            lat[100], lat[197], lat[199]
        );
    }
}
