//! Journal bytes on disk: damage is reported, or nothing that anybody reads has changed. Real SQLite, in memory.
//!
//! An input is a list of damages of five bytes each: where (little endian, modulo the length of the file), and which bits
//! flip. What SQLite does with a damaged log file is its own: it ends at the first frame whose checksum is wrong, as after a
//! power cut. So the log is written back before.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use fusion_core::contract::{Blobs, Env, Journal, Queue, Records, Store};
use fusion_core::error::{Code, Error, Result as Answer};
use fusion_core::model::{
    Append, Batch, Digest, Document, Enqueue, Key, NodeIx, Op, Payload, Record,
};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;
use fusion_crashfs::Disk;

use crate::shape::{Shape, magnitude};

const FILE: &str = "fuzz.db";
const STREAMS: [&str; 4] = ["run/a", "run/b", "run/a-longer-name", "run/c"];
const ENTRIES: usize = 40;
/// The most damages in one input.
const DAMAGES: usize = 64;

/// What a whole file answers.
#[derive(Debug, PartialEq)]
struct Answers(Vec<(String, String)>);

/// A whole file, and what it answers.
struct Whole {
    bytes: Vec<u8>,
    answers: Answers,
    blob: Digest,
    env: Arc<dyn Env>,
}

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    static WHOLE: OnceLock<Result<Whole, String>> = OnceLock::new();
    let whole = WHOLE.get_or_init(|| make().map_err(|error| error.to_string())).as_ref()?;
    let mut damaged = whole.bytes.clone();
    for damage in bytes.as_chunks::<5>().0.iter().take(DAMAGES) {
        let [a, b, c, d, bits] = *damage;
        let place = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(0) % damaged.len();
        if let Some(byte) = damaged.get_mut(place) {
            *byte ^= bits;
        }
    }
    let disk = Disk::new(1);
    disk.load(FILE, &damaged);
    let mut shape = Shape::new();
    shape.number(magnitude(bytes.len() / 5));
    match open(&disk, &whole.env) {
        Ok(store) => judge(&store, whole, &mut shape)?,
        Err(error) => tell(&error, &mut shape)?,
    }
    Ok(shape.value())
}

fn tell(error: &Error, shape: &mut Shape) -> Result<(), String> {
    if error.code() == Code::Internal {
        return Err(format!("damage is called a mistake of the engine: {error}"));
    }
    shape.words(error.message());
    Ok(())
}

/// Compares what a damaged file answers with what it answered when it was whole.
fn judge(store: &Sqlite, whole: &Whole, shape: &mut Shape) -> Result<(), String> {
    let mut changed = Vec::new();
    for (asked, expected) in &whole.answers.0 {
        match ask(store, asked, whole.blob) {
            Err(error) => tell(&error, shape)?,
            Ok(answer) if answer == *expected => {}
            Ok(answer) => changed.push((asked, expected, answer)),
        }
    }
    let problems = match now(store.status(true)) {
        Ok(status) => status.problems,
        Err(error) => {
            tell(&error, shape)?;
            vec![error.to_string()]
        }
    };
    for problem in &problems {
        shape.words(problem);
    }
    for (asked, expected, answer) in changed {
        // What cannot be found any more is told by whoever examines the file; what is found must be right.
        let lost = answer == "None" || answer == "[]";
        if problems.is_empty() || (asked.starts_with("run/") && !lost) {
            return Err(format!(
                "{asked} answered {answer}, and {expected} before; problems: {problems:?}"
            ));
        }
    }
    // Whoever goes on writing hears of it too, and nothing falls over.
    if let Err(error) = now(store.commit(more("run/a", 9))) {
        shape.words(error.message());
    }
    Ok(())
}

fn make() -> Answer<Whole> {
    let env: Arc<dyn Env> = Os::new()
        .map_err(|why| Error::new(Code::Internal, "no clock could be read").because(why))?;
    let disk = Disk::new(1);
    let store = open(&disk, &env)?;
    for round in 0..9 {
        for stream in STREAMS {
            now(store.commit(more(stream, round)))?;
        }
    }
    let big = vec![7; 9_000];
    let blob = Digest::of(&big);
    let mut ops = vec![Op::Blob(blob, big.into())];
    for number in 0..ENTRIES {
        ops.push(Op::Enqueue(Enqueue {
            queue: if number % 3 == 0 { "runs" } else { "inbox/a" }.into(),
            dedup: Some(format!("key-{number}").into()),
            due: 5,
            body: format!("message {number}").into_bytes().into(),
            ..Enqueue::default()
        }));
        let document = Document {
            kind: "run".into(),
            id: format!("run-{number}").into(),
            version: 0,
            at: 0,
            tag: "running".into(),
            body: format!("document {number}").into_bytes().into(),
        };
        ops.push(Op::Put(document, None));
    }
    now(store.commit(Batch { now: 5, ops }))?;
    let mut asked: Vec<String> = STREAMS.iter().map(ToString::to_string).collect();
    asked.extend(["runs", "inbox/a", "documents", "blob", "key-7"].map(str::to_owned));
    let answer = |asked: String| Ok((asked.clone(), ask(&store, &asked, blob)?));
    let answers = Answers(asked.into_iter().map(answer).collect::<Answer<_>>()?);
    now(store.close())?;
    let bytes = disk.files().remove(FILE).unwrap_or_default();
    Ok(Whole { bytes, answers, blob, env })
}

/// Makes a batch of a few records after `round` others of the same size.
fn more(stream: &str, round: u64) -> Batch {
    let record = |number: u64| {
        let text = format!("{stream} {round} {number}");
        Record::MemoSaved(Key::node(NodeIx(0)), text, Payload::from_bytes(vec![3; 200]))
    };
    let records = (0..3).map(record).collect();
    let append = Append { stream: stream.into(), expect: 3 * round, epoch: 0, records };
    Batch { now: 5, ops: vec![Op::Append(append)] }
}

fn open(disk: &Disk, env: &Arc<dyn Env>) -> Answer<Sqlite> {
    Sqlite::inline(Options::new(FILE).vfs(disk.vfs()), env)
}

/// Asks one thing, and writes the answer down.
fn ask(store: &Sqlite, asked: &str, blob: Digest) -> Answer<String> {
    Ok(match asked {
        "blob" => format!("{:?}", now(store.blob(blob))?),
        "documents" => {
            let page = now(store.list("run", None, None, 1_000))?;
            let known = |item: &Document| (item.id.clone(), item.body.clone());
            format!("{:?}", page.items.iter().map(known).collect::<Vec<_>>())
        }
        "runs" | "inbox/a" => {
            let entries = now(store.entries(asked, 0, 1_000))?;
            let known = entries.iter().map(|entry| (entry.id, entry.body.clone()));
            format!("{:?}", known.collect::<Vec<_>>())
        }
        key if key.starts_with("key-") => {
            format!("{:?}", now(store.entry(key))?.map(|entry| entry.body))
        }
        stream => format!("{:?}", now(store.read(stream, 0, 1_000))?),
    })
}

/// Gives the answer of a store that answers at once.
fn now<T>(future: impl Future<Output = Answer<T>>) -> Answer<T> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(Error::new(Code::Internal, "an inline store did not answer at once")),
    }
}
