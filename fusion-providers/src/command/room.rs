//! A folder of one call's own: an empty place to work in, a home, the file of a schema. It goes with the call.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

use fusion_core::contract::Env;
use fusion_core::model::chat::{Fault, FaultKind};

use super::dialect::Home;

/// The folder; dropping it removes it.
#[derive(Debug)]
pub(super) struct Room(PathBuf);

impl Room {
    /// Makes it where the system keeps what is temporary; nobody else may look into it.
    pub(super) fn new(env: &dyn Env) -> Result<Self, Fault> {
        let path = std::env::temp_dir().join(format!("fusion-command-{:016x}", env.random()));
        private(&path).map_err(|error| unmade(&path, &error))?;
        Ok(Self(path))
    }

    /// Makes the empty folder to work in.
    pub(super) fn work(&self) -> Result<PathBuf, Fault> {
        let path = self.0.join("work");
        private(&path).map_err(|error| unmade(&path, &error))?;
        Ok(path)
    }

    /// Makes a home with its files.
    pub(super) fn home(&self, home: &Home) -> Result<PathBuf, Fault> {
        let path = self.0.join("home");
        private(&path).map_err(|error| unmade(&path, &error))?;
        for (file, value) in &home.files {
            self.write(&path.join(file), &value.to_string())?;
        }
        Ok(path)
    }

    /// Writes the schema down.
    pub(super) fn schema(&self, schema: &str) -> Result<String, Fault> {
        let path = self.0.join("schema.json");
        self.write(&path, schema)?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), Fault> {
        let folder = path.parent().unwrap_or(&self.0);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
        written.map_err(|error| unmade(path, &error))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // The system clears its folder for temporary things too.
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// Makes a folder that only the user may look into.
pub(super) fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Tells whether a path stays below the folder that it is joined to.
pub(super) fn stays(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn unmade(path: &Path, error: &io::Error) -> Fault {
    let message = format!("{} cannot be made: {error}", path.display());
    Fault::new(FaultKind::Transport, message)
}
