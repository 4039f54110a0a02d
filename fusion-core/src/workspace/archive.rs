//! Workspaces as tar files: the same bytes for the same content, and nothing from outside by way of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::FlockOperation;
use tar::{Archive, Builder, EntryType, Header};

use super::files::{open_file, put};
use super::folder::Workspace;
use super::quota::Usage;
use super::snapshot::{Entry, Snapshot};
use crate::error::{Code, Error, Result};

/// The longest path in an archive, in bytes.
const PATH_BYTES: usize = 4_096;

/// What an archive wants to be, before anything of it is written.
#[derive(Debug, Default)]
struct Plan {
    folders: BTreeSet<String>,
    files: BTreeSet<String>,
    links: BTreeMap<String, PathBuf>,
    /// Without upper and lower case, which some file systems do not tell apart.
    folded: BTreeSet<String>,
    usage: Usage,
}

impl Workspace {
    /// Writes `projects/` and `.agent/` into a new tar file: in order, without times and owners, so that the same content gives the
    /// same bytes. Gives what it holds.
    ///
    /// # Errors
    /// `FU0601` while a command runs in it, when there is such a file already, or when it cannot be written.
    pub fn archive(&self, to: impl AsRef<Path>) -> Result<Snapshot> {
        let _turn = self.turn(FlockOperation::NonBlockingLockExclusive)?;
        let (now, to) = (self.now()?, to.as_ref());
        let written = File::create_new(to).and_then(|file| {
            let done = self.pack(&now, file);
            if done.is_err() {
                let _ = std::fs::remove_file(to);
            }
            done
        });
        written.map_err(|error| {
            super::place::wrong(&format!("the archive {}", to.display()), error)
        })?;
        Ok(now)
    }

    fn pack(&self, now: &Snapshot, file: File) -> io::Result<()> {
        let mut tar = Builder::new(BufWriter::new(file));
        for (path, entry) in &now.entries {
            let mut header = Header::new_gnu();
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            match entry {
                Entry::Folder { mode } => {
                    header.set_entry_type(EntryType::Directory);
                    header.set_mode(*mode);
                    tar.append_data(&mut header, path, io::empty())?;
                }
                Entry::Link { to } => {
                    header.set_entry_type(EntryType::Symlink);
                    header.set_mode(0o777);
                    tar.append_link(&mut header, path, to)?;
                }
                Entry::File { mode, bytes, .. } => {
                    header.set_entry_type(EntryType::Regular);
                    header.set_mode(*mode);
                    header.set_size(*bytes);
                    let (file, size) = open_file(&self.dir, Path::new(path))?;
                    if size != *bytes {
                        return Err(io::Error::other(format!("`{path}` changed meanwhile")));
                    }
                    tar.append_data(&mut header, path, file.take(*bytes))?;
                }
            }
        }
        let mut file = tar.into_inner()?;
        file.flush()?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }

    /// Unpacks a tar file into the workspace, over what is there. It is looked at whole before anything is written.
    ///
    /// # Errors
    /// `FU0101` for an archive that holds anything but files, folders and links beneath `projects/` and `.agent/`: full paths, `..`,
    /// hard links, devices, links that lead out, a path twice or in two cases; `FU0106` when it is more than the workspace may hold;
    /// `FU0601` while a command runs in it.
    pub fn unpack(&self, from: impl AsRef<Path>) -> Result<Usage> {
        let _turn = self.turn(FlockOperation::NonBlockingLockExclusive)?;
        let from = from.as_ref();
        let failed = |error: io::Error| match error.get_ref() {
            Some(inner) if inner.is::<Odd>() => {
                Error::new(Code::InvalidInput, format!("the archive {}: {inner}", from.display()))
                    .hint("nothing was unpacked")
            }
            _ => super::place::wrong(&format!("the archive {}", from.display()), error),
        };
        let plan = self.plan(from).map_err(failed)?;
        let mut all = self.usage()?;
        all.bytes = all.bytes.saturating_add(plan.usage.bytes);
        all.files = all.files.saturating_add(plan.usage.files);
        if let Some(why) = self.quota.exceeded(all) {
            return Err(self.full(&why).hint("nothing was unpacked"));
        }
        self.carry_out(from, &plan).map_err(failed)?;
        Ok(plan.usage)
    }

