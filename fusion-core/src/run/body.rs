//! One attempt of a body, from its slot to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};

use futures_util::FutureExt;
use serde_json::Value;
use tracing::{Instrument, Span};

use super::hooks::{Hooks, StopOf};
use super::note::Ended;
use super::prepare::{Plan, What};
use super::{cache, large, slot};
use crate::contract::{BoxFuture, Context, Env, Exec, Exit, Output, Step};
use crate::model::{Class, Failure, Payload, limits};

/// How long an attempt may take, and be silent, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Leash {
    pub timeout_ms: Option<u64>,
    pub heartbeat_ms: Option<u64>,
}

/// How far an attempt came at the first look at it.
pub(super) enum Begun {
    /// To its end.
    Ended(Ended),
    /// It goes on.
    Going(BoxFuture<'static, Ended>),
}

/// How far a call came at the first look at it: to its end in so many milliseconds, or it goes on.
pub(super) enum Called {
    Done(u32, Result<Output, Failure>),
    Going(BoxFuture<'static, Ended>),
}

/// Begins one attempt. A body that is done at once, as most of in-memory runs are, costs nothing but itself.
///
/// Never panics, and fails only through how the attempt ended.
pub(super) async fn begin(hooks: Arc<Hooks>, plan: Plan, leash: Leash, span: Span) -> Begun {
    if let Plan { what: What::Call(step, input), slot: None, cache: None } = plan {
        let mut clock = hooks.of.engine.env.monotonic_ns();
        return match call(&hooks, (&step, input), leash, &span, &mut clock) {
            Called::Done(ms, result) => Begun::Ended(ended(&hooks, ms, result)),
            Called::Going(work) => Begun::Going(work),
        };
    }
    let mut work: BoxFuture<'static, Ended> =
        Box::pin(attempt(hooks, plan, leash).instrument(span));
    match super::poll::once(work.as_mut()).await {
        Poll::Ready(ended) => Begun::Ended(ended),
        Poll::Pending => Begun::Going(work),
    }
}

/// Calls a step at a monotonic time, in nanoseconds, and looks at its work once; then the time is that of its end, so that
/// bodies in a row ask the clock once each. Nobody is woken by what this look set up: whoever gets the work looks again.
pub(super) fn call(
    hooks: &Arc<Hooks>,
    (step, input): (&Arc<dyn Step>, Payload),
    leash: Leash,
    span: &Span,
    clock: &mut u64,
) -> Called {
    let from = *clock;
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let _entered = span.enter();
        let mut work = step.run(Context::new(hooks.clone()), input);
        match work.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Ok(result),
            Poll::Pending => Err(work),
        }
    }));
    let result = match looked {
        Ok(Ok(result)) => result,
        Ok(Err(work)) => {
            let rest = rest(hooks.clone(), work, leash, from).instrument(span.clone());
            return Called::Going(Box::pin(rest));
        }
        Err(panic) => Err(panicked(panic.as_ref())),
    };
    *clock = hooks.of.engine.env.monotonic_ns();
    Called::Done(milliseconds(clock.saturating_sub(from)), result)
}

fn milliseconds(ns: u64) -> u32 {
    u32::try_from(ns / 1_000_000).unwrap_or(u32::MAX)
}

/// Waits for a body that was not done at once.
async fn rest(
    hooks: Arc<Hooks>,
    work: BoxFuture<'static, Result<Output, Failure>>,
    leash: Leash,
    from: u64,
) -> Ended {
    let result = AssertUnwindSafe(guarded(&hooks, work, leash, None)).catch_unwind().await;
    ended(&hooks, since(&hooks, from), result.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))))
}

/// Runs one attempt to its end, with all that its policy asks for.
async fn attempt(hooks: Arc<Hooks>, plan: Plan, leash: Leash) -> Ended {
    let cache = plan.cache.map(|(digest, _)| digest);
    let from = hooks.of.engine.env.monotonic_ns();
    let whole = AssertUnwindSafe(whole(&hooks, plan, leash)).catch_unwind().await;
    let (result, cached) = whole.unwrap_or_else(|panic| (Err(panicked(panic.as_ref())), false));
    Ended { cache, cached, ..ended(&hooks, since(&hooks, from), result) }
}

