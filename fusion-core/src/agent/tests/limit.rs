//! Limits: each ends the work with what there is. And conversations that become too long.

use super::*;

#[tokio::test]
async fn turns_money_and_time_end_it_with_what_there_is() {
    let endless = || {
        (0..9).map(|_| {
            let mut answer = calls(&[("add", r#"{"a":1,"b":2}"#)]).unwrap();
            answer.parts.insert(0, Part::text("adding"));
            Ok(answer)
        })
    };
    let none = Limits::default();
    // Ten tokens read at a dollar each, five written at two.
    let price = Price::new(Usd::from_cents(100_000_000), Usd::from_cents(200_000_000));
    for (limits, ended, turns) in [
        (Limits { turns: 3, ..none }, Ended::Turns, 3),
        (Limits { turns: 0, ..none }, Ended::Turns, 0),
        (Limits { cost: Usd::from_cents(2_001), ..none }, Ended::Cost, 2),
        (Limits { total_ms: 0, ..none }, Ended::Time, 0),
    ] {
        let agent = LlmAgent::new("a", Plan::of(endless())).tool(add()).price(price).limits(limits);
        let reply = ask(&agent, &Body::new(), "Go.").await.unwrap();
        assert_eq!((reply.ended, reply.turns), (ended, turns));
        assert_eq!(reply.cost, Usd::from_cents(2_000 * u64::from(turns)));
        assert_eq!(reply.text, if turns == 0 { "" } else { "adding" });
    }
}

#[tokio::test]
async fn a_budget_that_refuses_ends_it_as_money_does() {
    let refused = Fault::new(FaultKind::Budget, "the day's budget is spent");
    let agent = LlmAgent::new("a", Plan::of([calls(&[("add", "{}")]), Err(refused)])).tool(add());
    let reply = ask(&agent, &Body::new(), "Go.").await.unwrap();
    assert_eq!((reply.ended, reply.turns), (Ended::Cost, 1));
}

#[tokio::test]
async fn a_limit_of_cost_is_not_passed_because_nobody_says_what_it_costs() {
    let limits = Limits { cost: Usd::from_cents(1), ..Limits::default() };
    let talk = || Plan::of([calls(&[("add", r#"{"a":1,"b":2}"#)]), says("done")]);
    let agent = LlmAgent::new("a", talk()).tool(add()).limits(limits);
    let failure = ask(&agent, &Body::new(), "Go.").await.unwrap_err();
    assert_eq!(failure.class, Class::LIMIT);
    assert!(failure.message.contains("nobody says what the model"), "{failure:?}");
    let free = LlmAgent::new("a", talk()).tool(add()).limits(limits).price(Price::FREE);
    assert_eq!(ask(&free, &Body::new(), "Go.").await.unwrap().ended, Ended::Done);
    // An answer that is there is given: nothing more is spent.
    let one = LlmAgent::new("a", Plan::of([says("done")])).limits(limits);
    assert_eq!(ask(&one, &Body::new(), "Go.").await.unwrap().text, "done");
}

/// A provider that never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Provider for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    async fn complete(&self, call: &Call, _request: &Request) -> Result<Answer, Fault> {
        call.limited(u64::MAX, "no answer", std::future::pending()).await
    }
}

#[tokio::test]
async fn time_that_passes_within_a_call_ends_it_too() {
    let limits = Limits { total_ms: 30, ..Limits::default() };
    let reply = ask(&LlmAgent::new("a", Silent).limits(limits), &Body::new(), "Go.").await.unwrap();
    assert_eq!((reply.ended, reply.turns), (Ended::Time, 0));
}

#[tokio::test]
async fn a_cut_or_refused_answer_is_said_to_be_one() {
    for (finish, ended) in [(Finish::Length, Ended::Length), (Finish::Refused, Ended::Refused)] {
        let answer = Answer { finish, ..Answer::text_of("m", "I ca") };
        let agent = LlmAgent::new("a", Plan::of([Ok(answer)])).result(json!({}));
        let reply = ask(&agent, &Body::new(), "Go.").await.unwrap();
        assert_eq!((reply.ended, reply.text.as_str(), reply.result), (ended, "I ca", None));
    }
}

#[tokio::test]
async fn a_fault_is_a_failure_of_its_class() {
    let fault = Fault::new(FaultKind::RateLimit, "slow down").retry_after_ms(1_500);
    let agent = LlmAgent::new("a", Plan::of([Err(fault)]));
    let failure = ask(&agent, &Body::new(), "Go.").await.unwrap_err();
    assert_eq!((failure.class.0.as_ref(), failure.retry_after_ms), ("rate_limit", Some(1_500)));
}

/// An exchange with a long text.
#[expect(clippy::unnecessary_wraps, reason = "plans hold faults beside answers")]
fn long() -> Result<Answer, Fault> {
    let mut answer = calls(&[("add", r#"{"a":1,"b":2}"#)]).unwrap();
    answer.parts.insert(0, Part::text("long ".repeat(200)));
    Ok(answer)
}

#[tokio::test]
async fn a_conversation_near_the_window_is_summarised_once() {
    let plan = Plan::of([long(), long(), long(), says("in short"), says("done")]);
    let agent = LlmAgent::new("a", plan.clone()).tool(add()).window(1_000);
    let reply = ask(&agent, &Body::new(), "The task.").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.turns), ("done", 4));
    assert_eq!(reply.usage, Usage::new(50, 25), "the summary is paid for, too");
    let [.., summary, last] = &plan.requests()[..] else { panic!() };
    assert!(summary.messages[1].text().contains("you used: add"), "{summary:?}");
    let texts: Vec<String> = last.messages.iter().map(Message::text).collect();
    assert_eq!(texts[0], "The task.", "what was asked stays word for word");
    assert!(texts[1].ends_with("in short"), "{texts:?}");
    assert!(last.messages.len() < 7);
}

#[tokio::test]
async fn a_conversation_that_is_refused_as_too_long_is_summarised() {
    let too_long = || Err(Fault::new(FaultKind::ContextTooLong, "too long"));
    let plan = Plan::of([long(), long(), long(), too_long(), says("in short"), says("done")]);
    let agent = LlmAgent::new("a", plan).tool(add());
    assert_eq!(ask(&agent, &Body::new(), "The task.").await.unwrap().text, "done");
    // Where nothing is left to leave out, it is a failure.
    let agent = LlmAgent::new("a", Plan::of([too_long()]));
    let failure = ask(&agent, &Body::new(), "A long task.").await.unwrap_err();
    assert_eq!(failure.class.0, "context_too_long");
}

#[tokio::test]
async fn time_that_passes_within_a_tool_ends_it_too() {
    let never = |_: Value| std::future::pending::<Result<(), Failure>>();
    let endless = Tool::new("wait", "Waits.", never);
    let plan = Plan::of([calls(&[("wait", "{}")]), says("late")]);
    let limits = Limits { total_ms: 30, ..Limits::default() };
    let agent = LlmAgent::new("a", plan).tool(endless).limits(limits);
    let reply = ask(&agent, &Body::new(), "Go.").await.unwrap();
    assert_eq!((reply.ended, reply.turns), (Ended::Time, 1));
}
