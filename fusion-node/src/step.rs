//! A step whose body is a JavaScript function.

use std::future::ready;
use std::sync::Arc;

use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::model::{Class, Failure, Payload, PayloadKind};
use tokio::sync::oneshot;

use crate::bridge::Shared;
use crate::slots::Answer;

/// A step by the number of its function in JavaScript.
#[derive(Debug)]
pub(crate) struct JsStep {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) shared: Arc<Shared>,
}

impl Step for JsStep {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let Payload::Inline(PayloadKind::Json, bytes) = input else {
            let failure =
                Failure::new(Class::DECODE, "the input of a JavaScript step must be JSON");
            return Box::pin(ready(Err(failure)));
        };
        let (call, answered) = self.shared.slots.open(ctx.clone());
        let open = Open { call, shared: self.shared.clone() };
        let run = self.shared.names_runs().then(|| ctx.about().run);
        self.shared.run_body(call, self.number, &bytes, run.as_ref());
        Box::pin(async move { open.end(&ctx, answered).await })
    }
}

/// A body that runs; JavaScript is told when nobody waits for it any more.
struct Open {
    call: u64,
    shared: Arc<Shared>,
}

impl Open {
    async fn end(
        &self,
        ctx: &Context,
        mut answered: oneshot::Receiver<Answer>,
    ) -> Result<Output, Failure> {
        let wait = self.shared.ending.begin();
        let mut listens = false;
        match wait.look(|| answered.try_recv().ok()) {
            Some(Answer::Done(result)) => return result,
            Some(Answer::Listens(next)) => {
                answered = next;
                listens = true;
            }
            None => {}
        }
        let from = wait.now();
        loop {
            let answer = if listens {
                tokio::select! {
                    biased;
                    answer = &mut answered => answer,
                    () = ctx.cancelled() => {
                        self.shared.give_up(self.call);
                        listens = false;
                        continue;
                    }
                }
            } else {
                (&mut answered).await
            };
            match answer {
                Ok(Answer::Done(result)) => {
                    wait.slept(from);
                    return result;
                }
                Ok(Answer::Listens(next)) => {
                    answered = next;
                    listens = true;
                }
                Err(_) => return Err(Failure::error("the JavaScript of this process has ended")),
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.shared.slots.close(self.call) {
            self.shared.give_up(self.call);
        }
    }
}
