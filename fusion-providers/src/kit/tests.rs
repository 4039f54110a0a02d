//! Descriptions become providers, layers and agents.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fusion_core::Fusion;
use fusion_core::contract::{Agent, BoxFuture, Call, Context, Output, Provider, Step};
use fusion_core::model::chat::{FaultKind, Request};
use fusion_core::model::{Class, Failure, Graph, Payload};
use fusion_core::run::Os;
use serde_json::{Value, json};

use super::{Code, Kit};
use crate::{Keys, Settings};

/// Code 1 answers with its model, code 2 fails twice and then says how often, code 3 adds, code 4 checks.
#[derive(Debug)]
struct Program(u32, Arc<AtomicU32>);

impl Step for Program {
    fn name(&self) -> &'static str {
        "program"
    }

    fn run(&self, _ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let (number, count) = (self.0, self.1.clone());
        Box::pin(async move {
            let input: Value = input.decode()?;
            let value = match number {
                1 => json!(format!("model `{}`", input["request"]["model"].as_str().unwrap())),
                2 => match count.fetch_add(1, Ordering::SeqCst) {
                    0 | 1 => return Err(Failure::new(Class::from("overloaded"), "busy")),
                    n => json!(format!("asked {} times", n + 1)),
                },
                3 => json!(input["a"].as_i64().unwrap() + 1),
                _ if input["n"].is_number() => Value::Null,
                _ => return Err(Failure::error("`n` is missing")),
            };
            Ok(Output::Value(Payload::value(&value)))
        })
    }
}

async fn kit() -> (Fusion, Kit) {
    let fusion = Fusion::open("memory://").await.unwrap();
    let counts = Arc::new(AtomicU32::new(0));
    let bodies =
        move |code: &Code| -> Arc<dyn Step> { Arc::new(Program(code.number, counts.clone())) };
    let kit = Kit::new(&fusion, Keys::new(|_| None), Settings::default(), Box::new(bodies));
    (fusion, kit)
}

fn add(kit: &Kit, spec: Value) -> u32 {
    kit.add(serde_json::from_value(spec).unwrap()).unwrap()
}

async fn ask(kit: &Kit, number: u32) -> Result<String, FaultKind> {
    let call = Call::new(Os::current().unwrap());
    let answer = kit.provider(number).unwrap().complete(&call, &Request::new("").user("hi")).await;
    answer.map(|answer| answer.text()).map_err(|fault| fault.kind())
}

fn code(number: u32) -> Value {
    json!({"code": {"name": "mine", "code": {"number": number}}})
}

#[tokio::test]
async fn layers_lie_over_providers_by_number() {
    let (_fusion, kit) = kit().await;
    let busy = add(&kit, code(2));
    assert_eq!(ask(&kit, busy).await, Err(FaultKind::Overloaded));
    let retry = json!({"retry": {"attempts": 3, "initial_ms": 1}});
    let patient = add(&kit, json!({"over": busy, "layer": retry}));
    assert_eq!(ask(&kit, patient).await.unwrap(), "asked 3 times");

    let scripted = add(
        &kit,
        json!({"scripted": {"name": "s", "exchanges": [
        {"asked": "any", "said": {"fault": {"kind": "auth", "message": "no"}}}]}}),
    );
    let spare = add(&kit, code(1));
    let chain = json!({"over": scripted, "layer": {"fallback": {"to": [[spare, "large"]]}}});
    assert_eq!(ask(&kit, add(&kit, chain)).await.unwrap(), "model `large`");

    for layer in [
        json!({"timeout": {"total_ms": 1000}}),
        json!({"concurrency": {"most": 2}}),
        json!({"breaker": {"faults": 3, "pause_ms": 10}}),
        json!({"gate": {"account": "a", "requests_per_minute": 600}}),
        json!({"cache": {"ttl_ms": 1000}}),
        json!({"budget": {"per_run": "1", "other_models": {"input": "1", "output": "1", "request": "0"}}}),
    ] {
        let over = add(&kit, json!({"over": spare, "layer": layer}));
        assert_eq!(ask(&kit, over).await.as_deref(), Ok("model ``"), "{layer}");
    }
    let dear = json!({"budget": {"per_day": "0.000000001", "other_models": {"input": "9", "output": "9", "request": "0"}}});
    let over = add(&kit, json!({"over": spare, "layer": dear}));
    assert_eq!(ask(&kit, over).await, Err(FaultKind::Budget));
    assert!(kit.add(serde_json::from_value(json!({"over": 99, "layer": retry})).unwrap()).is_err());
}

