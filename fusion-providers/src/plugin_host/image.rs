//! The file of a library: it is opened once, and what was hashed is what is loaded.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fusion_core::model::Digest;

/// The file of a library, held open.
#[derive(Debug)]
pub(crate) struct Image {
    file: File,
    path: PathBuf,
    hash: Digest,
}

impl Image {
    /// Opens a file and hashes it.
    ///
    /// # Errors
    /// Why that cannot be done, in a few words.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let wrong = |error: std::io::Error| error.to_string();
        let path = path.canonicalize().map_err(wrong)?;
        let mut file = File::open(&path).map_err(wrong)?;
        if !file.metadata().map_err(wrong)?.is_file() {
            return Err("it is no file".to_owned());
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(wrong)?;
        Ok(Self { file, path, hash: Digest::of(&bytes) })
    }

    /// Gives the whole path that it was opened by.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the hash of its bytes.
    pub(crate) fn hash(&self) -> Digest {
        self.hash
    }

    /// Tells whether anybody may write it: then its hash says nothing a moment later.
    #[cfg(unix)]
    pub(crate) fn is_open_to_all(&self) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        self.file.metadata().is_ok_and(|data| data.permissions().mode() & 0o002 != 0)
    }

    #[cfg(not(unix))]
    pub(crate) fn is_open_to_all(&self) -> bool {
        false
    }

    /// Gives a name by which the loader opens exactly this file, whatever has come into its place by now. Where there is no
    /// `/proc` it is the path.
    ///
    /// The loader takes a name that it has seen for the library that it has, and the numbers of descriptors come again.
    /// So the hash is spelled into the name, with signs that mean nothing in a path: another file never has the same name.
    pub(super) fn name(&self) -> PathBuf {
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd as _;
            let mut name = String::from("/proc/self/fd");
            for byte in self.hash.as_bytes().iter().take(16) {
                let bits = (0..8).map(|bit| byte >> bit & 1);
                name.extend(bits.map(|bit| if bit == 1 { "/." } else { "/" }));
            }
            let name = PathBuf::from(format!("{name}/{}", self.file.as_raw_fd()));
            if name.exists() {
                return name;
            }
        }
        self.path.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hashed_is_what_its_name_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        std::fs::write(&path, "first").unwrap();
        let first = Image::open(&path).unwrap();
        std::fs::write(folder.path().join("new"), "second").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        let second = Image::open(&path).unwrap();
        assert_eq!((first.hash(), second.hash()), (Digest::of(b"first"), Digest::of(b"second")));
        #[cfg(target_os = "linux")]
        assert_eq!(std::fs::read(first.name()).unwrap(), b"first");
        assert_eq!(std::fs::read(second.name()).unwrap(), b"second");
        assert_ne!(first.name(), second.name());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_are_of_the_bytes_and_not_of_the_number() {
        let folder = tempfile::tempdir().unwrap();
        let spelled = |text: &str| {
            let path = folder.path().join("lib.so");
            std::fs::write(&path, text).unwrap();
            let name = Image::open(&path).unwrap().name().into_os_string().into_string().unwrap();
            name.rsplit_once('/').unwrap().0.to_owned()
        };
        assert_eq!(spelled("a"), spelled("a"));
        assert_ne!(spelled("a"), spelled("b"));
    }
}
