//! Calls and streams of a plugin in C, through the ABI and back: in place, from the plugin's own thread, and from a process of
//! its own.

use std::hint::black_box;

use fusion_benches::figure::Figure;
use fusion_benches::limit::handover;
use fusion_benches::meter::{median, pairs, start};
use fusion_benches::setup::{Outcome, c_plugin, folder, itself, runtime};
use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Fault, Request};
use fusion_core::run::Os;
use fusion_providers::{Keys, Plugin, PluginProcess};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::runtime::Runtime;

const IN_PLACE: u32 = 100_000;
const FROM_THREAD: u32 = 5_000;
const TIMES: usize = 9;

fn main() -> Outcome {
    // The process of the plugin is this program too.
    if std::env::args().nth(1).is_some() {
        return Ok(fusion_providers::plugins::host().map_err(said)?);
    }
    let (runtime, folder) = (runtime()?, folder()?);
    let (brief, whole) = (folder.path().join("libbrief.so"), folder.path().join("libwhole.so"));
    c_plugin("answers.c", &["FLAGS=FUSION_QUICK|FUSION_BRIEF"], &brief)?;
    c_plugin("answers.c", &["FLAGS=FUSION_QUICK"], &whole)?;
    let none = Keys::new(|_| None);
    let opened = |path| Plugin::load(path).and_then(|plugin| plugin.open(&Value::Null, &none));
    let (brief, provider) = (opened(&brief).map_err(said)?, opened(&whole).map_err(said)?);
    let call = Call::new(Os::with_runtime(runtime.handle().clone()));
    // The first call of a plugin is made on a thread.
    each(&runtime, &*brief, &call, ("in place", 10))?;
    each(&runtime, &*provider, &call, ("in place", 10))?;
    let in_place = times(|| each(&runtime, &*brief, &call, ("in place", IN_PLACE)))?;
    let name = "call of a plugin in C that ends in place, without JSON: time";
    Figure::new(name, in_place, "us").target("< 0.6").say();
    let in_place = times(|| each(&runtime, &*provider, &call, ("in place", IN_PLACE)))?;
    let name = "call of a plugin in C that ends in place, request as JSON: time";
    Figure::new(name, in_place, "us").say();
    let thread = pairs(
        TIMES,
        || each(&runtime, &*provider, &call, ("thread", FROM_THREAD)),
        || handover::run(FROM_THREAD),
    )?;
    let name = "call of a plugin in C that its own thread answers, beside two bare threads: time";
    Figure::beside(name, thread, "us").target("< 40").say();
    let rate = times(|| streamed(&runtime, &*provider, &call))?;
    let name = "chunks of a stream from a thread of a plugin in C";
    Figure::new(name, rate, "chunks/s").target("> 1,500,000").say();
    let apart = PluginProcess::new(&whole).program(itself("host")?);
    let apart = apart.open(&Value::Null, &none).map_err(said)?;
    each(&runtime, &*apart, &call, ("in place", 10))?;
    let time = times(|| each(&runtime, &*apart, &call, ("in place", FROM_THREAD)))?;
    Figure::new("call of a plugin in C in a process of its own: time", time, "us").say();
    let rate = times(|| streamed(&runtime, &*apart, &call))?;
    let name = "chunks of a stream from a plugin in C in a process of its own";
    Figure::new(name, rate, "chunks/s").say();
    Ok(())
}

fn times(mut measure: impl FnMut() -> Outcome<f64>) -> Outcome<f64> {
    let all: Vec<f64> = (0..TIMES).map(|_| measure()).collect::<Outcome<_>>()?;
    Ok(median(all.into_iter()))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in for a closure of `map_err`")]
fn said(fault: Fault) -> String {
    fault.to_string()
}

/// Measures one call, in microseconds.
fn each(
    runtime: &Runtime,
    provider: &dyn Provider,
    call: &Call,
    (text, calls): (&str, u32),
) -> Outcome<f64> {
    let request = Request::new("m").user(text);
    let cost = start();
    for _ in 0..calls {
        let answer = runtime.block_on(provider.complete(call, &request)).map_err(said)?;
        black_box(answer);
    }
    Ok(cost().seconds / f64::from(calls) * 1e6)
}

/// Measures chunks a second.
fn streamed(runtime: &Runtime, provider: &dyn Provider, call: &Call) -> Outcome<f64> {
    let request = Request::new("m").user("thread");
    let cost = start();
    let count = runtime.block_on(async {
        let mut chunks = provider.stream(call, &request).await?;
        let mut count = 0_u32;
        while let Some(chunk) = chunks.next().await {
            black_box(chunk?);
            count += 1;
        }
        Ok::<_, Fault>(count)
    });
    Ok(f64::from(count.map_err(said)?) / cost().seconds)
}