#[tokio::test]
async fn names_are_found_late_and_those_of_the_program_first() {
    let (fusion, kit) = kit().await;
    let early = add(&kit, json!({"named": "house:small"}));
    assert_eq!(ask(&kit, early).await, Err(FaultKind::InvalidRequest));
    kit.name("house", add(&kit, code(1))).unwrap();
    assert_eq!(ask(&kit, early).await.unwrap(), "model `small`");
    let missing = add(&kit, json!({"open": {"name": "openai"}}));
    assert_eq!(ask(&kit, missing).await, Err(FaultKind::Auth));

    let text = "fusion: 1\nname: f\nnodes:\n  a: { model: 'house:large', with: { prompt: hi } }\noutputs: { said: '{{ nodes.a.text }}' }\n";
    let file = fusion_core::graph::file::parse(text, "f.yaml").unwrap();
    let run = fusion.start(&file.graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap()["said"], "model `large`");
}

#[tokio::test]
async fn an_agent_of_a_description_works_as_a_step() {
    let (fusion, kit) = kit().await;
    let call = json!({"type": "call", "id": "c", "name": "inc", "arguments": "{\"a\":1}"});
    let says = |parts: Value, finish: &str| json!({"asked": "any", "said": {"answer": {"parts": parts, "finish": finish}}});
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let script = json!([
        says(json!([call]), "tool_calls"),
        says(text("{}"), "stop"),
        says(text("{\"n\":2}"), "stop")
    ]);
    let number = add(&kit, json!({"scripted": {"name": "s", "exchanges": script}}));
    let tool =
        json!({"about": {"name": "inc", "schema": {"type": "object"}}, "code": {"number": 3}});
    let spec = json!({
        "name": "counter", "provider": number, "system": "Count.", "tools": [tool],
        "result": {"schema": {"type": "object"}, "check": {"number": 4}},
        "limits": {"turns": 5}, "keep_messages": true,
    });
    let (_, agent) = kit.add_agent(serde_json::from_value(spec).unwrap()).unwrap();
    assert_eq!(agent.name(), "counter");
    let counter = fusion.agent(agent);
    let graph = Graph::new("f").node("a", counter.with("go")).output("reply", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let reply = run.result::<Value>().await.unwrap()["reply"].clone();
    assert_eq!((&reply["result"], &reply["turns"]), (&json!({"n": 2}), &json!(3)));
    assert_eq!(reply["messages"][2]["parts"][0]["parts"][0]["text"], "2");
    assert_eq!(reply["messages"][4]["parts"][0]["text"], "`n` is missing.\nAnswer again.");
}

#[tokio::test]
async fn an_agent_of_a_description_has_built_in_tools() {
    let (_fusion, kit) = kit().await;
    let folder = tempfile::tempdir().unwrap();
    let agent = |tools: Value| {
        serde_json::from_value(json!({"name": "a", "provider": 0, "tools": tools})).unwrap()
    };
    add(&kit, code(1));
    let own =
        json!({"about": {"name": "inc", "schema": {"type": "object"}}, "code": {"number": 3}});
    let set = json!({"workspace": folder.path(), "write": true});
    let (_, made) = kit.add_agent(agent(json!([own, set]))).unwrap();
    let shown = format!("{made:?}");
    assert!(shown.contains("`inc`") && shown.contains("`write_file`"), "{shown}");
    for (set, told) in [
        (json!({"workspace": "/nowhere/at/all"}), "cannot be opened"),
        (json!({"mcp": ["x"], "name": "x"}), "needs a `name`, and `allow`"),
    ] {
        let fault = kit.add_agent(agent(json!([set]))).unwrap_err();
        assert!(fault.message().contains(told), "{fault}");
    }
}

#[tokio::test]
async fn several_keys_take_turns_and_calls_are_counted() {
    let (_fusion, kit) = kit().await;
    let limited = json!({"scripted": {"name": "s", "exchanges": [
        {"asked": "any", "said": {"fault": {"kind": "rate_limit", "message": "slow"}}}]}});
    let keys = [add(&kit, limited), add(&kit, code(1))];
    let both = add(&kit, json!({"rotation": keys}));
    let seen = add(&kit, json!({"over": both, "layer": {"observe": {"name": "both"}}}));
    assert_eq!(ask(&kit, seen).await.unwrap(), "model ``");
    assert_eq!(ask(&kit, seen).await.unwrap(), "model ``");
    let rows = kit.metrics("both").unwrap();
    assert_eq!((&rows[0]["calls"], &rows[0]["provider"]), (&json!(2), &json!("s")));
    let spans = kit.spans("both").unwrap();
    assert_eq!(spans.as_array().unwrap().len(), 2);
    assert_eq!(spans[0]["fields"]["gen_ai.operation.name"], "chat");
    assert_eq!(kit.spans("both").unwrap(), json!([]));
    assert!(kit.metrics("bot").unwrap_err().message().contains("did you mean `both`"));
    assert!(kit.add(serde_json::from_value(json!({"rotation": [77]})).unwrap()).is_err());
}

#[tokio::test]
async fn what_cannot_be_made_keeps_its_number_and_says_so() {
    let (_fusion, kit) = kit().await;
    let over = json!({"over": 99, "layer": {"batch": {"texts": 2}}});
    kit.add_anyway(serde_json::from_value(over).unwrap());
    let after = add(&kit, code(1));
    assert_eq!((after, ask(&kit, 0).await), (1, Err(FaultKind::InvalidRequest)));
    let lost = json!({"name": "lost", "program": "claud"});
    assert_eq!(kit.add_agent_anyway(serde_json::from_value(lost).unwrap()).name(), "lost");
    let found = json!({"name": "found", "program": "claude:opus", "mode": "edit"});
    let (number, made) = kit.add_agent(serde_json::from_value(found).unwrap()).unwrap();
    assert_eq!((number, made.name()), (1, "found"));
}

#[test]
fn a_description_that_does_not_fit_says_where() {
    for (spec, told) in [
        (json!({"over": 1, "layer": {"concurrency": {"most": "two"}}}), "layer `concurrency`: "),
        (json!({"over": 1, "layer": {"retries": {}}}), "unknown variant `retries`"),
        (json!({"named": 3}), "expected a string"),
    ] {
        let wrong = serde_json::from_value::<super::ProviderSpec>(spec).unwrap_err().to_string();
        assert!(wrong.contains(told), "{wrong}");
    }
    for (spec, told) in [
        (json!({"name": "a", "provider": 1, "tools": [{"mpc": 1}]}), "tools: unknown field `mpc`"),
        (json!({"name": "a", "program": "x", "mode": "write"}), "unknown variant `write`"),
    ] {
        let wrong = serde_json::from_value::<super::AgentSpec>(spec).unwrap_err().to_string();
        assert!(wrong.contains(told), "{wrong}");
    }
}

#[test]
fn a_description_shows_no_key() {
    let spec = json!({"over": 1, "layer": {"redact": {"values": ["sk-1234567"]}}});
    let spec: super::ProviderSpec = serde_json::from_value(spec).unwrap();
    assert!(!format!("{spec:?}").contains("sk-1234567"));
    let spec = json!({"open": {"name": "openai", "key": "sk-1234567"}});
    let spec: super::ProviderSpec = serde_json::from_value(spec).unwrap();
    assert!(!format!("{spec:?}").contains("sk-1234567"));
    let wrong = json!({"open": {"name": "openai", "keyy": "sk-1234567"}});
    let wrong = serde_json::from_value::<super::ProviderSpec>(wrong).unwrap_err();
    assert!(!wrong.to_string().contains("sk-1234567"), "{wrong}");
}

#[tokio::test]
async fn two_providers_of_one_name_do_not_share_a_cache() {
    let (_fusion, kit) = kit().await;
    let (one, two) = (add(&kit, code(1)), add(&kit, code(3)));
    let cache = |over: u32| serde_json::from_value(json!({"over": over, "layer": {"cache": {}}}));
    let first = kit.add(cache(one).unwrap()).unwrap();
    kit.add(cache(first).unwrap()).unwrap();
    let fault = kit.add(cache(two).unwrap()).unwrap_err();
    assert!(fault.message().contains("give each a name"), "{fault}");
    let named = add(&kit, json!({"code": {"name": "other", "code": {"number": 3}}}));
    kit.add(cache(named).unwrap()).unwrap();
}
