//! Calls and streams of a plugin in C, through the ABI and back: in place, and from the plugin's own thread.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use fusion_benches::figure::Figure;
use fusion_benches::meter::{median, start};
use fusion_benches::setup::{Outcome, folder, runtime};
use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Fault, Request};
use fusion_core::run::Os;
use fusion_providers::{Keys, Plugin};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::runtime::Runtime;

const IN_PLACE: u32 = 100_000;
const FROM_THREAD: u32 = 5_000;
const TIMES: usize = 9;

fn main() -> Outcome {
    let (runtime, folder) = (runtime()?, folder()?);
    let provider = opened(folder.path())?;
    let call = Call::new(Os::with_runtime(runtime.handle().clone()));
    // The first call of a plugin is made on a thread.
    each(&runtime, &*provider, &call, ("in place", 10))?;
    let in_place = times(|| each(&runtime, &*provider, &call, ("in place", IN_PLACE)))?;
    let name = "call of a plugin in C that ends in place, request as JSON: time";
    Figure::new(name, in_place, "us").target("< 0.6 (without JSON)").say();
    let thread = times(|| each(&runtime, &*provider, &call, ("thread", FROM_THREAD)))?;
    let name = "call of a plugin in C that its own thread answers: time";
    Figure::new(name, thread, "us").target("< 40").say();
    let rate = times(|| streamed(&runtime, &*provider, &call))?;
    let name = "chunks of a stream from a thread of a plugin in C";
    Figure::new(name, rate, "chunks/s").target("> 1,500,000").say();
    Ok(())
}

fn times(mut measure: impl FnMut() -> Outcome<f64>) -> Outcome<f64> {
    let all: Vec<f64> = (0..TIMES).map(|_| measure()).collect::<Outcome<_>>()?;
    Ok(median(all.into_iter()))
}

/// Builds the plugin and opens it.
#[expect(clippy::disallowed_methods, reason = "a compiler is run, without an engine")]
fn opened(folder: &Path) -> Outcome<Arc<dyn Provider>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = folder.join("libanswers.so");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-O2", "-shared", "-fPIC", "-pthread", "-I"]);
    cc.arg(own.join("../fusion-plugin/include")).arg("-o").arg(&library);
    let status = cc.arg(own.join("src/plugin/answers.c")).status()?;
    if !status.success() {
        return Err("the plugin cannot be built".into());
    }
    let plugin = Plugin::load(&library).map_err(said)?;
    Ok(plugin.open(&Value::Null, &Keys::new(|_| None)).map_err(said)?)
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
