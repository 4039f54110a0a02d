//! A look at a future without waiting for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Polls a future once: most bodies of in-memory runs are done at once, and nothing else is set up for them.
pub(super) async fn once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
