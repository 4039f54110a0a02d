//! The runtime, the folder and the engines that benchmarks use.

use std::path::Path;

use fusion_core::Fusion;
use fusion_core::contract::{BoxFuture, Context, Output, Step};

use fusion_core::model::{Failure, Payload};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The allocator of the `fusion` command, with the huge pages that only a program that stays is worth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a benchmark gives: nothing goes on after an error.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Makes the runtime that a program with default settings has.
///
/// # Errors
/// When the machine gives no threads.
pub fn runtime() -> Outcome<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Makes a folder on the disk that is measured: under `target`, or where `FUSION_BENCH_DIR` says.
///
/// # Errors
/// When no folder can be made.
pub fn folder() -> Outcome<TempDir> {
    let place = std::env::var_os("FUSION_BENCH_DIR").unwrap_or_else(|| "target".into());
    std::fs::create_dir_all(&place)?;
    Ok(TempDir::with_prefix_in("bench-", place)?)
}

/// Opens an engine on an SQLite file with the default settings.
///
/// # Errors
/// When the store cannot be opened.
pub async fn on_file(path: &Path) -> Outcome<Fusion> {
    Ok(Fusion::open(&format!("sqlite://{}", path.display())).await?)
}

/// A step that gives the same bytes each time, at once.
#[derive(Debug)]
pub struct Constant(pub Payload);

impl Constant {
    /// Makes a step whose output has so many bytes.
    pub fn of(bytes: usize) -> Self {
        Self(Payload::value(&"x".repeat(bytes.saturating_sub(2)).into()))
    }
}

impl Step for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn run(&self, _: Context, _: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        Box::pin(std::future::ready(Ok(Output::Value(self.0.clone()))))
    }
}

/// Builds a plugin from a C file in `src/plugin`.
///
/// # Errors
/// When there is no compiler, or it finds something wrong.
#[expect(clippy::disallowed_methods, reason = "a compiler is run, without an engine")]
pub fn c_plugin(source: &str, defines: &[&str], library: &Path) -> Outcome {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cc = std::process::Command::new("cc");
    cc.args(["-std=c11", "-O2", "-shared", "-fPIC", "-pthread", "-I"]);
    cc.arg(own.join("../fusion-plugin/include")).arg("-o").arg(library);
    cc.args(defines.iter().map(|define| format!("-D{define}")));
    let status = cc.arg(own.join("src/plugin").join(source)).status()?;
    if status.success() { Ok(()) } else { Err("the plugin cannot be built".into()) }
}

/// Gives the command that starts this program again, as something else.
///
/// # Errors
/// When the system does not say where it is.
pub fn itself(what: &str) -> Outcome<[String; 2]> {
    Ok([std::env::current_exe()?.display().to_string(), what.to_owned()])
}
