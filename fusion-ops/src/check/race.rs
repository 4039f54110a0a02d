//! Two things at once: what comes first, and the wish that a program ends.

use std::fmt;
use std::sync::Arc;

use fusion_core::contract::{BoxFuture, Context, Env, Stopped};
use fusion_core::run::Wish;
use futures_util::future::{Either, select};

/// Ends a program when the attempt is to end, when its time is over, or when it is not needed any more.
pub(crate) struct Until {
    ctx: Option<Context>,
    env: Arc<dyn Env>,
    deadline: u64,
    enough: Wish,
}

impl Until {
    pub(crate) fn new(
        ctx: Option<&Context>,
        env: &Arc<dyn Env>,
        timeout_ms: u64,
        enough: Wish,
    ) -> Self {
        let deadline = env.monotonic_ns().saturating_add(timeout_ms.saturating_mul(1_000_000));
        Self { ctx: ctx.cloned(), env: env.clone(), deadline, enough }
    }

    /// Tells whether its time is over.
    pub(crate) fn is_late(&self) -> bool {
        self.env.monotonic_ns() >= self.deadline
    }
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Until")
    }
}

impl Stopped for Until {
    fn is_set(&self) -> bool {
        self.ctx.as_ref().is_some_and(Context::is_cancelled)
            || self.enough.is_set()
            || self.is_late()
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        let (ctx, enough) = (self.ctx.clone(), self.enough.clone());
        let late = self.env.sleep_until(self.deadline);
        Box::pin(async move {
            let cancelled = Box::pin(async move {
                match ctx {
                    Some(ctx) => ctx.cancelled().await,
                    None => std::future::pending().await,
                }
            });
            let given = enough.wait();
            select(late, select(cancelled, given)).await;
        })
    }

    fn alive(&self) {
        if let Some(ctx) = &self.ctx {
            ctx.heartbeat();
        }
    }
}

/// Does two things until the first of them is done, and gives what it gave.
pub(super) async fn first<A, B>(one: BoxFuture<'_, A>, other: BoxFuture<'_, B>) -> Either<A, B> {
    match select(one, other).await {
        Either::Left((done, _)) => Either::Left(done),
        Either::Right((done, _)) => Either::Right(done),
    }
}
