//! Every spelling of a file is one store, and what is no file is refused.

#![cfg(test)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::{Env, Queue, Store};
use fusion_core::error::{Code, Error};
use fusion_core::model::{Batch, Enqueue, Op};
use fusion_core::record::open;
use fusion_core::record::sqlite::Options;
use fusion_core::run::Os;

fn env() -> Arc<dyn Env> {
    Os::new().unwrap()
}

async fn add(store: &dyn Store, name: &str) -> Result<(), Error> {
    let entry = Enqueue { queue: "q".into(), dedup: Some(name.into()), ..Enqueue::default() };
    store.commit(Batch { now: 1, ops: vec![Op::Enqueue(entry)] }).await.map(drop)
}

async fn names(store: &dyn Store) -> Vec<String> {
    let entries = Queue::entries(store, "q", 0, 100).await.unwrap();
    entries.iter().filter_map(|entry| entry.dedup.as_deref().map(str::to_owned)).collect()
}

/// Names what is in a folder, the folder's own links and folders aside.
fn files(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let plain = all.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<_> = plain.map(|entry| entry.file_name().display().to_string()).collect();
    names.sort();
    names
}

/// Writes a path from the current folder on.
fn relative(path: &Path) -> String {
    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    let up = "../".repeat(here.components().count() - 1);
    let path = path.canonicalize().unwrap();
    format!("{up}{}", path.strip_prefix("/").unwrap().display())
}

/// Opens a store by two spellings at once: each sees what the other writes, and both write in turns beside one file.
async fn is_one_store(folder: &Path, first: &str, second: &str) {
    let (a, b) = (open(first, env()).await.unwrap(), open(second, env()).await.unwrap());
    for n in 0..3 {
        let (x, y) = (format!("a{n}"), format!("b{n}"));
        let (x, y) = tokio::join!(add(a.as_ref(), &x), add(b.as_ref(), &y));
        x.and(y).unwrap();
    }
    let (seen_by_a, seen_by_b) = (names(a.as_ref()).await, names(b.as_ref()).await);
    assert_eq!(seen_by_a, seen_by_b, "{first} and {second}");
    assert_eq!(seen_by_a.len(), 6, "{first} and {second}");
    a.close().await.unwrap();
    b.close().await.unwrap();
    let left = files(folder);
    let databases =
        left.iter().filter(|name| Path::new(name).extension() == Some(OsStr::new("db")));
    assert_eq!(databases.count(), 1, "{first} and {second}: {left:?}");
    let turns = left.iter().filter(|name| name.ends_with("-turn"));
    assert_eq!(turns.count(), 1, "{first} and {second}: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_spellings_of_a_file_are_one_store() {
    for name in ["x.db", "a b.db", "100%.db", "a%41.db", "größe ☃.db", "a#b.db", "a&b=c.db"] {
        for number in 0..9 {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            std::fs::create_dir(root.join("deep")).unwrap();
            let path = root.join(name);
            let bare = path.display().to_string();
            let url = Options::new(&path).url();
            let second = match number {
                0 => bare.clone(),
                1 => url.clone(),
                2 => format!("{url}?durability=sync"),
                3 => format!("file:{}", url.trim_start_matches("sqlite://")),
                4 => format!("file://{}", url.trim_start_matches("sqlite://")),
                5 => format!("{}/deep/.././{name}", root.display()),
                6 => {
                    std::os::unix::fs::symlink(&path, root.join("link.db")).unwrap();
                    root.join("link.db").display().to_string()
                }
                7 => {
                    std::os::unix::fs::symlink(&root, root.join("deep/up")).unwrap();
                    root.join("deep/up").join(name).display().to_string()
                }
                _ => {
                    std::fs::write(&path, "").unwrap();
                    relative(&path)
                }
            };
            // The link that leads nowhere yet comes first, so that the file is made through it.
            is_one_store(&root, &second, &bare).await;
        }
    }
}

#[tokio::test]
async fn a_url_says_any_path() {
    let odd = [b"a?b.db".as_slice(), b"?", b"%", b"100%.db", b"%41", b"\xff\xfe.db", b"a\nb"];
    for name in odd {
        let options = Options::new(Path::new("/tmp").join(OsStr::from_bytes(name)));
        assert_eq!(Options::parse(&options.url()).unwrap(), options, "{}", options.url());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"a?b\xff.db"));
    let url = Options::new(&path).url();
    let store = open(&url, env()).await.unwrap();
    add(store.as_ref(), "x").await.unwrap();
    assert_eq!(names(store.as_ref()).await, ["x"]);
    assert_eq!(store.status(false).await.unwrap().url, url);
    store.close().await.unwrap();
    assert!(path.is_file());
}