/// Gives the milliseconds since a monotonic time, in nanoseconds.
fn since(hooks: &Hooks, from: u64) -> u32 {
    milliseconds(hooks.of.engine.env.monotonic_ns().saturating_sub(from))
}

/// Says how an attempt of a step ended after so many milliseconds.
pub(super) fn ended(hooks: &Hooks, ms: u32, result: Result<Output, Failure>) -> Ended {
    Ended {
        key: hooks.key,
        attempt: hooks.attempt,
        ms,
        result,
        input: Value::Null,
        cache: None,
        cached: false,
    }
}

async fn whole(hooks: &Arc<Hooks>, plan: Plan, leash: Leash) -> (Result<Output, Failure>, bool) {
    if let Some((digest, ttl_ms)) = plan.cache {
        match cache::find(&hooks.of.engine, digest, ttl_ms).await {
            Ok(None) => {}
            Ok(Some(output)) => return (Ok(output), true),
            Err(failure) => return (Err(failure), false),
        }
    }
    let held = match plan.slot {
        None => None,
        Some((name, limit)) => match slot::take(hooks, &name, limit).await {
            Ok(held) => Some(held),
            Err(failure) => return (Err(failure), false),
        },
    };
    // A body that panics gives its slot back like any other.
    let result = AssertUnwindSafe(run(hooks, plan.what, leash)).catch_unwind().await;
    let result = result.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    if let Some(held) = held {
        held.give_back().await;
    }
    (result, false)
}

async fn run(hooks: &Arc<Hooks>, what: What, leash: Leash) -> Result<Output, Failure> {
    // The wish to end may have come while a slot or the cache was asked for.
    if hooks.stop.is_set() {
        return Err(Failure::new(Class::CANCELLED, "cancelled"));
    }
    match what {
        What::Call(step, input) => {
            let work = step.run(Context::new(hooks.clone()), input);
            guarded(hooks, work, leash, None).await
        }
        What::Exec(exec) => {
            let work = command(hooks.clone(), *exec);
            let grace = limits::KILL_GRACE_MS + 1_000;
            guarded(hooks, work, leash, Some(grace)).await
        }
    }
}

/// Waits for the work, the wish to end, or the end of its time, whatever comes first.
///
/// With `grace_ms` the work sees the wish to end itself (a program that is ended with all its children), and is only
/// dropped when it does not come to an end in that time. A body that looks for the wish is given that time, too.
async fn guarded(
    hooks: &Arc<Hooks>,
    mut work: BoxFuture<'static, Result<Output, Failure>>,
    leash: Leash,
    grace_ms: Option<u64>,
) -> Result<Output, Failure> {
    // Most bodies of in-memory runs are done at once: nothing else is set up for them.
    if let Poll::Ready(result) = super::poll::once(work.as_mut()).await {
        return result;
    }
    let env = &hooks.of.engine.env;
    let why = tokio::select! {
        biased;
        result = work.as_mut() => return result,
        () = hooks.stop.wait() => Failure::new(Class::CANCELLED, "cancelled"),
        failure = too_late(hooks, leash) => failure,
    };
    hooks.stop.set();
    let listens = hooks.listens.load(Ordering::Relaxed).then_some(limits::KILL_GRACE_MS);
    if let Some(grace_ms) = grace_ms.or(listens) {
        let until = env.monotonic_ns() + grace_ms * 1_000_000;
        tokio::select! {
            biased;
            _ = work.as_mut() => {}
            () = env.sleep_until(until) => {}
        }
    }
    Err(why)
}

async fn too_late(hooks: &Arc<Hooks>, leash: Leash) -> Failure {
    tokio::select! {
        biased;
        failure = over_time(hooks, leash.timeout_ms) => failure,
        failure = too_silent(hooks, leash.heartbeat_ms) => failure,
    }
}

async fn over_time(hooks: &Arc<Hooks>, timeout_ms: Option<u64>) -> Failure {
    let Some(limit) = timeout_ms else { return std::future::pending().await };
    let env = &hooks.of.engine.env;
    env.sleep_until(env.monotonic_ns().saturating_add(limit.saturating_mul(1_000_000))).await;
    Failure::new(Class::TIMEOUT, format!("it took longer than {limit} ms"))
}

