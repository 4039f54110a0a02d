//! Durable runs on SQLite with the full promise: one chain, five hundred runs at once, a thousand runs in flight.

use std::path::Path;

use fusion_benches::figure::Figure;
use fusion_benches::graphs::chain;
use fusion_benches::limit::linked::Linked;
use fusion_benches::meter::{self, Cost, Pair, pairs};
use fusion_benches::producers::{self, PAYLOAD, ROW};
use fusion_benches::setup::{Constant, Outcome, folder, on_file, runtime};
use fusion_core::Fusion;
use fusion_core::graph::Definition;
use fusion_core::model::RunStatus;
use fusion_core::run::Os;
use serde_json::Value;
use tokio::runtime::Runtime;

fn main() -> Outcome {
    let runtime = runtime()?;
    let folder = folder()?;
    let named = std::env::args().nth(1);
    let wanted = |name: &str| named.as_deref().is_none_or(|one| one == name);
    if wanted("chain") {
        alone(&runtime, folder.path())?;
    }
    if wanted("many") {
        many(&runtime, folder.path(), (500, 10))?;
        many(&runtime, folder.path(), (1_000, 50))?;
    }
    Ok(())
}

async fn open(path: &Path) -> Outcome<Fusion> {
    let fusion = on_file(path).await?;
    fusion.register(Constant::of(PAYLOAD));
    Ok(fusion)
}

/// One chain of 500, a step beside one commit of one row.
fn alone(runtime: &Runtime, folder: &Path) -> Outcome {
    let fusion = runtime.block_on(open(&folder.join("chain.db")))?;
    let mut linked = Linked::open(&folder.join("chain-raw.db"), 1)?;
    let graph = chain("constant", 500).define()?;
    let body = vec![b'x'; ROW];
    let pair = pairs(
        9,
        || {
            let cost = meter::start();
            runtime.block_on(runs(&fusion, &graph, 1))?;
            Ok(cost().seconds * 1e6 / 500.0)
        },
        || {
            let cost = meter::start();
            for _ in 0..500 {
                linked.commit(1, &body)?;
            }
            Ok(cost().seconds * 1e6 / 500.0)
        },
    )?;
    runtime.block_on(fusion.close())?;
    Figure::beside("durable chain of 500, beside one commit", pair, "us/step")
        .target("<= 1.3")
        .say();
    Ok(())
}

/// Starts so many runs at once, and waits for them all.
async fn runs(fusion: &Fusion, graph: &Definition, count: usize) -> Outcome {
    let mut set = tokio::task::JoinSet::<fusion_core::error::Result<_>>::new();
    for _ in 0..count {
        let (fusion, graph) = (fusion.clone(), graph.clone());
        set.spawn(async move {
            let run = fusion.start(&graph, Value::Null).await?;
            run.wait().await
        });
    }
    while let Some(ended) = set.join_next().await {
        let (status, _, failure) = ended??;
        if status != RunStatus::Succeeded {
            return Err(format!("{failure:?}").into());
        }
    }
    Ok(())
}

/// Many chains at once, from the first start to the last result, on a store that has run as many before: the limits are
/// measured on files whose streams are there as well.
fn many(runtime: &Runtime, folder: &Path, (count, length): (usize, usize)) -> Outcome {
    let graph = chain("constant", length).define()?;
    let steps = (count * length) as f64;
    let (mut rate, mut store, mut cpu, mut written) = (vec![], vec![], vec![], vec![]);
    for round in 0..5 {
        let path = |kind: &str| folder.join(format!("{kind}-{count}-{round}.db"));
        let fusion = runtime.block_on(open(&path("many")))?;
        runtime.block_on(runs(&fusion, &graph, count))?;
        let cost = meter::start();
        runtime.block_on(runs(&fusion, &graph, count))?;
        let ours: Cost = cost();
        runtime.block_on(fusion.close())?;
        let mut linked = Linked::open(&path("raw"), i64::try_from(count)?)?;
        let seconds = ours.seconds.clamp(0.3, 1.5);
        let (rows, raw) = linked.run(count / 2, ROW, seconds)?;
        let bare = runtime.block_on(async {
            let url = path("commit").display().to_string();
            let store = fusion_core::record::open(&url, Os::new()?).await?;
            let result = producers::run(&store, count, seconds).await?;
            store.close().await?;
            Outcome::Ok(result)
        })?;
        store.push((steps / ours.seconds, bare.commits / bare.cost.seconds));
        rate.push((steps / ours.seconds, rows / raw.seconds));
        cpu.push((ours.cpu * 1e6 / steps, raw.cpu * 1e6 / rows));
        written.push((ours.written / steps, PAYLOAD as f64));
    }
    let name = format!("{count} durable runs of {length} steps at once");
    let say = |what: &str, all: &[(f64, f64)], unit, target| {
        Figure::beside(format!("{name}{what}"), Pair::of(all), unit).target(target).say();
    };
    say(", beside as many bare commits", &store, "steps/s", ">= 0.50");
    say(", beside the raw loop", &rate, "steps/s", ">= 0.30");
    say(": CPU, beside the raw loop", &cpu, "us/step", "<= 5");
    say(": written, beside the payload", &written, "B/step", "<= 4.5");
    Ok(())
}
