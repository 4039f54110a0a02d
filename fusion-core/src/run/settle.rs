//! From the end of a body to what the scheduler is told: checks, loops, large values, graphs to expand.

use serde_json::Value;

use super::begin::{Begin, Defined, externalise};
use super::cache;
use super::drive::{Driver, Turn};
use super::engine::Shared;
use super::large::{self, Clean};
use super::note::Ended;
use crate::contract::Output;
use crate::error::Error;
use crate::graph;
use crate::model::graph::Kind;
use crate::model::{
    Class, Digest, Failure, Graph, Input, Key, Message, Origin, Payload, RunId, Wait, limits,
};

/// Makes the graph of a sub-workflow from its registered definition, or from the one that the store keeps.
pub(super) async fn graph_of(
    engine: &Shared,
    name: &str,
    input: &Value,
) -> Result<Output, Failure> {
    let Some(workflow) = engine.registry.workflow(name) else {
        if let Some(graph) = super::saved::get(engine, name).await? {
            return Ok(Output::Graph(Box::new(graph)));
        }
        let names = engine.registry.workflow_names();
        let hint = crate::error::nearest::hint(name, names.iter().map(AsRef::as_ref));
        let message = format!("no workflow of the name `{name}` is known here ({hint})");
        return Err(Failure::new(Class::SPAWN, message).permanent());
    };
    let graph =
        workflow.graph(input).map_err(|error| Failure::error(error.to_string()).permanent())?;
    Ok(Output::Graph(Box::new(graph)))
}

/// Tells the scheduler how the body of a plain node ended: nothing is asked of its output. Gives everything else back.
#[expect(clippy::result_large_err, reason = "the other way goes on with all of it")]
pub(super) fn plainly(driver: &Driver, ended: Ended, turn: &mut Turn) -> Result<Input, Ended> {
    let is_plain = driver.state.program().plain(ended.key.node).is_some() && !ended.key.is_undo();
    match ended {
        Ended { key, attempt, ms, result: Ok(Output::Value(output)), .. }
            if is_plain && output.len() <= limits::INLINE_BYTES as u64 =>
        {
            let output = Clean::of(&driver.engine, output).store(&mut turn.ops);
            Ok(Input::Done(key, attempt, ms, Ok(output)))
        }
        other => Err(other),
    }
}

/// Tells the scheduler how a body ended.
pub(super) async fn input_of(driver: &mut Driver, ended: Ended, turn: &mut Turn) -> Input {
    let Ended { key, attempt, ms, result, input, cache, cached } = ended;
    let failed = |failure| Input::Done(key, attempt, ms, Err(failure));
    let output = match result {
        Err(failure) => return failed(failure),
        Ok(Output::Graph(graph)) => {
            let cache = cache.filter(|_| !cached);
            let kept = cache.and_then(|_| Payload::json(&graph).ok());
            let waits = child(driver, (key, attempt, ms), *graph, &input, turn);
            if let (Ok(_), Some(kept)) = (&waits, kept) {
                keep(driver, cache, (kept, true), turn);
            }
            return waits.unwrap_or_else(failed);
        }
        Ok(Output::Rest(_, wait)) if wait.child().is_some() => {
            let message = "a body cannot rest for a run: give a graph with it as a sub-workflow";
            return failed(Failure::error(message).permanent());
        }
        Ok(Output::Rest(name, wait)) => return Input::Rests(key, name, wait),
        Ok(Output::Value(output)) => output,
    };
    let clean = match output.bounded("the output has") {
        Ok(output) => large::clean(&driver.engine, output).await,
        Err(failure) => return failed(failure),
    };
    let program = driver.state.program().clone();
    let more = program.more(key.node);
    if !key.is_undo() && more.is_some_and(|more| more.expand) && clean.had_secrets {
        return failed(holds_a_secret());
    }
    let output = clean.value.clone();
    if !key.is_undo()
        && let Some(more) = more
    {
        if let Err(failure) = satisfies(driver, key, &output).await {
            return failed(failure);
        }
        if more.expand {
            let waits = expanded(&output)
                .and_then(|graph| child(driver, (key, attempt, ms), graph, &Value::Null, turn));
            if waits.is_ok() {
                keep(driver, cache.filter(|_| !cached), (clean.store(&mut turn.ops), false), turn);
            }
            return waits.unwrap_or_else(failed);
        }
    }
    let again = match goes_on(driver, key, &output).await {
        Err(failure) => return failed(failure),
        Ok(again) => again,
    };
    let stored = clean.store(&mut turn.ops);
    driver.remember(&output, &stored);
    if again {
        return Input::Again(key.node, attempt, ms, stored);
    }
    if cached {
        return Input::Cached(key, attempt, stored);
    }
    keep(driver, cache, (stored.clone(), false), turn);
    driver.took(key.node, ms);
    Input::Done(key, attempt, ms, Ok(stored))
}

/// Keeps an output for other runs, or a graph that a body gave, if it has a name for that.
fn keep(
    driver: &Driver,
    cache: Option<Digest>,
    (output, is_graph): (Payload, bool),
    turn: &mut Turn,
) {
    let Some(digest) = cache else { return };
    let output = externalise(output, &mut turn.ops);
    if let Ok(op) = cache::keep(digest, output, is_graph, driver.engine.env.now_ms()) {
        turn.ops.push(op);
    }
}

/// Holds an output against what the node asks of it.
async fn satisfies(driver: &mut Driver, key: Key, output: &Payload) -> Result<(), Failure> {
    let output = output.clone();
    driver.evaluate(move |desk, lists| desk.check(key, &output, lists)).await
}

