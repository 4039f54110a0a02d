//! Where a plugin runs: in this process, or in one of its own.

use super::manifest::Manifest;
use super::trust::Standing;
use crate::plugin_process::MEMORY;

/// Where a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this process: it is trusted.
    Here,
    /// In a process of its own: it is not trusted, or it shall be isolated.
    Process,
    /// Nowhere: it has changed since it was trusted.
    Refused,
}

impl Place {
    /// Gives its word: `here`, `process`, `refused`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Process => "process",
            Self::Refused => "refused",
        }
    }
}

/// What was said about where plugins run.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The program that runs those that run apart, with its arguments.
    pub(super) host: Option<Vec<String>>,
    pub(super) all_apart: bool,
    /// The names of those that run apart although they are trusted.
    pub(super) apart: Vec<String>,
    /// The names of those that get their secrets although they are not trusted.
    pub(super) confided: Vec<String>,
    /// How many bytes of memory of its own one that runs apart may have.
    pub(super) memory: Option<u64>,
}

impl Default for Places {
    fn default() -> Self {
        let (host, all_apart, apart, confided) = Default::default();
        Self { host, all_apart, apart, confided, memory: Some(MEMORY) }
    }
}

impl Places {
    /// Tells where a plugin runs.
    pub(super) fn place(&self, standing: Standing, manifest: Option<&Manifest>) -> Place {
        let wishes = manifest.is_some_and(|own| own.isolate || self.apart.contains(&own.name));
        match standing {
            Standing::Changed(_) => Place::Refused,
            Standing::Trusted if !wishes && !self.all_apart => Place::Here,
            Standing::Trusted | Standing::Unknown => Place::Process,
        }
    }

    /// Tells which secrets it may have there.
    pub(super) fn secrets(&self, standing: Standing, manifest: Option<&Manifest>) -> Vec<String> {
        let own = manifest
            .filter(|own| standing == Standing::Trusted || self.confided.contains(&own.name));
        own.map(|own| own.secrets.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use fusion_core::model::Digest;

    use super::*;

    fn manifest(isolate: bool) -> Manifest {
        let text = serde_json::json!({
            "manifest": 1, "name": "one", "version": "1", "library": "l", "secrets": ["K"], "isolate": isolate,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn only_what_is_trusted_and_not_isolated_runs_here() {
        let (usual, apart) = (manifest(false), manifest(true));
        let changed = Standing::Changed(Digest::of(b""));
        let said = Places { apart: vec!["one".to_owned()], ..Places::default() };
        let all = Places { all_apart: true, ..Places::default() };
        for (places, standing, manifest, place) in [
            (&Places::default(), Standing::Trusted, Some(&usual), Place::Here),
            (&Places::default(), Standing::Trusted, None, Place::Here),
            (&Places::default(), Standing::Trusted, Some(&apart), Place::Process),
            (&said, Standing::Trusted, Some(&usual), Place::Process),
            (&all, Standing::Trusted, None, Place::Process),
            (&Places::default(), Standing::Unknown, Some(&usual), Place::Process),
            (&Places::default(), Standing::Unknown, None, Place::Process),
            (&all, changed, Some(&apart), Place::Refused),
        ] {
            assert_eq!(places.place(standing, manifest), place, "{places:?} {standing:?}");
        }
    }

    #[test]
    fn secrets_are_for_the_trusted_and_the_confided() {
        let own = manifest(false);
        let none = Places::default();
        let said = Places { confided: vec!["one".to_owned()], ..Places::default() };
        assert_eq!(none.secrets(Standing::Trusted, Some(&own)), ["K"]);
        assert!(none.secrets(Standing::Unknown, Some(&own)).is_empty());
        assert!(none.secrets(Standing::Trusted, None).is_empty());
        assert_eq!(said.secrets(Standing::Unknown, Some(&own)), ["K"]);
    }
}
