//! Questions to the team of an engine, as other languages ask them.

use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::error::Code as ErrorCode;
use fusion_core::model::{Failure, Payload};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Code, Kit};
use super::code::{patch, plain};
use crate::{Keys, Settings};

/// A counter in another language: version 1 keeps a number, version 2 an object.
#[derive(Debug)]
struct Counter(u32);

impl Step for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn run(&self, _ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let version = self.0;
        Box::pin(async move {
            let input: Value = input.decode()?;
            let state = match (version, input["written"].as_u64()) {
                (1, Some(0)) => json!(0),
                (2, Some(0)) => json!({"sum": 0}),
                (2, Some(1)) => json!({"sum": input["state"]}),
                _ => input["state"].clone(),
            };
            let sum = state.get("sum").unwrap_or(&state).as_i64().unwrap_or(0);
            let sum = sum + input["content"].as_i64().unwrap_or(0);
            let state = if version == 1 { json!(sum) } else { json!({"sum": sum}) };
            let events = if input["name"] == "add" { json!([["added", sum]]) } else { json!([]) };
            let told = json!({"state": state, "events": events, "reply": sum});
            Ok(Output::Value(Payload::value(&told)))
        })
    }
}

fn kit(fusion: &Fusion) -> Kit {
    let bodies = |code: &Code| -> Arc<dyn Step> { Arc::new(Counter(code.number)) };
    Kit::new(fusion, Keys::new(|_| None), Settings::default(), Box::new(bodies))
}

async fn ask(kit: &Kit, what: &str, given: Value) -> Value {
    kit.ask_team(what, given).await.unwrap()
}

fn counter(version: u32) -> Value {
    json!({"kind": "counter", "version": version, "code": {"number": version, "name": "counter"}})
}

#[tokio::test]
async fn an_object_of_another_language_keeps_its_state_over_versions() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let add = json!({"kind": "counter", "id": "1", "name": "add", "content": 2});
    let which = json!({"kind": "counter", "id": "1"});
    {
        let fusion = Fusion::open(&url).await.unwrap();
        let kit = kit(&fusion);
        ask(&kit, "objects.register", counter(1)).await;
        assert_eq!(ask(&kit, "objects.state", which.clone()).await, json!([null, 0]));
        assert_eq!(ask(&kit, "objects.call", add.clone()).await[0], 2);
        assert_eq!(ask(&kit, "objects.call", add.clone()).await[0], 4);
        assert_eq!(ask(&kit, "objects.state", which.clone()).await[0], 4);
        fusion.close().await.unwrap();
    }
    let fusion = Fusion::open(&url).await.unwrap();
    let kit = kit(&fusion);
    ask(&kit, "objects.register", counter(2)).await;
    assert_eq!(ask(&kit, "objects.state", which.clone()).await[0], 4, "as it was written");
    assert_eq!(ask(&kit, "objects.call", add).await[0], 6);
    assert_eq!(ask(&kit, "objects.state", which.clone()).await[0], json!({"sum": 6}));
    let look = json!({"kind": "counter", "id": "1", "name": "look"});
    assert_eq!(ask(&kit, "objects.call", look).await[0], 6);
    let history = ask(&kit, "objects.history", which).await;
    let names: Vec<&str> =
        history.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let wanted =
        ["object.created", "added", "state", "added", "state", "object.upgraded", "added", "state"];
    assert_eq!(names, wanted, "a question that changes nothing is not recorded");
    fusion.close().await.unwrap();
}

#[tokio::test]
async fn messages_are_settled_once() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let kit = kit(&fusion);
    let bob = ask(&kit, "mailbox.open", json!({"name": "bob"})).await;
    let note =
        json!([{"sender": "a", "recipient": "bob", "messageType": "note", "content": {"n": 1}}]);
    let sent = ask(&kit, "messages.send", note).await;
    assert_eq!(sent[0]["to"], json!(["bob"]));
    let come = ask(&kit, "mailbox.receive", json!({"number": bob, "most": 5})).await;
    assert_eq!(
        (&come[0]["message"]["content"], &come[0]["attempt"]),
        (&json!({"n": 1}), &json!(1))
    );
    let done = json!({"number": bob, "deliveries": [come[0]["number"]]});
    ask(&kit, "mailbox.acknowledge", done.clone()).await;
    let again = kit.ask_team("mailbox.acknowledge", done).await.unwrap_err();
    assert_eq!(again.code(), ErrorCode::NotApplicable);
    let nothing = ask(&kit, "mailbox.receive", json!({"number": bob, "wait_ms": 20})).await;
    assert_eq!(nothing, json!([]));
    let said = ask(&kit, "messages.history", json!({"recipient": "bob"})).await;
    assert_eq!(said[1]["name"], "message.acknowledged");
}

#[tokio::test]
async fn what_does_not_fit_is_said() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let kit = kit(&fusion);
    for (what, given, says) in [
        ("agents.spawn", json!({"name": "a", "instanzes": 2}), "unknown field `instanzes`"),
        ("tasks.submit", json!({"title": ""}), "the task says nothing"),
        ("messages.send", json!([{"sender": "a"}]), "missing field `recipient`"),
        ("objects.call", json!({"kind": "a b", "id": "1"}), "no name of an object"),
        ("swarm.deploy", json!({"team": "web-ap"}), "there is no team `web-ap`"),
        ("mailbox.receive", json!({"number": 7}), "the mailbox was closed"),
        ("services.call", json!({"ask": "x", "timeout_ms": 1}), "no service that fits is well"),
    ] {
        let error = kit.ask_team(what, given).await.unwrap_err();
        assert!(error.to_string().contains(says), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_team_is_deployed_once() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let kit = kit(&fusion);
    let team = json!({"team": "library", "project": "lib"});
    let first = ask(&kit, "swarm.deploy", team.clone()).await;
    assert_eq!(ask(&kit, "swarm.deploy", team).await["tasks"], first["tasks"]);
    let agents = ask(&kit, "agents.list", json!({"state": "idle"})).await;
    assert_eq!(agents.as_array().unwrap().len(), first["agents"].as_array().unwrap().len());
    let counts = ask(&kit, "tasks.counts", Value::Null).await;
    assert_eq!(counts["queued"], first["tasks"].as_array().unwrap().len());
}

fn states() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_patch_makes_what_it_was_made_of(before in states(), after in states()) {
        if let Some(patch) = patch(&before, &after) {
            let mut state = before;
            fusion_core::object::merge(&mut state, &patch);
            prop_assert_eq!(state, after);
        }
    }

    #[test]
    fn a_state_without_a_mark_is_plain(state in states()) {
        prop_assert_eq!(plain(state.clone()), state);
    }
}