/// How the failure of a body begins that gave no sign of life.
const SILENT: &str = "no sign of life";

/// Tells whether an attempt was ended because it gave no sign of life: then it is its worker that is in trouble.
pub(crate) fn is_silent(failure: &Failure) -> bool {
    failure.class == Class::TIMEOUT && failure.message.starts_with(SILENT)
}

async fn too_silent(hooks: &Arc<Hooks>, heartbeat_ms: Option<u64>) -> Failure {
    let Some(limit) = heartbeat_ms else { return std::future::pending().await };
    let env = &hooks.of.engine.env;
    let span = limit.saturating_mul(1_000_000);
    let mut from = env.monotonic_ns();
    loop {
        env.sleep_until(from.saturating_add(span)).await;
        let beat = hooks.beat.load(Ordering::Relaxed);
        if beat <= from {
            return Failure::new(Class::TIMEOUT, format!("{SILENT} for {limit} ms"));
        }
        from = beat;
    }
}

fn command(hooks: Arc<Hooks>, mut exec: Exec) -> BoxFuture<'static, Result<Output, Failure>> {
    Box::pin(async move {
        exec.env.extend(crate::contract::Attempt::about(hooks.as_ref()).variables());
        let program = exec.argv.first().cloned().unwrap_or_default();
        let env: &Arc<dyn Env> = &hooks.of.engine.env;
        let exit = env.exec(exec, Arc::new(StopOf(hooks.clone()))).await?;
        let bytes = exit.stdout.len() as u64;
        large::apart(&hooks.of.engine, bytes, move || output_of(&program, &exit)).await
    })
}

/// Makes the output of a command, or its failure.
fn output_of(program: &str, exit: &Exit) -> Result<Output, Failure> {
    let stdout = String::from_utf8_lossy(&exit.stdout);
    let stderr = String::from_utf8_lossy(&exit.stderr);
    let failed = match (exit.code, exit.signal) {
        (Some(0), _) => None,
        (Some(code), _) => Some((Class::EXIT, format!("`{program}` ended with exit code {code}"))),
        (None, Some(signal)) => {
            Some((Class::SIGNAL, format!("`{program}` was ended by signal {signal}")))
        }
        (None, None) => Some((Class::SIGNAL, format!("`{program}` was ended"))),
    };
    if let Some((class, message)) = failed {
        let said = if stderr.trim().is_empty() { &stdout } else { &stderr };
        let last = said.trim().lines().last().unwrap_or_default();
        let message =
            if last.is_empty() { message } else { format!("{message}: {}", crop(last, 200)) };
        let tail: String = tail(said, 4_000).to_owned();
        return Err(Failure::new(class, message).detail(tail));
    }
    if exit.stdout_bytes > exit.stdout.len() as u64 {
        let (wrote, most) = (exit.stdout_bytes, limits::STDOUT_BYTES);
        let message = format!(
            "`{program}` wrote {wrote} bytes to its standard output; at most {most} are kept: let it write to a file"
        );
        return Err(Failure::new(Class::LIMIT, message));
    }
    let mut output = serde_json::json!({
        "stdout": stdout,
        "stderr": stderr,
        "lines": stdout.lines().collect::<Vec<_>>(),
        "exit_code": 0,
        "duration_ms": exit.duration_ms,
    });
    if let Some(fields) = output.as_object_mut() {
        if let Ok(json) = serde_json::from_slice::<Value>(&exit.stdout) {
            fields.insert("json".to_owned(), json);
        }
        if exit.stderr_bytes > exit.stderr.len() as u64 {
            fields.insert("stderr_bytes".to_owned(), exit.stderr_bytes.into());
        }
    }
    Ok(Output::Value(Payload::value(&output)))
}

fn crop(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Gives the end of a text, at most so many bytes, cut at a character.
fn tail(text: &str, most: usize) -> &str {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or_default()
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure::new(Class::PANIC, format!("the step panicked: {}", text.unwrap_or("no message")))
}