/// Makes an input of what was said. The good end of a child run is a failure if its outputs are not what the node asks for, and the end
/// of a round if the node is a loop whose condition does not hold. A graph that a body gave was held against the checks itself,
/// before it ran.
pub(super) async fn heard(driver: &mut Driver, said: Message) -> Input {
    let Message::ChildDone(key, run, Ok(output)) = said else { return Input::Said(said) };
    let program = driver.state.program().clone();
    let checked = match program.more(key.node) {
        Some(more) if !more.expand => satisfies(driver, key, &output).await,
        _ => Ok(()),
    };
    let again = match checked {
        Ok(()) => goes_on(driver, key, &output).await,
        Err(failure) => Err(failure),
    };
    if matches!(again, Ok(true)) {
        return Input::ChildAgain(key.node, run, output);
    }
    let redacted = |failure| driver.engine.secrets.redactor().failure(failure);
    Input::Said(Message::ChildDone(key, run, again.map(|_| output).map_err(redacted)))
}

/// Tells whether a node is a loop whose condition does not hold for this output.
async fn goes_on(driver: &mut Driver, key: Key, output: &Payload) -> Result<bool, Failure> {
    let program = driver.state.program().clone();
    match program.node(key.node).map(|node| &node.kind) {
        // A fallback stands for the whole loop: its output is the loop's, whatever the condition says.
        Some(Kind::Repeat(repeat)) if !key.is_undo() && !driver.state.is_fallback(key) => {
            let (until, last) = (repeat.until.clone(), output.clone());
            let enough = driver.evaluate(move |desk, _| desk.is_enough(key.node, &until, &last));
            Ok(!enough.await?)
        }
        _ => Ok(false),
    }
}

/// Reads the graph that a body gave as data: the form of a workflow file, or that of a stored definition.
fn expanded(output: &Payload) -> Result<Graph, Failure> {
    let bad = |why: &str| Failure::new(Class::DECODE, format!("the output is no graph: {why}"));
    let value: Value = output.decode().map_err(|_| bad("it is no JSON"))?;
    let (value, text) = match value {
        Value::Object(mut fields) if fields.contains_key("stdout") => {
            let text = fields.remove("stdout").and_then(|text| Some(text.as_str()?.to_owned()));
            (fields.remove("json").unwrap_or(Value::Null), text)
        }
        Value::String(text) => (Value::Null, Some(text)),
        other => (other, None),
    };
    if value.get("fusion").is_none()
        && let Ok(graph) = serde_json::from_value(value.clone())
    {
        return Ok(graph);
    }
    // Lines and columns shall be those that the body wrote.
    let text = text.unwrap_or_else(|| format!("{value:#}"));
    match graph::file::parse(&text, "output") {
        Ok(file) => Ok(file.graph),
        Err(error) => Err(bad(&one_line(&error)).detail(format!("{error:?}"))),
    }
}

/// Says the first thing that is wrong, with its place and its hint.
fn one_line(error: &Error) -> String {
    let place = error.place().map(|place| format!("{place}: ")).unwrap_or_default();
    let hint = error.hint_text().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let more = match error.all().count() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    format!("{place}{}{hint}{more}", error.message())
}

/// Makes the run that a node waits for, and begins it with the turn. What the body that gave its graph took of the attempt's time, in milliseconds, is gone.
fn child(
    driver: &Driver,
    (key, attempt, ms): (Key, u16, u32),
    graph: Graph,
    input: &Value,
    turn: &mut Turn,
) -> Result<Input, Failure> {
    let depth = match &driver.state.start().origin {
        Some(Origin::Child { depth, .. }) => depth + 1,
        _ => 1,
    };
    if depth > limits::CHILD_DEPTH {
        let message = format!("sub-workflows are nested deeper than {}", limits::CHILD_DEPTH);
        return Err(Failure::new(Class::LIMIT, message));
    }
    let bad =
        |error: Error| Failure::error(one_line(&error)).detail(format!("{error:?}")).permanent();
    let input = graph::bind(&graph, input).map_err(bad)?;
    let made = graph.define().map_err(bad)?;
    holds_no_secret(driver, &Payload::from_json_bytes(made.json().clone()))?;
    let program = driver.engine.program(&made).map_err(bad)?;
    let (life, round) = (driver.state.life(key), driver.state.rounds(key.node).0);
    let mut name = driver.state.program().key_text(key);
    for (sign, n) in [('a', u32::from(attempt) - 1), ('r', round), ('l', life)] {
        if n > 0 {
            name = format!("{name}.{sign}{n}");
        }
    }
    let id: RunId = driver.run.child(&name);
    let origin = Origin::Child { parent: driver.run.clone(), key, depth };
    let begin = Begin::new(id.clone(), program, Defined::New(made), &input, Some(origin))
        .listening(driver.engine.store.bus().as_ref());
    let wait = match driver.leash(key).timeout_ms {
        None => Wait::Child(id),
        Some(limit) => {
            let left = limit.saturating_sub(u64::from(ms)).min(limits::TIMER_MS);
            Wait::ChildUntil(id, turn.now.saturating_add(i64::try_from(left).unwrap_or(i64::MAX)))
        }
    };
    turn.children.push(begin);
    Ok(Input::Waits(key, wait))
}

/// Refuses to store a secret with a graph that a body made: one that was blanked out would be worked with as if it were
/// right.
fn holds_no_secret(driver: &Driver, graph: &Payload) -> Result<(), Failure> {
    let clean = Clean::of(&driver.engine, graph.clone());
    if clean.had_secrets { Err(holds_a_secret()) } else { Ok(()) }
}

fn holds_a_secret() -> Failure {
    let message = "the graph that came out holds a secret, and would be stored: write `{{ secrets.NAME }}` in its place";
    Failure::error(message).permanent()
}
