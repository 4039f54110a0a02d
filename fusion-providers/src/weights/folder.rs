//! The folder that weights are kept in.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fusion_core::contract::Call;
use fusion_core::model::Digest;
use fusion_core::model::chat::{Fault, FaultKind};

use super::draft::Draft;
use super::fetch::fetch;
use super::source::Source;
use crate::files::files;

/// How a file of weights ends, and begins.
const ENDING: &str = "gguf";
const MAGIC: &[u8; 4] = b"GGUF";

/// A folder with weights: `NAME.gguf`. What is in it is what a plugin such as `local` answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights(PathBuf);

/// Weights that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What requests call them.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// How large it is.
    pub bytes: u64,
}

impl Weights {
    /// Keeps them in this folder; it is made when the first ones come.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Gives the folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Lists what is there, by name.
    pub fn list(&self) -> Vec<Held> {
        let is_model = |file: &Path| file.extension().is_some_and(|ending| ending == ENDING);
        let mut all: Vec<Held> =
            files(&self.0, is_model).iter().filter_map(|file| held(file)).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Gets weights, if they are not there yet, and checks them: they are in the folder whole, or not at all. `told` hears how many
    /// bytes came, of how many when that is known.
    ///
    /// # Errors
    /// `invalid_request` for a name that is none, for what is no GGUF file or has another hash than it should;
    /// `transport`, `timeout` when it cannot be fetched, with what to do.
    pub async fn pull(
        &self,
        call: &Call,
        source: &Source,
        wanted: &Wanted<'_>,
        told: &mut (dyn FnMut(u64, Option<u64>) + Send),
    ) -> Result<Held, Fault> {
        let name = wanted.name.map_or_else(|| source.name(), str::to_owned);
        let file = self.file(&name)?;
        let hash = match source {
            Source::Known(known) if wanted.sha256.is_some_and(|hash| hash != known.sha256) => {
                let (name, own) = (&known.name, known.sha256);
                return Err(invalid(format!("`{name}` has another sha256 than is wanted: {own}")));
            }
            Source::Known(known) => Some(known.sha256),
            Source::Url(_) | Source::File(_) => wanted.sha256,
        };
        if let Some(held) = held(&file)
            && !wanted.again
        {
            // Two files of one name may be different models: only the hash tells that it is the one.
            let is_meant = hash.is_some_and(|hash| hash_of(&file).is_ok_and(|own| own == hash));
            return if is_meant { Ok(held) } else { Err(taken(&held)) };
        }
        let draft = Draft::new(&self.0, &**call.env())?;
        let fetched = fetch(call, source, &draft, told).await?;
        check(&fetched, hash)?;
        let put = fs::File::open(&fetched)
            .and_then(|whole| whole.sync_all())
            .and_then(|()| fs::rename(&fetched, &file));
        put.map_err(|error| trouble(&file, &error))?;
        held(&file).ok_or_else(|| invalid(format!("{} went as it came", file.display())))
    }

    /// Removes weights.
    ///
    /// # Errors
    /// `invalid_request` when there are none of that name, or they cannot be removed.
    pub fn remove(&self, name: &str) -> Result<Held, Fault> {
        let file = self.file(name)?;
        let gone = held(&file).ok_or_else(|| {
            let all: Vec<String> = self.list().into_iter().map(|held| held.name).collect();
            let there = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            invalid(format!("no weights `{name}` are in {}: there is {there}", self.0.display()))
        })?;
        fs::remove_file(&file).map_err(|error| trouble(&file, &error))?;
        Ok(gone)
    }

    /// The file of a name, which leads nowhere else.
    fn file(&self, name: &str) -> Result<PathBuf, Fault> {
        let is_name = !name.is_empty()
            && !name.starts_with('.')
            && !name.contains(['/', '\\', ':'])
            && !name.chars().any(char::is_control);
        if !is_name || name.len() > 200 {
            return Err(invalid(format!(
                "`{name}` is no name for weights: a file `NAME.{ENDING}` must be possible; name them with `--as`"
            )));
        }
        Ok(self.0.join(format!("{name}.{ENDING}")))
    }
}

/// What somebody wants of weights that are fetched.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// What they are to be called; the source's name without it.
    pub name: Option<&'a str>,
    /// The hash that they must have.
    pub sha256: Option<Digest>,
    /// Fetch them again, though they are there.
    pub again: bool,
}

fn taken(held: &Held) -> Fault {
    let (name, file) = (&held.name, held.file.display());
    invalid(format!("another `{name}` is here already: {file}"))
        .detail("`--again` replaces it, `--as NAME` gives the new one another name")
}

fn held(file: &Path) -> Option<Held> {
    let bytes = file.metadata().ok().filter(fs::Metadata::is_file)?.len();
    let name = file.file_stem()?.to_string_lossy().into_owned();
    Some(Held { name, file: file.to_owned(), bytes })
}

fn check(file: &Path, hash: Option<Digest>) -> Result<(), Fault> {
    let mut magic = [0; 4];
    let read = fs::File::open(file).and_then(|mut file| file.read_exact(&mut magic));
    if read.is_err() || magic != *MAGIC {
        return Err(invalid("what came is no GGUF file"));
    }
    let Some(hash) = hash else { return Ok(()) };
    let own = hash_of(file)?;
    if own != hash {
        return Err(invalid(format!(
            "what came is not what was meant: its sha256 is {own}, not {hash}"
        )));
    }
    Ok(())
}

fn hash_of(file: &Path) -> Result<Digest, Fault> {
    let read = fs::File::open(file).and_then(Digest::of_reader);
    read.map_err(|error| trouble(file, &error))
}

pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

/// Says that a file of ours could not be written or read.
pub(super) fn trouble(file: &Path, error: &std::io::Error) -> Fault {
    invalid(format!("{}: {error}", file.display()))
}
