//! Agents as nodes: retried, limited and asked for as any other step.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fusion_core::Fusion;
use fusion_core::agent::{Limits, LlmAgent, Tool};
use fusion_core::contract::{Call, Provider};
use fusion_core::graph::file;
use fusion_core::model::chat::{Answer, Fault, FaultKind, Finish, Part, Request, ToolCall};
use fusion_core::model::{Failure, Graph};
use serde_json::{Value, json};

crate::on_every_store! {
    a_fault_is_tried_again_and_nothing_that_was_said_is_asked_again,
    a_limit_leaves_a_part_that_others_may_take,
    a_file_names_an_agent,
}

type Answers = VecDeque<Result<Answer, Fault>>;

/// A provider that says what was planned, and counts.
#[derive(Debug, Clone)]
struct Plan(Arc<Mutex<(Answers, usize)>>);

impl Plan {
    fn of<const N: usize>(answers: [Result<Answer, Fault>; N]) -> Self {
        Self(Arc::new(Mutex::new((answers.into(), 0))))
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

#[async_trait]
impl Provider for Plan {
    fn name(&self) -> &'static str {
        "plan"
    }

    async fn complete(&self, _call: &Call, _request: &Request) -> Result<Answer, Fault> {
        let mut plan = self.0.lock().unwrap();
        plan.1 += 1;
        plan.0.pop_front().expect("nobody planned this call")
    }
}

fn says(text: &str) -> Answer {
    Answer::text_of("m", text)
}

fn looks(text: &str) -> Answer {
    let parts = vec![Part::text(text), Part::Call(ToolCall::new("c", "look", "{}"))];
    Answer { parts, finish: Finish::ToolCalls, ..Answer::default() }
}

fn look(count: &Arc<Mutex<usize>>) -> Tool {
    let count = count.clone();
    Tool::new("look", "Looks.", move |_: Value| {
        *count.lock().unwrap() += 1;
        std::future::ready(Ok::<_, Failure>("seen"))
    })
}

async fn a_fault_is_tried_again_and_nothing_that_was_said_is_asked_again(fusion: Fusion) {
    let busy = Fault::new(FaultKind::RateLimit, "slow down").retry_after_ms(5);
    let plan = Plan::of([Ok(looks("first")), Err(busy), Ok(says("found"))]);
    let count = Arc::default();
    fusion.agent(LlmAgent::new("finder", plan.clone()).tool(look(&count)));
    let yaml = "fusion: 1\nname: w\nnodes:\n  a: { agent: finder, with: Find., retry: { attempts: 2, initial: 1ms } }\n";
    let graph = file::parse(yaml, "w.yaml").unwrap().graph;
    let graph = graph.output("text", "{{ nodes.a.text }}").output("turns", "{{ nodes.a.turns }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"text": "found", "turns": 2}));
    assert_eq!((plan.asked(), *count.lock().unwrap()), (3, 1));
}

async fn a_limit_leaves_a_part_that_others_may_take(fusion: Fusion) {
    let plan = Plan::of([Ok(looks("half")), Ok(looks("more"))]);
    let limits = Limits { turns: 2, ..Limits::default() };
    let agent = LlmAgent::new("finder", plan).tool(look(&Arc::default())).limits(limits);
    let agent = fusion.agent(agent);
    let shout = fusion.step("shout", |text: String| async move { Ok(text.to_uppercase()) });
    let graph = Graph::new("w")
        .node("a", agent.with("Find."))
        .node("b", shout.with("{{ nodes.a.text }}, {{ nodes.a.ended }}"))
        .output("b", "{{ nodes.b }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"b": "MORE, TURNS"}));
}

async fn a_file_names_an_agent(fusion: Fusion) {
    let plan = Plan::of([Ok(says("one")), Ok(says("two"))]);
    fusion.agent(LlmAgent::new("writer", plan));
    let yaml = "fusion: 1\nname: w\nnodes:\n  a: { agent: writer, with: Write. }\n  b: { agent: writer, with: { prompt: \"{{ nodes.a.text }}\" } }\noutputs: { b: \"{{ nodes.b.text }}\" }\n";
    let graph = file::parse(yaml, "w.yaml").unwrap().graph;
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"b": "two"}));
}
