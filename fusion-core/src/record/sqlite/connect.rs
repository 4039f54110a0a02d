//! Opening a file: what is refused, what is set, and what is read back.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::error;
use super::migrate;
use super::options::{Options, beside};
use super::turn::Turn;
use crate::contract::Durability;
use crate::error::{Code, Error, Result};

/// The first SQLite in which two writers cannot lose a committed write to a checkpoint.
const SQLITE_LEAST: i32 = 3_051_003;
/// How long a lock is waited for, in milliseconds.
const BUSY_MS: u64 = 5_000;
/// The most prepared statements that a connection keeps.
const STATEMENTS: usize = 96;
/// What is set on every connection. `cell_size_check` makes damage an error instead of a wrong answer.
const ALL: &str = "PRAGMA temp_store = memory; PRAGMA mmap_size = 0; PRAGMA cell_size_check = on;
    PRAGMA trusted_schema = off; PRAGMA recursive_triggers = off;";
/// What is set on the writing connection: a cache of 64 MiB, a WAL that shrinks back to 64 MiB. Checkpoints are the writer's
/// own: SQLite would keep quiet about one that failed.
const WRITER: &str = "PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864;
    PRAGMA wal_autocheckpoint = 0;";
/// Magic numbers of network file systems (`statfs(2)`), on which SQLite's locks do not hold.
#[cfg(target_os = "linux")]
const NETWORK: [(u32, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x7375_7245, "Coda"),
];

/// Opens the writing connection, creates and migrates what is missing.
pub(super) fn writer(options: &Options, now: i64) -> Result<Connection> {
    if rusqlite::version_number() < SQLITE_LEAST {
        let text = format!("SQLite {} can lose committed writes", rusqlite::version());
        return Err(Error::new(Code::StoreOpen, text).hint("build with SQLite 3.51.3 or later"));
    }
    let turn = if options.vfs.is_none() {
        if options.existing {
            refuse_absent(&options.path)?;
        }
        prepare_folder(&options.path)?;
        refuse_special(&options.path)?;
        Turn::beside(&options.path)
    } else {
        Turn::none()
    };
    // Two processes that create one file at once would meet in the switch to WAL, which does not wait.
    let _taken = turn.take()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let opened = open(options, flags).and_then(|mut connection| {
        set_up(&mut connection, options, now).map_err(|error| named(&error, &options.path))?;
        Ok(connection)
    });
    opened.inspect_err(|error| {
        // What is refused for good is left as it was found; other failures pass, and others may wait for a turn.
        let is_refused =
            [Code::StoreOpen, Code::StoreCorrupt, Code::StoreNewer, Code::StoreReadOnly];
        if is_refused.contains(&error.code()) {
            turn.undo();
        }
    })
}

fn set_up(connection: &mut Connection, options: &Options, now: i64) -> Result<()> {
    connection.busy_timeout(Duration::from_millis(BUSY_MS)).map_err(error)?;
    if migrate::inspect(connection)? == 0 && options.existing {
        return Err(no_store("is an empty database, and no store"));
    }
    if connection.is_readonly("main").map_err(error)? {
        return Err(Error::new(Code::StoreReadOnly, "the file is read-only for this user"));
    }
    connection.pragma_update(None, "page_size", 4096).map_err(error)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = wal", [], |row| row.get(0)).map_err(error)?;
    if mode != "wal" {
        let text = format!("the file system gives SQLite the journal mode `{mode}`, not `wal`");
        return Err(Error::new(Code::StoreOpen, text).hint("choose a path on a local disk"));
    }
    connection.execute_batch(ALL).map_err(error)?;
    connection.execute_batch(WRITER).map_err(error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    set_durability(connection, options.durability)?;
    migrate::migrate(connection, now)?;
    keep_what_is_read(connection)
}

/// Syncs what a dead process may have written into the WAL and not synced.
///
/// SQLite's recovery takes it for committed, and so does whoever reads it; a power cut would take it away again. Recovery forgets how
/// much of the WAL is in the file, so nothing of it is then; who comes later finds an index that names only what was synced, and
/// mostly a part that is in the file: for them there is nothing to do. A full disk stops the copy into the file, not the sync before it.
fn keep_what_is_read(connection: &Connection) -> Result<()> {
    // The pages of the WAL, and how many of them are in the file.
    let look =
        |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? > 0 && row.get::<_, i64>(2)? == 0);
    if !connection.query_row("PRAGMA wal_checkpoint(noop)", [], look).map_err(error)? {
        return Ok(());
    }
    match connection.query_row("PRAGMA wal_checkpoint(passive)", [], |_| Ok(())).map_err(error) {
        Err(failed) if failed.code() != Code::StoreFull => Err(failed),
        _ => Ok(()),
    }
}