async fn refused(path: &Path, query: &str) -> Error {
    let url = format!("{}{query}", path.display());
    let within = std::time::Duration::from_secs(20);
    let answer = tokio::time::timeout(within, open(&url, env())).await;
    answer
        .unwrap_or_else(|_| panic!("{url}: still waiting"))
        .err()
        .unwrap_or_else(|| panic!("{url}: opened"))
}

#[expect(clippy::disallowed_methods, reason = "a pipe is made by the program that makes pipes")]
fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("folder")).unwrap();
    make_pipe(&at("pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
    let null = PathBuf::from("/dev/null");
    for (path, words) in [
        (at("folder"), "is a folder"),
        (at("pipe"), "is a pipe"),
        (at("link"), "is a pipe"),
        (at("socket"), "is a socket"),
        (null, "is a device"),
        (PathBuf::from("/dev/zero"), "is a device"),
    ] {
        for query in ["", "?mode=ro"] {
            let error = refused(&path, query).await;
            assert_eq!(error.code(), Code::StoreOpen, "{error:?}");
            assert!(error.message().contains(words), "{}: {error:?}", path.display());
            assert!(error.hint_text().is_some(), "{error:?}");
        }
    }
    assert_eq!(files(folder.path()), Vec::<String>::new(), "something was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("text", b"dear diary\n".repeat(500)),
        ("short", b"x".to_vec()),
        ("zeros", vec![0; 8192]),
        ("head", b"SQLite format 3\0".to_vec()),
        ("torn", [b"SQLite format 3\0".as_slice(), &[7; 5000]].concat()),
    ] {
        for query in ["", "?mode=ro"] {
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            let error = refused(&path, query).await;
            assert!(error.code() >= Code::StoreOpen, "{name}{query}: {error:?}");
            assert!(error.message().contains(name), "{name}{query}: {error:?}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}{query}");
            assert_eq!(files(folder.path()), [name], "{name}{query}: something was made beside it");
            std::fs::remove_file(&path).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_make_a_store_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    for query in ["?mode=rw", "?mode=ro"] {
        let error = refused(&path, query).await;
        assert_eq!(error.code(), Code::StoreOpen, "{query}: {error:?}");
        assert!(files(folder.path()).is_empty(), "{query}");
        std::fs::write(&path, b"").unwrap();
        let error = refused(&path, query).await;
        assert_eq!(error.code(), Code::StoreOpen, "{query}: {error:?}");
        assert!(error.message().contains("no store"), "{query}: {error:?}");
        assert!(files(folder.path()) == ["x.db"] && std::fs::read(&path).unwrap().is_empty());
        std::fs::remove_file(&path).unwrap();
    }
    // A database without a table is no store either.
    let empty = rusqlite::Connection::open(&path).unwrap();
    empty.execute_batch("PRAGMA user_version = 7; PRAGMA user_version = 0").unwrap();
    drop(empty);
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.is_empty());
    let error = refused(&path, "?mode=rw").await;
    assert_eq!(error.code(), Code::StoreOpen, "{error:?}");
    assert!(files(folder.path()) == ["x.db"] && std::fs::read(&path).unwrap() == bytes);
    for query in ["?mode=rwc", "?mode=rw", ""] {
        let store = open(&format!("{}{query}", path.display()), env()).await.unwrap();
        add(store.as_ref(), "a").await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_with_two_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("x.db"), folder.path().join("y.db"));
    let store = open(&path.display().to_string(), env()).await.unwrap();
    add(store.as_ref(), "a").await.unwrap();
    store.close().await.unwrap();
    std::fs::hard_link(&path, &other).unwrap();
    for path in [&path, &other] {
        let error = refused(path, "").await;
        assert!(error.message().contains("2 names"), "{error:?}");
    }
    std::fs::remove_file(&other).unwrap();
    let store = open(&path.display().to_string(), env()).await.unwrap();
    assert_eq!(names(store.as_ref()).await, ["a"]);
}
