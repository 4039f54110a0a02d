//! What becomes of tasks and agents when something goes wrong.

use super::doer::{Doer, Seen, asked, equal, quickly, team, until};

use fusion_core::Fusion;
use fusion_core::coordination::{AgentSpec, AgentState, Delegating, TaskSpec, TaskState};
use fusion_core::error::Code;
use fusion_core::model::Backoff;

crate::on_every_store! {
    after_failures_another_agent_gets_the_task,
    a_task_that_fails_for_good_is_dead_until_somebody_queues_it_anew,
    a_cancelled_task_is_not_done,
    a_paused_agent_stands_still_at_its_next_memo,
    the_task_of_a_terminated_agent_goes_to_another,
    an_agent_that_gives_no_sign_of_life_is_started_again,
    one_that_panics_too_often_stays_down_until_somebody_helps,
    an_artifact_that_is_not_there_is_a_failure,
}

async fn after_failures_another_agent_gets_the_task(fusion: Fusion) {
    let seen = team(&fusion, &["a", "b"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = TaskSpec { agent: None, ..asked("fail-for-a") };
    let task = fusion.tasks().submit(task).await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!((done.state, done.agent.as_deref()), (TaskState::Completed, Some("b")));
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3, "{seen:?}");
    // What went wrong is told to whoever tries next.
    assert!(seen[1].contains("The attempt before failed (error): not for me"), "{seen:?}");
}

async fn a_task_that_fails_for_good_is_dead_until_somebody_queues_it_anew(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = TaskSpec { retry_policy: quickly(3), ..TaskSpec::new("fail") };
    let task = fusion.tasks().submit(task).await.unwrap();
    let dead = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!((dead.state, dead.attempts), (TaskState::Dead, 3));
    assert_eq!(dead.failure.unwrap().message, "it went wrong");
    assert_eq!(fusion.tasks().list(Some(TaskState::Dead)).await.unwrap().len(), 1);
    fusion.tasks().requeue(&task.id, "tester").await.unwrap();
    let again = until(&fusion, &task.id, |row| row.begun == 6).await;
    let again = fusion.tasks().wait(&again.id).await.unwrap();
    assert_eq!((again.state, again.attempts, again.begun), (TaskState::Dead, 3, 6));
    assert_eq!(seen.lock().unwrap().len(), 6);
    let error = fusion.tasks().cancel(&task.id, "tester", "enough").await.unwrap_err();
    assert_eq!(error.code(), Code::NotApplicable);
}

async fn a_cancelled_task_is_not_done(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    let first = fusion.tasks().submit(asked("x")).await.unwrap();
    fusion.tasks().cancel(&first.id, "tester", "no more").await.unwrap();
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let second = fusion.tasks().submit(asked("until-cancelled")).await.unwrap();
    until(&fusion, &second.id, |row| row.state == TaskState::Running).await;
    while seen.lock().unwrap().is_empty() {
        crate::pause(5).await;
    }
    fusion.tasks().cancel(&second.id, "tester", "no more").await.unwrap();
    let third = fusion.tasks().submit(asked("y")).await.unwrap();
    let done = fusion.tasks().wait(&third.id).await.unwrap();
    assert_eq!(done.state, TaskState::Completed);
    assert_eq!(*seen.lock().unwrap(), ["a:until-cancelled", "a:y"]);
    let agent = fusion.agents().get("a").await.unwrap();
    assert_eq!((agent.state, agent.tasks.len()), (AgentState::Idle, 0));
}

async fn a_paused_agent_stands_still_at_its_next_memo(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = fusion.tasks().submit(asked("memos")).await.unwrap();
    while seen.lock().unwrap().len() < 2 {
        crate::pause(2).await;
    }
    fusion.agents().pause("a", "tester").await.unwrap();
    crate::pause(200).await;
    let steps = seen.lock().unwrap().len();
    assert!(steps <= 3, "it went on: {:?}", seen.lock().unwrap());
    let paused = fusion.agents().get("a").await.unwrap();
    assert_eq!((paused.state, paused.tasks.len()), (AgentState::Paused, 1));
    let waits = fusion.tasks().submit(asked("later")).await.unwrap();
    crate::pause(50).await;
    assert_eq!(seen.lock().unwrap().len(), steps);
    let waits = fusion.tasks().get(&waits.id).await.unwrap();
    assert!(waits.reason.contains("paused"), "{}", waits.reason);
    fusion.agents().resume("a", "tester").await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!((done.state, done.attempts), (TaskState::Completed, 1));
    assert_eq!(fusion.tasks().wait(&waits.id).await.unwrap().state, TaskState::Completed);
    assert_eq!(seen.lock().unwrap().len(), 5, "each step was made once");
}

async fn the_task_of_a_terminated_agent_goes_to_another(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let running = fusion.tasks().submit(asked("until-cancelled")).await.unwrap();
    let waiting = fusion.tasks().submit(asked("simple")).await.unwrap();
    until(&fusion, &waiting.id, |row| row.state == TaskState::Assigned).await;
    while seen.lock().unwrap().is_empty() {
        crate::pause(2).await;
    }
    fusion.agents().terminate("a", "tester").await.unwrap();
    fusion.agent(Doer("b", seen.clone()));
    fusion.agents().spawn(equal("b")).await.unwrap();
    for task in [&running, &waiting] {
        let done = fusion.tasks().wait(&task.id).await.unwrap();
        assert_eq!(
            (done.state, done.agent.as_deref()),
            (TaskState::Completed, Some("b")),
            "{done:?}"
        );
    }
    let resumed = fusion.agents().resume("a", "tester").await.unwrap_err();
    let paused = fusion.agents().pause("a", "tester").await.unwrap_err();
    for error in [resumed, paused] {
        let told = (error.code(), error.hint_text());
        assert_eq!(told, (Code::NotApplicable, Some("spawn a new one")));
    }
}

async fn an_agent_that_gives_no_sign_of_life_is_started_again(fusion: Fusion) {
    let seen = Seen::default();
    fusion.agent(Doer("a", seen.clone()));
    let restart = Backoff { attempts: 5, initial_ms: 20, max_ms: 20, ..Backoff::ONCE };
    let spec = AgentSpec { unresponsive_ms: 100, restart, ..equal("a") };
    fusion.agents().spawn(spec).await.unwrap();
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = fusion.tasks().submit(asked("hang-once")).await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!((done.state, done.attempts), (TaskState::Completed, 2));
    let life = fusion.agents().past("a", 0, 100).await.unwrap();
    let life: Vec<&str> = life.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(life[3..6], ["agent.rested", "agent.failed", "agent.restarted"], "{life:?}");
}

async fn one_that_panics_too_often_stays_down_until_somebody_helps(fusion: Fusion) {
    let seen = Seen::default();
    fusion.agent(Doer("a", seen.clone()));
    let restart = Backoff { attempts: 2, initial_ms: 20, max_ms: 60_000, ..Backoff::ONCE };
    fusion.agents().spawn(AgentSpec { restart, ..equal("a") }).await.unwrap();
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = fusion.tasks().submit(asked("panic")).await.unwrap();
    until(&fusion, &task.id, |row| row.attempts == 2 && row.state != TaskState::Running).await;
    let agent = loop {
        let agent = fusion.agents().get("a").await.unwrap();
        if agent.state == AgentState::Error {
            break agent;
        }
        crate::pause(5).await;
    };
    assert_eq!(agent.restart_at, None);
    assert!(agent.error.unwrap().contains("as asked"));
    let waits = until(&fusion, &task.id, |row| !row.reason.starts_with("a:")).await;
    assert!(waits.reason.contains("in trouble"), "{}", waits.reason);
    assert_eq!(fusion.agents().resume("a", "tester").await.unwrap().state, AgentState::Idle);
    until(&fusion, &task.id, |row| row.attempts >= 3).await;
}

async fn an_artifact_that_is_not_there_is_a_failure(fusion: Fusion) {
    team(&fusion, &["a"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = TaskSpec {
        expected_artifacts: vec!["docs/guide.md".to_owned()],
        retry_policy: quickly(1),
        ..TaskSpec::new("x")
    };
    let task = fusion.tasks().submit(task).await.unwrap();
    let dead = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!(dead.state, TaskState::Dead);
    assert!(dead.failure.unwrap().message.contains("did not make `docs/guide.md`"));
}

/// A process that ends in the middle of a task: the next one goes on at the memo, with the same agents in the same states.
#[tokio::test]
async fn what_a_closed_engine_left_is_taken_up() {
    let (fusion, folder) = crate::on_disk().await;
    let path = folder.path().join("fusion.db");
    let seen = team(&fusion, &["a", "b"]).await;
    fusion.agents().pause("b", "tester").await.unwrap();
    let part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = fusion.tasks().submit(asked("memos")).await.unwrap();
    let waits = fusion.tasks().submit(asked("after")).await.unwrap();
    while !seen.lock().unwrap().iter().any(|one| one == "step 1") {
        crate::pause(2).await;
    }
    drop(part);
    fusion.close().await.unwrap();
    let fusion = Fusion::open(path.to_str().unwrap()).await.unwrap();
    let states: Vec<AgentState> =
        fusion.agents().list(None).await.unwrap().into_iter().map(|one| one.state).collect();
    assert_eq!(states, [AgentState::Working, AgentState::Paused]);
    fusion.agent(Doer("a", seen.clone()));
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!((done.state, done.attempts), (TaskState::Completed, 1));
    assert_eq!(fusion.tasks().wait(&waits.id).await.unwrap().state, TaskState::Completed);
    let first = seen.lock().unwrap().iter().filter(|one| *one == "step 0").count();
    assert_eq!(first, 1, "what was saved is not done again");
}
