//! Where weights come from.

use std::path::{Path, PathBuf};

use fusion_core::graph::nearest;
use fusion_core::model::chat::{Fault, FaultKind};

use super::known::{Known, known};

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A name that is [known](known()).
    Known(&'static Known),
    /// A file that a server has.
    Url(String),
    /// A file on this machine; it is copied.
    File(PathBuf),
}

impl Source {
    /// Reads `smollm2`, `https://…/NAME.gguf` or a path.
    ///
    /// ```
    /// use fusion_providers::weights::Source;
    ///
    /// assert_eq!(Source::of("smollm2").unwrap().name(), "smollm2");
    /// assert_eq!(Source::of("https://example.com/a/Tiny-Q4.gguf?x=1").unwrap().name(), "Tiny-Q4");
    /// let wrong = Source::of("smolm2").unwrap_err();
    /// assert_eq!(wrong.message(), "no weights are called `smolm2`: did you mean `smollm2`?");
    /// ```
    ///
    /// # Errors
    /// `invalid_request` for a name that nobody knows.
    pub fn of(text: &str) -> Result<Self, Fault> {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.contains(['/', '\\']) || Path::new(text).extension().is_some() {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let found = known().iter().find(|one| one.name == text);
        found.map(Self::Known).ok_or_else(|| {
            let hint = nearest::hint(text, known().iter().map(|one| one.name.as_str()));
            let message = format!("no weights are called `{text}`: {hint}");
            Fault::new(FaultKind::InvalidRequest, message)
        })
    }

    /// Gives the name that the weights get when nobody says another one.
    pub fn name(&self) -> String {
        let stem = |path: &Path| {
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
        };
        match self {
            Self::Known(known) => known.name.clone(),
            Self::Url(url) => {
                let path = url.split(['?', '#']).next().unwrap_or_default();
                stem(Path::new(path.rsplit('/').next().unwrap_or_default()))
            }
            Self::File(path) => stem(path),
        }
    }
}
