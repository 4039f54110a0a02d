//! The runtime, the folder and the engines that benchmarks use.

use std::path::Path;

use fusion_core::Fusion;
use fusion_core::contract::{BoxFuture, Context, Output, Step};

use fusion_core::model::{Failure, Payload};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The allocator of the `fusion` command.
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