/// Sets `synchronous` and refuses if it is not what was asked for.
fn set_durability(connection: &Connection, durability: Durability) -> Result<()> {
    let level = if durability == Durability::Relaxed { 1 } else { 2 };
    connection.pragma_update(None, "synchronous", level).map_err(error)?;
    let set = synchronous(connection)?;
    if set == level {
        return Ok(());
    }
    let text = format!("SQLite runs with synchronous={set}, not {level} as {durability:?} needs");
    Err(Error::new(Code::StoreOpen, text))
}

/// Reads the level of `synchronous` back.
pub(super) fn synchronous(connection: &Connection) -> Result<i64> {
    connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).map_err(error)
}

/// Opens a connection for reading.
pub(super) fn reader(options: &Options) -> Result<Connection> {
    let connection = open(options, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let reading = |connection: &Connection| {
        connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
        connection.execute_batch(ALL)?;
        connection.execute_batch("PRAGMA query_only = on; PRAGMA cache_size = -16384")
    };
    reading(&connection).map_err(|source| named(&error(source), &options.path))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Looks at a file that shall only be read, and finds out how it can be opened.
///
/// WAL wants a side file, which a folder that cannot be written may not have. When there is no WAL either, nobody has
/// the file open, and nobody who could not write there will: then it is read without locks.
pub(super) fn read_only(mut options: Options) -> Result<Options> {
    refuse_absent(&options.path)?;
    let look = |options: &Options| {
        let connection = reader(options)?;
        migrate::check(&connection).map_err(|error| named(&error, &options.path))
    };
    let first = match look(&options) {
        Ok(()) => return Ok(options),
        Err(error) => error,
    };
    let unreachable = [Code::StoreFailed, Code::StoreReadOnly, Code::StoreOpen];
    if !unreachable.contains(&first.code()) || !options.path.is_file() {
        return Err(first);
    }
    if std::fs::metadata(beside(&options.path, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        return Err(first.hint(
            "it was not closed, and reading its last writes needs a folder that can be written: copy `FILE` and `FILE-wal` into one",
        ));
    }
    options.immutable = true;
    look(&options).map(|()| options)
}

/// Writes a path as a URI for SQLite that says that nobody writes.
fn immutable(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn open(options: &Options, flags: OpenFlags) -> Result<Connection> {
    if options.vfs.is_none() {
        refuse_special(&options.path)?;
    }
    // The store itself lets one thread at a time use a connection.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.path, flags, vfs.as_str()),
        None if options.immutable => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable(&options.path), flags)
        }
        None => Connection::open_with_flags(&options.path, flags),
    };
    let connection = opened.map_err(|source| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen) => {
            let why = why_not_opened(&options.path, flags.contains(OpenFlags::SQLITE_OPEN_CREATE));
            // SQLite's own words add nothing where the cause is known.
            if why.hint_text().is_some() { why } else { why.because(source) }
        }
        _ => named(&error(source), &options.path),
    })?;
    // Without it every new value of a parameter that a partial index might depend on compiles the statement again, which
    // takes ten times as long as a look into the queue.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
    Ok(connection)
}

/// Refuses a path at which there is no store: no file, or an empty one.
fn refuse_absent(path: &Path) -> Result<()> {
    let is_empty = path.metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
    if is_empty {
        return Err(named(&no_store("is empty: there is no store in it"), path));
    }
    if path.exists() {
        return Ok(());
    }
    Err(no_store(format!("there is no store `{}`", path.display())))
}

fn no_store(text: impl Into<String>) -> Error {
    Error::new(Code::StoreOpen, text).hint("open it for writing once: that makes it")
}

/// Adds the path to an error.
fn named(error: &Error, path: &Path) -> Error {
    let text = format!("`{}`: {}", path.display(), error.message());
    let named = Error::new(error.code(), text);
    let named = match error.hint_text() {
        Some(hint) => named.hint(hint),
        None => named,
    };
    match std::error::Error::source(error) {
        Some(source) => named.because(Cause(source.to_string())),
        None => named,
    }
}

