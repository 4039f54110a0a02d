//! A tool of a function that has its attempt: memos, idempotency key, the wish to end.

use std::fmt;
use std::sync::Arc;

use fusion_core::agent::Tool;
use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::model::chat;
use fusion_core::model::{Failure, Payload};
use serde::de::DeserializeOwned;

/// Makes a tool of a function that gives a text.
pub(super) fn tool<I, F, R>(about: chat::Tool, body: F) -> Tool
where
    I: DeserializeOwned + Send + 'static,
    F: Fn(Context, I) -> R + Send + Sync + 'static,
    R: Future<Output = Result<String, Failure>> + Send + 'static,
{
    let run = move |ctx: Context, input: Payload| -> BoxFuture<'static, Result<Output, Failure>> {
        match input.decode::<I>() {
            Ok(input) => {
                let work = body(ctx, input);
                Box::pin(async move { Ok(Output::Value(Payload::json(&work.await?)?)) })
            }
            Err(error) => Box::pin(std::future::ready(Err(error.into()))),
        }
    };
    let name = about.name.clone();
    Tool::of_step(about, Arc::new(Body { name, run }))
}

struct Body<F> {
    name: String,
    run: F,
}

impl<F> fmt::Debug for Body<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tool `{}`", self.name)
    }
}

impl<F> Step for Body<F>
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
