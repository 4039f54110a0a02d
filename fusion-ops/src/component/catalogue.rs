//! The components that are built in: the texts of the crate's folder `catalogue`, in the program itself.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use fusion_core::error::{Code, Error, Result};

use super::manifest::Manifest;
use super::name::Shown;
use super::package::Component;

/// A package in the program.
struct Entry {
    name: &'static str,
    manifest: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! catalogue {
    ($($name:literal: $($file:literal)+;)+) => {
        /// What is built in; a test compares it with the folder.
        const CATALOGUE: &[Entry] = &[$(Entry {
            name: $name,
            manifest: include_str!(concat!("../../catalogue/", $name, "/component.toml")),
            files: &[$(($file, include_str!(concat!("../../catalogue/", $name, "/", $file))),)+],
        },)+];
    };
}

catalogue! {
    "admin-dashboard":
        "specs/staff-screens/spec.md"
        "specs/staff-screens/tasks.md"
    ;
    "ai-llm":
        "blocks/env"
        "specs/model-calls/spec.md"
        "specs/model-calls/tasks.md"
    ;
    "analytics":
        "specs/usage-figures/spec.md"
        "specs/usage-figures/tasks.md"
    ;
    "api":
        "blocks/env"
        "specs/endpoints/spec.md"
        "specs/endpoints/tasks.md"
    ;
    "audit-log":
        "specs/audit-trail/spec.md"
        "specs/audit-trail/tasks.md"
    ;
    "auth":
        "blocks/env"
        "specs/jwt-auth/spec.md"
        "specs/jwt-auth/tasks.md"
        "specs/oauth/spec.md"
        "specs/oauth/tasks.md"
        "specs/mfa/spec.md"
        "specs/mfa/tasks.md"
    ;
    "caching":
        "blocks/env"
        "specs/cache-rules/spec.md"
        "specs/cache-rules/tasks.md"
    ;
    "cli":
        "specs/command-line/spec.md"
        "specs/command-line/tasks.md"
    ;
    "database":
        "blocks/env"
        "specs/schema/spec.md"
        "specs/schema/tasks.md"
    ;
    "deployment-ci":
        "specs/delivery/spec.md"
        "specs/delivery/tasks.md"
    ;
    "documentation":
        "specs/guides/spec.md"
        "specs/guides/tasks.md"
    ;
    "email":
        "blocks/env"
        "specs/transactional-mail/spec.md"
        "specs/transactional-mail/tasks.md"
    ;
    "external-integration":
        "blocks/env"
        "specs/third-party/spec.md"
        "specs/third-party/tasks.md"
    ;
    "file-storage":
        "blocks/env"
        "specs/uploads/spec.md"
        "specs/uploads/tasks.md"
    ;
    "frontend":
        "specs/web-interface/spec.md"
        "specs/web-interface/tasks.md"
    ;
    "i18n":
        "specs/languages/spec.md"
        "specs/languages/tasks.md"
    ;
    "import-export":
        "specs/data-exchange/spec.md"
        "specs/data-exchange/tasks.md"
    ;
    "monitoring":
        "blocks/env"
        "specs/observability/spec.md"
        "specs/observability/tasks.md"
    ;
    "notifications":
        "blocks/env"
        "specs/delivery/spec.md"
        "specs/delivery/tasks.md"
    ;
    "payments":
        "blocks/env"
        "specs/stripe/spec.md"
        "specs/stripe/tasks.md"
        "specs/paypal/spec.md"
        "specs/paypal/tasks.md"
        "specs/crypto/spec.md"
        "specs/crypto/tasks.md"
    ;
    "queue-jobs":
        "blocks/env"
        "specs/background-jobs/spec.md"
        "specs/background-jobs/tasks.md"
    ;
    "realtime":
        "blocks/env"
        "specs/websockets/spec.md"
        "specs/websockets/tasks.md"
    ;
    "search":
        "specs/full-text/spec.md"
        "specs/full-text/tasks.md"
    ;
    "security":
        "specs/hardening/spec.md"
        "specs/hardening/tasks.md"
    ;
    "testing":
        "specs/unit-testing/spec.md"
        "specs/unit-testing/tasks.md"
        "specs/e2e-testing/spec.md"
        "specs/e2e-testing/tasks.md"
        "specs/agent-testing/spec.md"
        "specs/agent-testing/tasks.md"
    ;
}

/// One of them.
#[derive(Debug)]
struct BuiltIn {
    manifest: Manifest,
    files: &'static [(&'static str, &'static str)],
}

impl Component for BuiltIn {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn file(&self, path: &str) -> Result<Cow<'_, [u8]>> {
        let found = self.files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| Cow::Borrowed(text.as_bytes())).ok_or_else(|| {
            let message = format!("`{}` has no {}", self.manifest.name, Shown(path));
            Error::new(Code::FileUnreadable, message)
        })
    }

    fn source(&self) -> String {
        "built-in".to_owned()
    }
}

/// Gives all of them; they are read once.
pub(super) fn all() -> Vec<Arc<dyn Component>> {
    static ALL: OnceLock<Vec<Arc<dyn Component>>> = OnceLock::new();
    let read = || {
        let one = |entry: &Entry| -> Option<Arc<dyn Component>> {
            // A test reads every one of them.
            let manifest = Manifest::read(entry.name, entry.manifest).ok()?;
            Some(Arc::new(BuiltIn { manifest, files: entry.files }))
        };
        CATALOGUE.iter().filter_map(one).collect()
    };
    ALL.get_or_init(read).clone()
}
