//! An agent that does what its prompt says, and what the tests of agents and tasks share.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fusion_core::Fusion;
use fusion_core::contract::{Agent, Desk};
use fusion_core::coordination::{AgentSpec, Card, RetryPolicy, TaskRow, TaskSpec};
use fusion_core::model::agent::{Ask, Reply};
use fusion_core::model::{Backoff, Failure};

pub(super) type Seen = Arc<Mutex<Vec<String>>>;

/// An agent that does what its prompt says, and notes that it was asked.
#[derive(Debug, Clone)]
pub(super) struct Doer(pub &'static str, pub Seen);

#[async_trait]
impl Agent for Doer {
    fn name(&self) -> &str {
        self.0
    }

    async fn work(&self, desk: &Desk, ask: Ask) -> Result<Reply, Failure> {
        self.1.lock().unwrap().push(format!("{}:{}", self.0, ask.prompt));
        let word = ask.prompt.split_whitespace().next().unwrap_or_default();
        match word {
            "fail" => return Err(Failure::error("it went wrong")),
            "panic" => panic!("as asked"),
            "fail-for-a" if self.0 == "a" => return Err(Failure::error("not for me")),
            "hang-once" if desk.body().recall("hung").is_none() => {
                let others =
                    self.1.lock().unwrap().iter().filter(|one| one.contains("hang-once")).count();
                if others == 1 {
                    std::future::pending::<()>().await;
                }
            }
            "wait" => crate::pause(150).await,
            "until-cancelled" if self.0 == "a" => desk.body().cancelled().await,
            "memos" => {
                for n in 0..3 {
                    let seen = self.1.clone();
                    desk.body()
                        .memo(&format!("step {n}"), async move {
                            seen.lock().unwrap().push(format!("step {n}"));
                            crate::pause(60).await;
                            Ok(n)
                        })
                        .await?;
                }
            }
            _ => {}
        }
        Ok(Reply { text: format!("{} did it", self.0), ..Reply::default() })
    }
}

/// Registers these agents, spawns one of each, and gives what they saw.
pub(super) async fn team(fusion: &Fusion, names: &[&'static str]) -> Seen {
    let seen = Seen::default();
    for name in names {
        fusion.agent(Doer(name, seen.clone()));
        fusion.agents().spawn(equal(name)).await.unwrap();
    }
    seen
}

/// Asks for an agent that can do what the others can.
pub(super) fn equal(name: &str) -> AgentSpec {
    AgentSpec { card: Some(Card::new("doer").capability("doing", 1.0)), ..AgentSpec::new(name) }
}

pub(super) fn quickly(attempts: u32) -> RetryPolicy {
    let backoff = Backoff { attempts, initial_ms: 10, factor: 1.0, max_ms: 10, ..Backoff::ONCE };
    RetryPolicy { backoff, per_agent: 2 }
}

pub(super) fn asked(title: &str) -> TaskSpec {
    TaskSpec { retry_policy: quickly(4), ..TaskSpec::new(title) }
}

pub(super) async fn names(fusion: &Fusion, task: &str) -> Vec<String> {
    let past = fusion.tasks().past(task, 0, 100).await.unwrap();
    past.into_iter().map(|event| event.name).collect()
}

/// Waits until something holds of a task.
pub(super) async fn until(
    fusion: &Fusion,
    task: &str,
    holds: impl Fn(&TaskRow) -> bool,
) -> TaskRow {
    for _ in 0..2_000 {
        let row = fusion.tasks().get(task).await.unwrap();
        if holds(&row) {
            return row;
        }
        crate::pause(5).await;
    }
    panic!("it never held: {:?}", fusion.tasks().get(task).await.unwrap());
}
