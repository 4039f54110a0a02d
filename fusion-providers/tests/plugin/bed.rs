//! Builds plugins from C, loads them, asks them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Answer, Fault, Request};
use fusion_core::run::Os;
use fusion_providers::{Keys, Plugin, PluginProcess};
use serde_json::{Value, json};
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

/// Where a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In this process.
    Here,
    /// In a process of its own.
    Apart,
}

/// Makes two tests of each case: one for each way.
macro_rules! both_ways {
    ($($case:ident),+ $(,)?) => {
        mod here {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(crate::bed::Way::Here).await;
            })+
        }
        mod apart {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(crate::bed::Way::Apart).await;
            })+
        }
    };
}
pub(crate) use both_ways;

/// Finds what cargo has built with the tests, as an example of this package.
pub(crate) fn example(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let file = program.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(file.is_file(), "build it: cargo build -p fusion-providers --examples");
    file
}

/// A plugin for a process of its own.
pub(crate) fn apart(path: &Path) -> PluginProcess {
    PluginProcess::new(path).program([example("plugin-host").display().to_string()])
}

fn keys() -> Keys {
    Keys::new(|name| match name {
        "SHORT" => Some("sesame".to_owned()),
        "LONG" => Some("a".repeat(100)),
        _ => None,
    })
}

/// Opens a plugin as a provider.
pub(crate) fn open(path: &Path) -> Result<Arc<dyn Provider>, Fault> {
    open_as(Way::Here, path, &json!({}))
}

/// Opens a plugin somewhere.
pub(crate) fn open_as(way: Way, path: &Path, config: &Value) -> Result<Arc<dyn Provider>, Fault> {
    match way {
        Way::Here => Plugin::load(path)?.open(config, &keys()),
        Way::Apart => apart(path).secrets(["SHORT", "LONG", "NONE"]).open(config, &keys()),
    }
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
