//! The runtime: one thread beside those of the store, or one for each CPU.

use fusion_core::error::{Code, Error, Result};
use tokio::runtime::{Builder, Runtime};

/// Runs a command to its end, on this thread.
pub(super) fn block_on(work: impl Future<Output = Result<u8>>) -> Result<u8> {
    end(Builder::new_current_thread().enable_all().build(), work)
}

/// Runs a command to its end, with a thread for each CPU beside this one.
pub(super) fn block_on_all(work: impl Future<Output = Result<u8>>) -> Result<u8> {
    end(Builder::new_multi_thread().enable_all().thread_name("fusion").build(), work)
}

fn end(runtime: std::io::Result<Runtime>, work: impl Future<Output = Result<u8>>) -> Result<u8> {
    let runtime = runtime.map_err(|error| {
        Error::new(Code::Internal, "no runtime could be started").because(error)
    })?;
    let result = runtime.block_on(work);
    // What blocks a thread must not keep the process alive.
    runtime.shutdown_background();
    result
}