/// The words of the error below, where the error itself cannot be moved.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

/// Says why the system would not open a file.
fn why_not_opened(path: &Path, create: bool) -> Error {
    let shown = path.display();
    if let Some(folder) = path.parent().filter(|folder| folder.exists() && !folder.is_dir()) {
        return Error::new(Code::StoreOpen, format!("`{}` is no folder", folder.display()))
            .hint(format!("choose another place than `{shown}` with --store"));
    }
    if !create && let Err(absent) = refuse_absent(path) {
        return absent;
    }
    let read_only = if path.exists() {
        rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err()
    } else {
        // Only trying tells: root and sandboxes have rules of their own. The file does not exist, so no lock can be lost.
        let tried = std::fs::File::options().create_new(true).write(true).open(path);
        if tried.is_ok() {
            // It was made to find out only; what cannot be removed is empty.
            let _removed = std::fs::remove_file(path);
        }
        tried.is_err_and(|error| {
            use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
            matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
        })
    };
    if read_only {
        return Error::new(Code::StoreReadOnly, format!("`{shown}` cannot be written"))
            .hint("change the permissions, or choose another place with --store");
    }
    Error::new(Code::StoreOpen, format!("`{shown}` cannot be opened"))
}

/// Refuses what is there and is no file with one name, before anything is opened or made beside it.
///
/// Opening a pipe would wait for its other end, and a device takes all and gives nothing back. A file with two names would
/// have a WAL beside each of them.
fn refuse_special(path: &Path) -> Result<()> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let Ok(found) = path.metadata() else { return Ok(()) };
    let kind = found.file_type();
    let what = match () {
        () if kind.is_dir() => {
            return Err(Error::new(Code::StoreOpen, format!("`{}` is a folder", path.display()))
                .hint("name a file in it"));
        }
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () if kind.is_file() && found.nlink() > 1 => {
            let text = format!("`{}` has {} names (hard links)", path.display(), found.nlink());
            return Err(Error::new(Code::StoreOpen, text).hint(
                "SQLite would keep a log beside each name and lose commits: remove the other names, or copy the file",
            ));
        }
        // SQLite takes a file of one byte for an empty one, and would write over it.
        () if kind.is_file() && found.len() == 1 => {
            let text = format!("`{}` is no Fusion store", path.display());
            return Err(Error::new(Code::StoreCorrupt, text).hint("choose another path"));
        }
        () => return Ok(()),
    };
    Err(Error::new(Code::StoreOpen, format!("`{}` is {what}, no file", path.display()))
        .hint("choose another path"))
}

/// Makes the folder of the file if only that one is missing, and refuses network file systems.
fn prepare_folder(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.exists() {
        std::fs::create_dir(folder).map_err(|source| {
            use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
            let code = match source.kind() {
                PermissionDenied | ReadOnlyFilesystem => Code::StoreReadOnly,
                _ => Code::StoreOpen,
            };
            Error::new(code, format!("the folder `{}` cannot be made", folder.display()))
                .hint("make it, or choose another place with --store")
                .because(source)
        })?;
    }
    refuse_network(folder)
}

#[cfg(target_os = "linux")]
fn refuse_network(folder: &Path) -> Result<()> {
    let Ok(system) = rustix::fs::statfs(folder) else { return Ok(()) };
    // The kernel's type is as wide as a word, its magic numbers are 32 bits.
    let magic = u32::try_from(system.f_type & 0xffff_ffff).unwrap_or_default();
    match network_name(magic) {
        None => Ok(()),
        Some(name) => {
            let text = format!("`{}` is on a network file system ({name})", folder.display());
            Err(Error::new(Code::StoreOpen, text).hint("choose a path on a local disk"))
        }
    }
}

#[cfg(target_os = "linux")]
fn network_name(magic: u32) -> Option<&'static str> {
    NETWORK.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_folder: &Path) -> Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(0xff53_4d42), Some("CIFS"));
        let (ext4, tmpfs) = (0xef53, 0x0102_1994);
        assert_eq!((network_name(ext4), network_name(tmpfs)), (None, None));
    }

    #[test]
    fn this_folder_is_local() {
        refuse_network(Path::new(".")).unwrap();
    }
}
