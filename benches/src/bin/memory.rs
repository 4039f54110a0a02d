//! Runs in memory: a chain, a fan, a graph of a million nodes.

use std::sync::Arc;

use fusion_benches::figure::Figure;
use fusion_benches::graphs::{Layers, chain, fan};
use fusion_benches::limit::{kahn, spawn};
use fusion_benches::meter::{self, Pair, median, pairs};
use fusion_benches::setup::{Outcome, runtime};
use fusion_core::Fusion;
use fusion_core::contract::Workflow;
use fusion_core::graph::Program;
use fusion_core::model::{Graph, RunStatus};
use serde_json::Value;
use tokio::runtime::Runtime;

const WIDE: usize = 1_000_000;
const SMALL: usize = 10_000;

fn main() -> Outcome {
    let runtime = runtime()?;
    let named = std::env::args().nth(1);
    let wanted = |name: &str| named.as_deref().is_none_or(|one| one == name);
    // First of all: what was freed before would be used again and not be seen.
    if wanted("program") {
        program_and_state()?;
    }
    if wanted("small") {
        small(&runtime, "chain of 1,000 in memory, start to result", &chain("noop", 1_000), "")?;
        let name = "fan-out and fan-in of 5,000 in memory, start to result";
        small(&runtime, name, &fan("noop", 5_000), "<= 2")?;
    }
    if wanted("layers") {
        layers(&runtime)?;
    }
    Ok(())
}

async fn open() -> Outcome<Fusion> {
    let fusion = Fusion::open("memory://").await?;
    fusion.step("noop", |(): ()| std::future::ready(Ok(())));
    Ok(fusion)
}

/// A whole run, from the call that starts it to its result, against the spawn loop; nanoseconds of CPU a node, since other
/// work on the machine changes the time on the wall.
fn small(runtime: &Runtime, name: &str, graph: &Graph, target: &'static str) -> Outcome {
    let program = Program::compile(graph.clone())?;
    let graph = &graph.clone().define()?;
    let nodes = program.len() as f64;
    let fusion = runtime.block_on(open())?;
    let again = 10.0;
    let pair = pairs(
        9,
        || {
            let cost = meter::start();
            runtime.block_on(async {
                for _ in 0..10 {
                    finish(&fusion, graph).await?;
                }
                Outcome::Ok(())
            })?;
            Ok(cost().cpu * 1e9 / nodes / again)
        },
        || {
            let cost = meter::start();
            for _ in 0..10 {
                runtime.block_on(spawn::run(&program));
            }
            Ok(cost().cpu * 1e9 / nodes / again)
        },
    )?;
    let figure = Figure::beside(name, pair, "CPU ns/node");
    if target.is_empty() {
        figure.say();
    } else {
        figure.target(target).say();
    }
    Ok(())
}

async fn finish(fusion: &Fusion, workflow: &dyn Workflow) -> Outcome {
    let run = fusion.start(workflow, Value::Null).await?;
    let (status, _, failure) = run.wait().await?;
    if status == RunStatus::Succeeded { Ok(()) } else { Err(format!("{failure:?}").into()) }
}

/// What a layered graph took: to be started, and then to its end, in nanoseconds a node.
struct Took {
    start: f64,
    wall: f64,
    cpu: f64,
}

fn once(runtime: &Runtime, nodes: usize, times: usize) -> Outcome<Took> {
    runtime.block_on(async {
        let mut all = Took { start: 0.0, wall: 0.0, cpu: 0.0 };
        for _ in 0..times {
            // A new engine each time: the journal of the one before must not weigh on this one.
            let fusion = open().await?;
            let started = meter::start();
            let run = fusion.start(&Layers { nodes, step: "noop" }, Value::Null).await?;
            all.start += started().cpu;
            let cost = meter::start();
            let (status, _, failure) = run.wait().await?;
            if status != RunStatus::Succeeded {
                return Err(format!("{failure:?}").into());
            }
            all.wall += cost().seconds;
            all.cpu += cost().cpu;
            fusion.close().await?;
        }
        let each = 1e9 / nodes as f64 / times as f64;
        Ok(Took { start: all.start * each, wall: all.wall * each, cpu: all.cpu * each })
    })
}

fn layers(runtime: &Runtime) -> Outcome {
    once(runtime, WIDE, 1)?;
    let peak = meter::peak_bytes() / f64::from(1 << 30);
    let program = Program::compile(Layers { nodes: WIDE, step: "noop" }.graph(&Value::Null)?)?;
    let (mut small, mut bare, mut loops) = (Vec::new(), Vec::new(), Vec::new());
    let (mut wall, mut start) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let wide = once(runtime, WIDE, 1)?;
        let few = once(runtime, SMALL, 20)?;
        let cost = meter::start();
        std::hint::black_box(kahn::walk(&program));
        let walked = cost().cpu * 1e9 / WIDE as f64;
        let cost = meter::start();
        runtime.block_on(spawn::run(&program));
        let spawned = cost().cpu * 1e9 / WIDE as f64;
        small.push((wide.cpu, few.cpu));
        bare.push((wide.cpu, walked));
        loops.push((wide.cpu, spawned));
        wall.push(wide.wall);
        start.push(wide.start);
    }
    let name = "1,000,000 nodes in random layers, in memory";
    let say = |what: &str, all: &[(f64, f64)], target| {
        let figure = Figure::beside(format!("{name}{what}"), Pair::of(all), "CPU ns/node");
        figure.target(target).say();
    };
    say(", beside 10,000 nodes", &small, "<= 250 ns; <= 1.5");
    say(", beside a bare walk", &bare, "<= 8");
    say(", beside spawned tasks", &loops, "<= 2");
    Figure::new(format!("{name}: on the wall"), median(wall.into_iter()), "ns/node").say();
    let start = median(start.into_iter());
    Figure::new(format!("{name}: made, checked, compiled, stored"), start, "CPU ns/node").say();
    Figure::new(format!("{name}: most memory"), peak, "GiB").target("< 1.5").say();
    Ok(())
}

/// What program and state of the wide graph take, without the author's words and without payloads.
fn program_and_state() -> Outcome {
    let graph = Arc::new(Layers { nodes: WIDE, step: "noop" }.graph(&Value::Null)?);
    let make = || {
        let program = Arc::new(Program::compile(graph.clone())?);
        Outcome::Ok((program.clone(), fusion_core::schedule::State::new(program, start())))
    };
    // What the first one needed to be made and gave back, the others use again.
    let first = make()?;
    let before = meter::resident_bytes();
    let others = (0..4).map(|_| make()).collect::<Outcome<Vec<_>>>()?;
    let bytes = (meter::resident_bytes() - before) / WIDE as f64 / others.len() as f64;
    drop((first, others));
    Figure::new("program and state of 1,000,000 nodes", bytes, "B/node").target("<= 64").say();
    Ok(())
}

fn start() -> fusion_core::model::Start {
    fusion_core::model::Start {
        workflow: "layers".to_owned(),
        version: 1,
        definition: fusion_core::model::Payload::NULL,
        input: fusion_core::model::Payload::NULL,
        origin: None,
    }
}
