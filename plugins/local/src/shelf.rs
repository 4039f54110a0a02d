//! The folder with the models: `NAME.gguf`, where `fusion models pull` puts them.

use std::fs;
use std::path::{Path, PathBuf};

use fusion_core::model::chat::{Fault, FaultKind};

/// How a file ends that has a model in it.
const ENDING: &str = "gguf";

/// A folder with models.
#[derive(Debug)]
pub(crate) struct Shelf(PathBuf);

impl Shelf {
    /// Takes this folder, or the one that `fusion models pull` fills.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self(folder.or_else(users).unwrap_or_else(|| PathBuf::from("models")))
    }

    /// Gives the file of a model: by its name, by its path, or the only one there is.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf, Fault> {
        let path = Path::new(name);
        if path.extension().is_some_and(|ending| ending == ENDING) {
            let path = if path.is_absolute() { path.to_owned() } else { self.0.join(path) };
            return checked(path);
        }
        let all = self.list();
        if let [only] = all.as_slice()
            && name.is_empty()
        {
            return checked(only.clone());
        }
        let own = |file: &&PathBuf| stem(file).eq_ignore_ascii_case(name);
        match all.iter().find(own) {
            Some(file) => checked(file.clone()),
            None => Err(self.none(name, &all)),
        }
    }

    /// Lists the files, by name.
    pub(crate) fn list(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        all.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
        all.sort();
        all
    }

    fn none(&self, name: &str, all: &[PathBuf]) -> Fault {
        let folder = self.0.display();
        let names: Vec<String> = all.iter().map(|file| stem(file)).collect();
        invalid(match (all.is_empty(), name.is_empty()) {
            (true, _) => {
                format!("no model is in {folder}: `fusion models pull smollm2` gets a small one")
            }
            (false, true) => format!("name a model: {} are in {folder}", names.join(", ")),
            (false, false) => {
                format!("no model `{name}` is in {folder}: there are {}", names.join(", "))
            }
        })
    }
}

/// Gives the name of a file's model.
pub(crate) fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Says what is wrong with a request.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

/// Looks at the first bytes: llama.cpp would only say that it failed.
fn checked(path: PathBuf) -> Result<PathBuf, Fault> {
    use std::io::Read as _;
    let mut magic = [0_u8; 4];
    let read = fs::File::open(&path).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if &magic == b"GGUF" => Ok(path),
        Ok(()) => Err(invalid(format!("{} is no GGUF file", path.display()))),
        Err(error) => Err(invalid(format!("the model {}: {error}", path.display()))),
    }
}

/// Gives the user's folder, by the rules of the `fusion` command.
fn users() -> Option<PathBuf> {
    let set =
        |name: &str| std::env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let systems = || set("XDG_DATA_HOME").map(|folder| folder.join("fusion"));
    let home = || set("HOME").map(|home| home.join(".local/share/fusion"));
    set("FUSION_DATA").or_else(systems).or_else(home).map(|folder| folder.join("models"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_path_and_nothing_find_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(folder.path().to_owned()));
        assert!(shelf.find("any").unwrap_err().message().contains("fusion models pull"));
        fs::write(folder.path().join("Small.gguf"), b"GGUF....").unwrap();
        let file = folder.path().join("Small.gguf");
        assert_eq!(shelf.find("").unwrap(), file);
        assert_eq!(shelf.find("small").unwrap(), file);
        assert_eq!(shelf.find("Small.gguf").unwrap(), file);
        assert_eq!(shelf.find(file.to_str().unwrap()).unwrap(), file);
        fs::write(folder.path().join("other.gguf"), b"no").unwrap();
        assert!(shelf.find("").unwrap_err().message().contains("Small, other"));
        assert!(shelf.find("other").is_err());
        assert!(shelf.find("third").unwrap_err().message().contains("there are Small, other"));
    }
}