    /// Reads through an archive.
    fn plan(&self, from: &Path) -> io::Result<Plan> {
        let mut plan = Plan::default();
        let mut tar = Archive::new(BufReader::new(File::open(from)?));
        for entry in tar.entries()? {
            let entry = entry?;
            let path = place(&entry.path()?)?;
            if !plan.folded.insert(path.to_lowercase()) {
                return Err(odd(&path, "is there twice, or in two cases"));
            }
            plan.usage.files = plan.usage.files.saturating_add(1);
            plan.usage.bytes = plan.usage.bytes.saturating_add(entry.size());
            if self.quota.exceeded(plan.usage).is_some() {
                break;
            }
            match entry.header().entry_type() {
                EntryType::Directory => {
                    plan.folders.insert(path);
                }
                EntryType::Regular | EntryType::Continuous => {
                    plan.files.insert(path);
                }
                EntryType::Symlink => {
                    let to =
                        entry.link_name()?.ok_or_else(|| odd(&path, "is a link to nowhere"))?;
                    stays(&path, &to)?;
                    plan.links.insert(path, to.into_owned());
                }
                kind => {
                    return Err(odd(
                        &path,
                        &format!("is neither file, folder nor link ({kind:?})"),
                    ));
                }
            }
        }
        // What is written beneath a link of the same archive would be somewhere else.
        let beneath = |path: &&String| {
            Path::new(path.as_str()).ancestors().skip(1).any(|above| {
                above.to_str().is_some_and(|above| {
                    plan.links.contains_key(above) || plan.files.contains(above)
                })
            })
        };
        let all = plan.files.iter().chain(&plan.folders).chain(plan.links.keys());
        match all.into_iter().find(beneath) {
            Some(path) => Err(odd(path, "lies beneath a link or a file")),
            None => Ok(plan),
        }
    }

    fn carry_out(&self, from: &Path, plan: &Plan) -> io::Result<()> {
        for folder in &plan.folders {
            self.dir.create_dir_all(folder)?;
        }
        let mut tar = Archive::new(BufReader::new(File::open(from)?));
        for entry in tar.entries()? {
            let mut entry = entry?;
            let path = place(&entry.path()?)?;
            // The file may be another one by now; only what was looked at is written.
            if plan.files.contains(&path) && entry.header().entry_type() != EntryType::Symlink {
                self.above(&path)?;
                let mode = entry.header().mode()?;
                let mut most = (&mut entry).take(self.quota.bytes);
                put(&self.dir, Path::new(&path), mode, &mut most)?;
            }
        }
        for (path, to) in &plan.links {
            self.above(path)?;
            match self.dir.symlink_metadata(path) {
                Ok(about) if about.is_dir() => self.dir.remove_dir_all(path)?,
                Ok(_) => self.dir.remove_file(path)?,
                Err(_) => {}
            }
            self.dir.symlink_contents(to, path)?;
        }
        Ok(())
    }

    fn above(&self, path: &str) -> io::Result<()> {
        Path::new(path).parent().map_or(Ok(()), |above| self.dir.create_dir_all(above))
    }
}

/// What is odd about an archive.
#[derive(Debug)]
struct Odd(String);

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Odd {}

fn odd(path: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Odd(format!("{path:?} {why}")))
}

/// Gives the path of an entry, if it is one of a workspace.
fn place(path: &Path) -> io::Result<String> {
    let shown = path.to_string_lossy().into_owned();
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => {
                names.push(name.to_str().ok_or_else(|| odd(&shown, "is no UTF-8"))?);
            }
            Component::CurDir => {}
            _ => return Err(odd(&shown, "leads out: full paths and `..` are not unpacked")),
        }
    }
    if !matches!(names.first(), Some(&(".agent" | "projects"))) {
        return Err(odd(&shown, "lies neither in `projects/` nor in `.agent/`"));
    }
    let path = names.join("/");
    if path.len() > PATH_BYTES || path.contains(char::is_control) {
        return Err(odd(&shown, "is too long, or holds control characters"));
    }
    Ok(path)
}

/// Refuses a link whose target, read from where it lies, is outside of the part that it lies in. A `..` after a name is refused, too:
/// where it leads depends on what the name is.
fn stays(path: &str, to: &Path) -> io::Result<()> {
    let mut up = path.split('/').count().saturating_sub(2);
    let mut named = false;
    for part in to.components() {
        match part {
            Component::Normal(_) => named = true,
            Component::CurDir => {}
            Component::ParentDir if up > 0 && !named => up -= 1,
            _ => return Err(odd(path, &format!("is a link that leads out, to {}", to.display()))),
        }
    }
    Ok(())
}
