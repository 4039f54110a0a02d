//! The runtime: one thread, beside those of the store.

use fusion_core::error::{Code, Error, Result};
use tokio::runtime::Builder;

/// Runs a command to its end.
pub(super) fn block_on(work: impl Future<Output = Result<u8>>) -> Result<u8> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        Error::new(Code::Internal, "no runtime could be started").because(error)
    })?;
    let result = runtime.block_on(work);
    // What blocks a thread must not keep the process alive.
    runtime.shutdown_background();
    result
}
