//! `fusion worker`: drives what others start, until it is told to end.

use fusion_core::coordination::Delegating;
use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::run::Options;
use tokio::time::{Duration, timeout};

use super::interrupt::Interrupt;
use crate::args::{Global, Worker};
use crate::project::{self, Need};
use crate::render::Out;

/// Works until Ctrl-C or SIGTERM; then what is begun may come to its end for a while.
pub(super) async fn worker(args: Worker, global: &Global, out: &Out) -> Result<u8> {
    for queue in &args.queue {
        if queue != "runs" && !queue.starts_with("step/") {
            let message = format!("there is no queue `{queue}`");
            return Err(Error::new(Code::InvalidInput, message)
                .hint(nearest::hint(queue, ["runs", "step/NAME"])));
        }
    }
    if global.store.as_deref() == Some("memory://") {
        let message =
            "a worker on `memory://` would wait for ever: nobody else can reach that store";
        return Err(Error::new(Code::StoreUrl, message)
            .hint("name a file that others open too, with `--store` or FUSION_STORE"));
    }
    let queues = args.queue.iter().map(|queue| queue.as_str().into()).collect();
    let options =
        Options { work: true, concurrency: args.concurrency, queues, ..Options::default() };
    let mut interrupt = Interrupt::new()?;
    let fusion = project::open(global, Need::Any, options).await?;
    fusion.recover().await?;
    // A worker for some queues only is not one for tasks.
    let everything = args.queue.is_empty();
    let part = if everything { Some(fusion.delegate(Delegating::default()).await?) } else { None };
    out.note("works; Ctrl-C ends it");
    interrupt.heard().await;
    drop(part);
    fusion.drain();
    let left = fusion.driven();
    if left > 0 {
        let word = if left == 1 { "run" } else { "runs" };
        out.note(&format!("finishes what is begun ({left} {word}); Ctrl-C again ends it at once"));
    }
    let rest = async {
        // What does not end in time goes on elsewhere: its lease is given back.
        let _ = timeout(Duration::from_millis(args.grace), fusion.settled()).await;
        fusion.close().await
    };
    interrupt.while_closing(rest).await?;
    Ok(0)
}
