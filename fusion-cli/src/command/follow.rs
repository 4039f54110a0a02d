//! Following a run to its end: live on a terminal, in plain lines on a pipe.

use std::convert::Infallible;
use std::future::pending;

use fusion_core::error::{Error, Result};
use fusion_core::model::{Event, RunId};
use fusion_core::{Driven, Fusion, Run};
use tokio::time::{Duration, Interval, MissedTickBehavior, interval};

use super::feed::Feed;
use super::interrupt::Interrupt;
use crate::render::{Board, Live, Out, line};

/// How often live progress is drawn.
pub(super) const DRAW: Duration = Duration::from_millis(100);
/// How often a run that others drive is looked after.
const LOOK: Duration = Duration::from_secs(2);

/// How the following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// The run has ended.
    Ended,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// How a run is followed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How {
    /// Whether it is taken up when those who drive it die.
    pub drive: bool,
    /// What happened before is not told again, in milliseconds since 1970.
    pub since: i64,
}

/// Follows a run.
pub(super) async fn follow(
    fusion: &Fusion,
    run: &Run,
    out: &Out,
    interrupt: &mut Interrupt,
    how: How,
) -> Result<Followed> {
    tokio::select! {
        biased;
        () = interrupt.heard() => Ok(Followed::Interrupted),
        error = lost(run) => Err(error),
        never = warn(run, out) => match never {},
        error = look_after(fusion, run.id(), how.drive) => Err(error),
        shown = show(fusion, run, out, how.since) => shown.map(|()| Followed::Ended),
    }
}

/// Gives the error with which a run was let go here; never ends otherwise.
pub(super) async fn lost(run: &Run) -> Error {
    match run.wait().await {
        Err(error) => error,
        Ok(_) => pending().await,
    }
}

/// Says why the run does not go on, and when it does again.
async fn warn(run: &Run, out: &Out) -> Infallible {
    let mut is_in_trouble = false;
    loop {
        match run.trouble_changed(is_in_trouble).await {
            Some(error) => {
                let message = error.message();
                out.note(&format!("warning: the run waits, it cannot be written: {message}"));
            }
            None => out.note("the run can be written again and goes on"),
        }
        is_in_trouble = !is_in_trouble;
    }
}

/// Takes a run up when those who drive it die; gives the error with which that fails, and never ends otherwise.
pub(super) async fn look_after(fusion: &Fusion, run: &RunId, drive: bool) -> Error {
    let mut ticks = every(LOOK);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if !drive || fusion.driven() > 0 {
            continue;
        }
        match fusion.take(run).await {
            Ok(Driven::Over) => return pending().await,
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

/// Ticks at once and then every so often; those that were missed are not made up for.
pub(super) fn every(time: Duration) -> Interval {
    let mut ticks = interval(time);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for what comes next and does something at every tick meanwhile. A reading of events is not given up half-way: it would
/// lose a page.
pub(super) async fn meanwhile<T>(
    next: impl Future<Output = T>,
    ticks: &mut Interval,
    mut tick: impl FnMut(),
) -> T {
    tokio::pin!(next);
    loop {
        tokio::select! {
            came = &mut next => return came,
            _ = ticks.tick() => tick(),
        }
    }
}

async fn show(fusion: &Fusion, run: &Run, out: &Out, since: i64) -> Result<()> {
    if out.json || out.quiet {
        return run.wait().await.map(|_| ());
    }
    if out.is_live() {
        live(fusion, run, since).await
    } else {
        plain(fusion, run, out, since).await
    }
}

async fn plain(fusion: &Fusion, run: &Run, out: &Out, since: i64) -> Result<()> {
    let mut events = Feed::new(fusion, run);
    let mut asked = Asked::new(since);
    let mut ticks = every(LOOK);
    loop {
        let tell = || asked.still().iter().for_each(|text| out.say(text));
        let Some(event) = meanwhile(events.next(), &mut ticks, tell).await? else { return Ok(()) };
        if event.at >= since {
            out.say(&line(&event));
        }
        if let Some(text) = asked.take(&event) {
            out.say(&text);
        }
    }
}

/// What people are asked. Of what was asked before only what is not answered yet is told, once all that happened since was read.
struct Asked {
    since: i64,
    quiet: bool,
    held: Vec<(String, String)>,
}

impl Asked {
    fn new(since: i64) -> Self {
        Self { since, quiet: false, held: Vec::new() }
    }

    /// Gives what is asked now.
    fn take(&mut self, event: &Event) -> Option<String> {
        self.quiet = false;
        let key = format!("{} {}", event.run, event.node.as_deref().unwrap_or_default());
        self.held.retain(|(held, _)| *held != key);
        let text = question(event)?;
        if event.at >= self.since {
            return Some(text);
        }
        self.held.push((key, text));
        None
    }

    /// Gives what is asked still, when nothing was heard since the last time.
    fn still(&mut self) -> Vec<String> {
        let was_quiet = std::mem::replace(&mut self.quiet, true);
        let held = if was_quiet { std::mem::take(&mut self.held) } else { Vec::new() };
        held.into_iter().map(|(_, text)| text).collect()
    }
}

async fn live(fusion: &Fusion, run: &Run, since: i64) -> Result<()> {
    let state = run.state().await?;
    let mut board = Board::new(state.program().clone());
    let mut live = Live::new(&state.start().workflow, state.program().len());
    drop(state);
    let mut events = Feed::new(fusion, run);
    let mut asked = Asked::new(since);
    let mut ticks = every(DRAW);
    let shown = loop {
        let draw = || {
            asked.still().iter().for_each(|text| live.line(text));
            live.show(&board, &run.progress(), fusion.now_ms());
        };
        match meanwhile(events.next(), &mut ticks, draw).await {
            Err(error) => break Err(error),
            Ok(None) => break Ok(()),
            Ok(Some(event)) => {
                board.take(&event);
                if Live::is_told(&event) && event.at >= since {
                    live.line(&line(&event));
                }
                if let Some(text) = asked.take(&event) {
                    live.line(&text);
                }
            }
        }
    };
    live.clear();
    shown
}

/// Says how to answer what an event asks for.
fn question(event: &Event) -> Option<String> {
    if &*event.name != "node.waiting" {
        return None;
    }
    let text = |field: &str| event.data.get(field).and_then(serde_json::Value::as_str);
    let node = event.node.as_deref()?;
    // The run that asks may be below the one that is followed.
    let (run, node) = (&event.run, node.rsplit_once('/').map_or(node, |(_, node)| node));
    match text("for")? {
        "approval" => Some(format!(
            "  {}\n  answer with: fusion runs approve {run} {node}   (or: fusion runs reject {run} {node})",
            text("message").unwrap_or_default()
        )),
        "signal" => {
            let name = text("name").unwrap_or_default();
            Some(format!("  go on with: fusion runs signal {run} {name} [JSON]"))
        }
        _ => None,
    }
}
