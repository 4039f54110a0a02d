//! What is said to the model, and what comes of it.

use super::*;
use crate::contract::{BoxFuture, Output, Step};

#[tokio::test]
async fn tools_are_used_until_all_is_said() {
    let plan = Plan::of([
        calls(&[("add", r#"{"a":1,"b":2}"#), ("add", r#"{"a":3,"b":4}"#)]),
        says("3 and 7"),
    ]);
    let agent = LlmAgent::new("sums", plan.clone()).model("m").system("Be exact.").tool(add());
    let reply = ask(&agent, &Body::new(), "Add.").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.ended, reply.turns), ("3 and 7", Ended::Done, 2));
    assert_eq!((reply.usage, reply.agent.as_str()), (Usage::new(20, 10), "sums"));
    let [first, second] = &plan.requests()[..] else { panic!("two requests") };
    assert_eq!(first.messages, [Message::system("Be exact."), Message::user("Add.")]);
    assert_eq!(first.tools[0].name, "add");
    assert_eq!(told(&second.messages[3]), [("3".to_owned(), false), ("7".to_owned(), false)]);
}

#[tokio::test]
async fn what_goes_wrong_with_a_tool_is_told_to_the_model() {
    let plan = Plan::of([
        calls(&[
            ("add", r#"{"a":1}"#),
            ("add", "{"),
            ("ad", "{}"),
            ("fails", "{}"),
            ("panics", ""),
            ("slow", "{}"),
            ("long", "{}"),
        ]),
        says("sorry"),
    ]);
    let slow = Tool::new("slow", "", |_: Value| std::future::pending::<Result<(), Failure>>());
    let agent = LlmAgent::new("a", plan.clone())
        .tool(add())
        .tool(no_arguments("fails", || Err(Failure::error("no"))))
        .tool(no_arguments("panics", || panic!("in the tool")))
        .tool(slow)
        .tool(no_arguments("long", || Ok(json!("ä".repeat(100)))))
        .limits(Limits { tool_ms: 20, result_bytes: 11, ..Limits::default() });
    assert_eq!(ask(&agent, &Body::new(), "Go.").await.unwrap().text, "sorry");
    let told: Vec<String> =
        told(&plan.requests()[1].messages[2]).into_iter().map(|(text, _)| text).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    decode: the arguments do not fit: missing field `b` at line 1 column 7
    the arguments of the call of `add` are no JSON: EOF while parsing an object at line 1 column 1
    there is no tool `ad`; did you mean `add`?
    error: no
    the tool panicked
    the tool took longer than 20 ms
    äääää
    [cut here: 200 bytes in all]
    ");
}

#[tokio::test]
async fn a_result_has_the_form_that_was_asked_for() {
    let plan = Plan::of([says("Well, 4"), says("```json\n{\"n\": 4}\n```")]);
    let agent = LlmAgent::new("a", plan.clone()).result(json!({"type": "object"}));
    let reply = ask(&agent, &Body::new(), "2 + 2?").await.unwrap();
    assert_eq!(reply.result, Some(json!({"n": 4})));
    let [first, second] = &plan.requests()[..] else { panic!("two requests") };
    assert_eq!(first.schema.as_ref().unwrap().schema, json!({"type": "object"}));
    let asked = second.messages.last().unwrap().text();
    assert!(asked.ends_with("Answer again.") && asked.contains("JSON"), "{asked}");
}

#[tokio::test]
async fn a_result_that_does_not_fit_its_schema_is_asked_for_again() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let plan = Plan::of([says("{\"n\": \"4\"}"), says("{\"n\": 4}")]);
    let agent = LlmAgent::new("a", plan.clone()).result(schema);
    let reply = ask(&agent, &Body::new(), "2 + 2?").await.unwrap();
    assert_eq!(reply.result, Some(json!({"n": 4})));
    insta::assert_snapshot!(plan.requests()[1].messages.last().unwrap().text(), @r#"
    The answer does not fit the JSON Schema:
    at `/n`: "4" is not of type "integer"
    Answer again.
    "#);

    let plan = Plan::of([]);
    let agent = LlmAgent::new("a", plan.clone()).result(json!({"type": "objekt"}));
    let failure = ask(&agent, &Body::new(), "2 + 2?").await.unwrap_err();
    assert_eq!((&*failure.class.0, plan.requests().len()), ("invalid_request", 0), "{failure}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_never_reach_a_tool() {
    let plan = Plan::of([calls(&[("never", r#"{"days":0}"#)]), says("sorry")]);
    let schema =
        json!({"type": "object", "properties": {"days": {"type": "integer", "minimum": 1}}});
    let never = no_arguments("never", || panic!("it was used")).schema(schema);
    let agent = LlmAgent::new("a", plan.clone()).tool(never);
    assert_eq!(ask(&agent, &Body::new(), "Go.").await.unwrap().text, "sorry");
    let told = told(&plan.requests()[1].messages[2]).remove(0);
    insta::assert_snapshot!(told.0, @r"
    the arguments do not fit:
    at `/days`: 0 is less than the minimum of 1
    ");
}

#[tokio::test]
async fn a_result_that_stays_wrong_is_a_failure() {
    let plan = Plan::of([says("{}"), says("{}")]);
    let agent = LlmAgent::new("a", plan)
        .result(json!({"type": "object"}))
        .checked(|value| value.get("n").map(drop).ok_or_else(|| "`n` is missing.".to_owned()));
    let failure = ask(&agent, &Body::new(), "2 + 2?").await.unwrap_err();
    assert_eq!(failure.class, Class::VALIDATION);
    assert!(failure.message.contains("`n` is missing."), "{failure}");
}

#[tokio::test]
async fn another_agent_goes_on_with_its_own_words() {
    let thought = Part::Reasoning(crate::model::chat::Reasoning::default());
    let mut handed = calls(&[("hand_off", r#"{"to":"nobody"}"#), ("hand_off", r#"{"to":"poet"}"#)]);
    handed.as_mut().unwrap().parts.insert(0, thought);
    let (first, second) = (Plan::of([handed]), Plan::of([says("A rose")]));
    let poet = LlmAgent::new("poet", Plan { name: "other", ..second.clone() }).system("You rhyme.");
    let desk = LlmAgent::new("desk", first.clone()).system("You sort.").hand_off(poet);
    let reply = ask(&desk, &Body::new(), "A poem!").await.unwrap();
    assert_eq!((reply.agent.as_str(), reply.text.as_str(), reply.turns), ("poet", "A rose", 2));
    assert_eq!(first.requests()[0].tools[0].schema["properties"]["to"]["enum"], json!(["poet"]));
    let asked = &second.requests()[0];
    assert_eq!(asked.messages[0], Message::system("You rhyme."));
    assert!(asked.tools.is_empty(), "the poet has nobody to hand over to");
    assert_eq!(
        told(&asked.messages[3]),
        [("`to` has to be one of: poet".to_owned(), true), ("`poet` goes on.".to_owned(), false)]
    );
    let thinks = |part: &Part| matches!(part, Part::Reasoning(_));
    assert!(!asked.messages.iter().flat_map(|one| &one.parts).any(thinks));
}

#[tokio::test]
async fn a_reply_can_be_gone_on_from() {
    let plan = Plan::of([says("Hello Ada"), says("Ada")]);
    let agent = LlmAgent::new("a", plan.clone()).keep_messages();
    let first = ask(&agent, &Body::new(), "I am Ada.").await.unwrap();
    let env: Arc<dyn Env> = Os::new().unwrap();
    let again = Ask { prompt: "Who am I?".into(), messages: first.messages, ..Ask::default() };
    let reply = agent.work(&Desk::new(Context::new(Body::new()), env), again).await.unwrap();
    let texts: Vec<String> = plan.requests()[1].messages.iter().map(Message::text).collect();
    assert_eq!(texts, ["I am Ada.", "Hello Ada", "Who am I?"]);
    assert_eq!(reply.messages.len(), 2, "only what was said since it was asked");
}

/// Keeps what it is given, and fails all the same.
#[derive(Debug, Default)]
struct Looks(Arc<Mutex<Vec<Value>>>);

impl Step for Looks {
    fn name(&self) -> &'static str {
        "looks"
    }

    fn run(&self, _: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let said = input.decode().unwrap();
        self.0.lock().unwrap().push(said);
        Box::pin(async { Err(Failure::error("the screen is gone")) })
    }
}

#[tokio::test]
async fn a_step_sees_the_chunks_and_stops_nothing() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let agent =
        LlmAgent::new("a", Plan::of([says("hi")])).watched_by(Arc::new(Looks(seen.clone())));
    assert_eq!(ask(&agent, &Body::new(), "?").await.unwrap().text, "hi");
    let chunk = json!({"type": "text", "text": "hi"});
    let said = json!({"agent": "a", "turn": 0, "chunk": chunk});
    assert!(seen.lock().unwrap().contains(&said), "{seen:?}");
}

#[tokio::test]
async fn chunks_are_seen_as_they_come() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let agent = LlmAgent::new("a", Plan::of([says("hi")])).watch(move |agent, turn, chunk| {
        sink.lock().unwrap().push(format!("{agent} {turn} {chunk:?}"));
    });
    ask(&agent, &Body::new(), "?").await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|line| line == "a 0 Text { text: \"hi\" }"), "{seen:?}");
}
