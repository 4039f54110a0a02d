//! A call of a provider through three layers, beside the same call without them; and a stream in chunks.

use std::hint::black_box;
use std::time::Duration;

use async_trait::async_trait;
use fusion_benches::figure::Figure;
use fusion_benches::meter::{Pair, median, pairs, start};
use fusion_benches::setup::{Outcome, runtime};
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Chunk, Fault, Finish, Request};
use fusion_core::run::Os;
use fusion_providers::layer::{Breaker, ProviderExt, Retry, Timeout};
use futures_util::{StreamExt, stream};

const CALLS: u32 = 100_000;
const CHUNKS: u32 = 1_000_000;
const PAIRS: usize = 9;

/// Answers at once, always the same.
#[derive(Debug)]
struct Constant;

#[async_trait]
impl Provider for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    async fn complete(&self, _call: &Call, _request: &Request) -> Result<Answer, Fault> {
        Ok(Answer::default())
    }

    async fn stream(&self, _call: &Call, _request: &Request) -> Result<Chunks, Fault> {
        let pieces = stream::iter(0..CHUNKS).map(|_| Ok(Chunk::text("word ")));
        Ok(pieces.chain(stream::iter([Ok(Chunk::end(Finish::Stop))])).boxed())
    }
}

fn main() -> Outcome {
    let runtime = runtime()?;
    let call = Call::new(Os::with_runtime(runtime.handle().clone()));
    let bare = Constant;
    let layered =
        Constant.layer(Timeout::usual()).layer(Breaker::new(5, 1_000)).layer(Retry::new());
    let request = Request::new("m").user("hello");
    let each = |provider: &dyn Provider| -> Outcome<f64> {
        let cost = start();
        for _ in 0..CALLS {
            let answer = runtime.block_on(provider.complete(&call, &request));
            black_box(answer.map_err(|fault| fault.to_string())?);
        }
        Ok(cost().cpu / f64::from(CALLS) * 1e6)
    };
    each(&layered)?;
    let mut more = Vec::new();
    let both = pairs(PAIRS, || each(&layered), || each(&bare))?;
    for _ in 0..PAIRS {
        more.push(each(&layered)? - each(&bare)?);
    }
    Figure::beside(
        "call of a provider through three layers, beside the bare call: CPU",
        both,
        "us",
    )
    .say();
    let more = median(more.into_iter());
    Figure::new("what three layers add to a call: CPU", more, "us").target("< 2").say();
    streamed(&runtime, &call, &[&layered, &bare])
}

/// Measures chunks a second, through the layers and without them.
fn streamed(runtime: &tokio::runtime::Runtime, call: &Call, both: &[&dyn Provider; 2]) -> Outcome {
    let request = Request::new("m").user("hello");
    let rate = |provider: &dyn Provider| -> Outcome<f64> {
        let cost = start();
        let read = async {
            let chunks = provider.stream(call, &request).await?;
            Ok::<_, Fault>(chunks.count().await)
        };
        let limit = async { tokio::time::timeout(Duration::from_mins(1), read).await };
        let count = runtime.block_on(limit)?.map_err(|fault| fault.to_string())?;
        Ok(count as f64 / cost().seconds)
    };
    let mut all = Vec::new();
    for _ in 0..PAIRS {
        all.push((rate(both[0])?, rate(both[1])?));
    }
    let pair = Pair::of(&all);
    Figure::beside(
        "chunks of a stream through three layers, beside the bare stream",
        pair,
        "chunks/s",
    )
    .say();
    Ok(())
}
