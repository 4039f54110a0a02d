//! Builds plugins from C, loads them, asks them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Answer, Fault, Request};
use fusion_core::run::Os;
use fusion_providers::{Keys, Plugin};
use serde_json::json;
use tempfile::TempDir;

/// A library that is thrown away with this.
#[derive(Debug)]
pub(crate) struct Built {
    folder: TempDir,
}

impl Built {
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("libplugin.so")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Builds a plugin from a C file of the repository, with all warnings as errors.
#[expect(clippy::disallowed_methods, reason = "a compiler is run before the engine is there")]
pub(crate) fn build(source: &str, defines: &[&str]) -> Built {
    let built = Built { folder: tempfile::tempdir().unwrap() };
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1"]);
    cc.args(["-shared", "-fPIC", "-pthread", "-I"]).arg(root().join("fusion-plugin/include"));
    cc.args(defines.iter().map(|define| format!("-D{define}")));
    let output = cc.arg("-o").arg(built.path()).arg(root().join(source)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    built
}

/// Builds the plugin that misbehaves as it is told; its calls are begun on threads.
pub(crate) fn naughty() -> Built {
    build("fusion-providers/tests/plugin/c/naughty.c", &["FLAGS=0"])
}

/// The same, with calls that are begun in place.
pub(crate) fn naughty_and_quick() -> Built {
    build("fusion-providers/tests/plugin/c/naughty.c", &["FLAGS=FUSION_QUICK"])
}

/// Opens a plugin as a provider.
pub(crate) fn open(path: &Path) -> Result<Arc<dyn Provider>, Fault> {
    let keys = Keys::new(|name| match name {
        "SHORT" => Some("sesame".to_owned()),
        "LONG" => Some("a".repeat(100)),
        _ => None,
    });
    Plugin::load(path)?.open(&json!({}), &keys)
}

/// Makes a call of the real world with few seconds of time.
pub(crate) fn call() -> Call {
    Call::new(Os::current().unwrap()).within_ms(10_000)
}

/// Asks, and fails the test when there is no answer in time.
pub(crate) async fn ask(provider: &dyn Provider, text: &str) -> Result<Answer, Fault> {
    provider.complete(&call(), &Request::new("").user(text)).await
}

/// Asks, and drops the call while the plugin is at it.
pub(crate) async fn drop_soon(provider: &dyn Provider, text: &str) {
    let asked = ask(provider, text);
    assert!(tokio::time::timeout(Duration::from_millis(30), asked).await.is_err());
}
