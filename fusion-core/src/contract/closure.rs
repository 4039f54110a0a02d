//! A step that is a function.

use std::fmt;
use std::sync::Arc;

use super::{BoxFuture, Context, Output, Step};
use crate::model::{Failure, Payload};

/// A step that is a function.
pub(crate) struct Closure<F> {
    pub(crate) name: Arc<str>,
    pub(crate) run: F,
}

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step `{}`", self.name)
    }
}

impl<F> Step for Closure<F>
where
    F: Fn(Context, Payload) -> BoxFuture<'static, Result<Output, Failure>> + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        (self.run)(ctx, input)
    }
}
