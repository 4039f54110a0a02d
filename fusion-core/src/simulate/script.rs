//! Scripted bodies: what they do depends on their input and the attempt, so that a world without faults does the same.

use std::sync::Arc;

use serde_json::{Value, json};

use super::env::World;
use super::ledger::Role;
use super::machine::Owner;
use super::rng::hash;
use super::subject::{Played, played};
use super::witness::Witness;
use crate::contract::{About, BoxFuture, Context, Output, Step};
use crate::model::graph::Node;
use crate::model::{Failure, Graph, Payload};

/// The names of all scripts.
pub(super) const ALL: [&str; 13] = [
    "ok", "slow", "flaky", "bad", "panics", "memo", "once", "big", "hang", "list", "beats", "grow",
    "undo",
];

/// A registered body of one process.
pub(super) struct Scripted {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) world: Arc<World>,
    pub(super) witness: Arc<Witness>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "script `{}`", self.name)
    }
}

impl Step for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let (name, seed) = (self.name.clone(), self.seed);
        let (world, witness) = (self.world.clone(), self.witness.clone());
        Box::pin(async move {
            let mut input: Value = input.decode().unwrap_or_default();
            forget_times(&mut input);
            let about = ctx.about();
            let mut visit = Visit::new(&witness, world.owner, about, &role(&input));
            let result = if ALL.contains(&name.as_str()) {
                act(&name, &ctx, &input, (&world, &witness)).await
            } else {
                let attempt = ctx.about().attempt;
                play(&world, played(seed, &name, &input, attempt)).await
            };
            visit.result = Some(result.clone());
            drop(visit);
            result
        })
    }
}

/// Takes out when an approval came: what a body does must not depend on it, or no two worlds could be compared.
pub(super) fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove("at");
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_times),
        _ => {}
    }
}

/// A visit to a body; its end is noted however it comes.
pub(super) struct Visit {
    witness: Arc<Witness>,
    owner: Owner,
    number: usize,
    about: About,
    pub(super) result: Option<Result<Output, Failure>>,
}

impl Visit {
    pub(super) fn new(witness: &Arc<Witness>, owner: Owner, about: About, role: &Role) -> Self {
        let number = witness.enter(owner, &about, role);
        Self { witness: witness.clone(), owner, number, about, result: None }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let at = (self.owner, self.number);
        self.witness.leave(at, &self.about, self.result.as_ref());
    }
}

/// Reads from the input what the witness has to know.
fn role(input: &Value) -> Role {
    let slot = input.get("slot").and_then(Value::as_str);
    let limit = input.get("limit").and_then(Value::as_u64).unwrap_or(1);
    Role {
        once: input.get("once").and_then(Value::as_bool).unwrap_or(false),
        slot: slot.map(|slot| (slot.to_owned(), limit)),
    }
}

async fn act(
    name: &str,
    ctx: &Context,
    input: &Value,
    (world, witness): (&World, &Witness),
) -> Result<Output, Failure> {
    let about = ctx.about();
    let drawn = hash(&[name.as_bytes(), input.to_string().as_bytes()]);
    let value = json!({"v": drawn % 100_000});
    let pause = drawn / 11 % 1_500;
    match name {
        "slow" | "once" => world.sleep_ms(pause).await,
        "flaky" if u64::from(about.attempt) <= 1 + drawn % 2 => {
            if drawn.is_multiple_of(3) {
                world.sleep_ms(pause / 4).await;
            }
            return Err(Failure::error("flaky"));
        }
        "bad" => return Err(Failure::error("bad").permanent()),
        "panics" if about.attempt == 1 => {
            // Not `panic!`: the program's hook would print it.
            std::panic::resume_unwind(Box::new("scripted".to_owned()));
        }
        "memo" => return memo(ctx, &value, (world, witness)).await,
        "big" => {
            return Ok(given(
                &json!({"v": "x".repeat(70_000 + usize::from(drawn.is_multiple_of(2)))}),
            ));
        }
        "hang" => std::future::pending::<()>().await,
        "list" => return Ok(given(&json!((0..drawn % 5).collect::<Vec<_>>()))),
        "beats" => {
            for _ in 0..4 {
                world.sleep_ms(pause / 8).await;
                ctx.progress(json!({"at": 1}));
            }
        }
        "grow" => return Ok(Output::Graph(Box::new(grown(drawn)))),
        _ => {}
    }
    Ok(given(&value))
}

/// Plays a body of the user's own.
async fn play(world: &World, played: Played) -> Result<Output, Failure> {
    world.sleep_ms(played.pause_ms).await;
    if played.fails {
        return Err(Failure::error("played"));
    }
    Ok(given(&json!({"text": "played", "v": played.pause_ms})))
}

fn given(value: &Value) -> Output {
    Output::Value(Payload::value(value))
}

/// Two named parts, and a failure between them at the first attempt.
async fn memo(
    ctx: &Context,
    value: &Value,
    (world, witness): (&World, &Witness),
) -> Result<Output, Failure> {
    let about = ctx.about();
    for part in ["first", "second"] {
        let saved = json!([value, part, about.idempotency_key]);
        let got: Value = ctx
            .memo(part, async {
                witness.compute(&about, part, &saved);
                world.sleep_ms(20).await;
                Ok(saved.clone())
            })
            .await?;
        if got != saved {
            witness.accuse([format!("memo: {} got {got}, saved was {saved}", about.node)]);
        }
        if part == "first" && about.attempt == 1 {
            return Err(Failure::error("between"));
        }
    }
    Ok(given(value))
}

/// The graph that a body gives.
fn grown(drawn: u64) -> Graph {
    let script = |id: &str| Node::step(id, "slow").with(json!({"of": drawn, "id": id}));
    Graph::new("grown").add(script("x")).add(script("y").after("x")).output("v", "{{ nodes.y.v }}")
}
