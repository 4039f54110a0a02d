//! Journals of released versions: stores with an unfinished run, which every later version must open, fold and finish.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::Fault;
use crate::harness::Scene;

/// The id of the run in every fixture.
pub const RUN: &str = "reference";
/// The line of the ledger at which the run of a fixture is left: some of everything is done, under way, and to come.
const LINE: u64 = 60;

/// Makes a fixture of this version: `FOLDER/NAME.db`, and `FOLDER/NAME.json` with the result that the run must have.
///
/// # Errors
/// When the files cannot be written, or a worker does not do what it should.
pub async fn make(program: &Path, folder: &Path, name: &str) -> Result<String, Fault> {
    let whole = Scene::new(program, None)?;
    let result = whole.finish(RUN).await?;
    let half = Scene::new(program, None)?;
    half.leave(RUN, LINE).await?;
    strip(&half.store())?;
    std::fs::create_dir_all(folder)?;
    let (store, text) = paths(folder, name);
    std::fs::copy(half.store(), &store)?;
    std::fs::write(&text, format!("{}\n", serde_json::to_string_pretty(&result)?))?;
    Ok(format!("made {} and {}", store.display(), text.display()))
}

/// Takes the names of this machine out of a store, and moves all into the one file.
fn strip(store: &Path) -> Result<(), Fault> {
    let connection = Connection::open(store)?;
    connection.execute_batch(
        "PRAGMA secure_delete = ON; UPDATE sessions SET info = 'fixture'; PRAGMA wal_checkpoint(TRUNCATE);",
    )?;
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    drop(connection);
    let bytes = std::fs::read(store)?;
    let host = host.trim().as_bytes();
    if !host.is_empty() && bytes.windows(host.len()).any(|window| window == host) {
        return Err("the store still names this machine".into());
    }
    Ok(())
}

/// Lists the fixtures of a folder by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn names(folder: &Path) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_store = path.extension().is_some_and(|extension| extension == "db");
        if let (true, Some(name)) = (is_store, path.file_stem()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Gives the files of a fixture: its store, and the result of its run.
pub fn paths(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("{name}.db")), folder.join(format!("{name}.json")))
}

/// Opens a fixture in a copy, lets its run end, and compares. Gives how many records there were before and are now.
///
/// # Errors
/// When it cannot be opened or folded, does not end, ends otherwise, or changes what was recorded.
pub async fn finish(program: &Path, folder: &Path, name: &str) -> Result<(usize, usize), Fault> {
    let (store, text) = paths(folder, name);
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(text)?)?;
    let scene = Scene::new(program, Some(&store))?;
    let before = scene.records(RUN).await?;
    let result = scene.finish(RUN).await?;
    let after = scene.records(RUN).await?;
    if !after.starts_with(&before) {
        return Err(format!("{name}: what was recorded has changed").into());
    }
    // Bodies that were under way when the store was left are in doubt for good.
    let doubtful = |field: &str| field == "many";
    let fields = expected.as_object().ok_or("the expected result is no object")?;
    for (field, wanted) in fields.iter().filter(|(field, _)| !doubtful(field)) {
        let found = result.get(field).unwrap_or(&Value::Null);
        if found != wanted {
            return Err(format!("{name}: output `{field}` is {found}, expected {wanted}").into());
        }
    }
    Ok((before.len(), after.len()))
}
