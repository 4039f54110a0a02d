//! A real ext4 on an image file, whose power can be cut: what was not flushed is gone, as after a pulled plug.
//!
//! The kernel's own shutdown of a file system (`EXT4_IOC_SHUTDOWN`) drops what its caches hold and refuses all that comes.
//! It needs Linux, the right to mount (root) and `mkfs.ext4`. It neither tears sectors nor reorders them: the simulator's
//! disk does that.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::ioctl::{Opcode, Setter, ioctl, opcode};

use crate::Fault;

/// The shutdown of an ext4, as the kernel's `ext4.h` has it.
const SHUTDOWN: Opcode = opcode::read::<u32>(b'X', 125);
/// Without writing the journal of the file system first.
const NO_LOG_FLUSH: u32 = 2;
/// The size of the image: a file with holes.
const BYTES: u64 = 64 << 20;
/// How often it is tried to take the file system away while a dying process still has a file of it.
const TRIES: u32 = 200;

/// A mounted file system in a folder of its own.
#[derive(Debug)]
pub struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// Makes one.
    ///
    /// # Errors
    /// When this machine or this user cannot mount: the text says why.
    pub fn new() -> Result<Self, Fault> {
        let disk = Self { folder: tempfile::tempdir()? };
        std::fs::create_dir(disk.path())?;
        File::create(disk.image())?.set_len(BYTES)?;
        run("mkfs.ext4", [OsStr::new("-q"), disk.image().as_os_str()])?;
        disk.mount()?;
        Ok(disk)
    }

    /// Gives the folder in which its files are.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// Cuts the power: from now on every use of a file fails.
    ///
    /// # Errors
    /// When the kernel does not do it.
    #[expect(unsafe_code, reason = "the kernel's call has no safe form")]
    pub fn cut(&self) -> Result<(), Fault> {
        let root = File::open(self.path())?;
        // SAFETY: the call reads a `u32` and writes nothing; `Setter` passes the address of one.
        unsafe { ioctl(&root, Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH))? };
        Ok(())
    }

    /// Gives the power back: the files are as the disk holds them. Whoever had one open must be gone.
    ///
    /// # Errors
    /// When somebody still uses it.
    pub fn restore(&self) -> Result<(), Fault> {
        for _ in 0..TRIES {
            if run("umount", [self.path()]).is_ok() {
                return self.mount();
            }
            rest();
        }
        Err("the disk is still in use".into())
    }

    fn mount(&self) -> Result<(), Fault> {
        let (image, path) = (self.image(), self.path());
        run("mount", [OsStr::new("-o"), "loop".as_ref(), image.as_ref(), path.as_ref()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It goes when the last one who has a file of it is gone; there may be none, when it was never mounted.
        let _gone = run("umount", [OsStr::new("-l"), self.path().as_os_str()]);
    }
}

#[expect(clippy::disallowed_methods, reason = "only the system's programs can mount")]
fn run<A: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = A>) -> Result<(), Fault> {
    let paths = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let found = std::env::split_paths(&paths).map(|folder| folder.join(program));
    let program = found.into_iter().find(|path| path.exists()).unwrap_or_else(|| program.into());
    let output = Command::new(&program)
        .args(args)
        .output()
        .map_err(|error| told(&program, &error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(told(&program, String::from_utf8_lossy(&output.stderr).trim()))
}

fn told(program: &Path, text: &str) -> Fault {
    format!("{}: {text}", program.display()).into()
}

#[expect(clippy::disallowed_methods, reason = "a dying process takes its time")]
fn rest() {
    std::thread::sleep(Duration::from_millis(10));
}
