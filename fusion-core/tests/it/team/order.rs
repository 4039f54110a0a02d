//! Who gets what, and when.

use super::doer::{Doer, Seen, asked, equal, names, team, until};
use std::collections::BTreeMap;

use fusion_core::Fusion;
use fusion_core::coordination::{
    AgentSpec, AgentState, Aim, Card, Delegating, Resources, TaskSpec, TaskState,
};
use fusion_core::error::Code;

crate::on_every_store! {
    a_task_goes_to_the_agent_that_suits_it_and_says_why,
    equal_tasks_are_spread_evenly_over_equal_agents,
    a_task_waits_for_those_that_it_needs,
    tasks_that_need_one_another_in_a_circle_are_refused,
    nobody_who_can_do_it_is_waited_for,
    the_same_id_is_the_same_task,
    higher_priority_comes_first,
    resources_are_never_promised_twice,
    an_idle_agent_takes_over_what_waits_for_an_equal_one,
    a_task_may_be_pinned_and_may_wait_for_its_time,
    a_terminated_agent_may_be_spawned_again,
    what_is_over_is_forgotten_and_nothing_else,
}

async fn a_task_goes_to_the_agent_that_suits_it_and_says_why(fusion: Fusion) {
    let seen = Seen::default();
    for name in ["copilot", "gemini"] {
        fusion.agent(Doer(name, seen.clone()));
        fusion.agents().spawn(AgentSpec::new(name)).await.unwrap();
    }
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = fusion.tasks().submit(asked("Write the installation guide")).await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!((done.state, done.agent.as_deref()), (TaskState::Completed, Some("gemini")));
    assert_eq!(done.reason, "gemini: documentation (guide); free");
    assert_eq!(done.reply.unwrap().text, "gemini did it");
    assert_eq!(
        names(&fusion, &task.id).await,
        ["task.queued", "task.assigned", "task.started", "task.completed"]
    );
    let agent = fusion.agents().get("gemini").await.unwrap();
    assert_eq!((agent.state, agent.tally().done), (AgentState::Idle, 1));
    let life = fusion.agents().past("gemini", 0, 100).await.unwrap();
    let life: Vec<&str> = life.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(life, ["agent.spawning", "agent.spawned", "agent.worked", "agent.rested"]);
}

async fn equal_tasks_are_spread_evenly_over_equal_agents(fusion: Fusion) {
    fusion.agents().spawn(AgentSpec { instances: 5, ..equal("worker") }).await.unwrap();
    let tasks = (0..100).map(|n| asked(&format!("do number {n}"))).collect();
    fusion.tasks().submit_all(tasks).await.unwrap();
    assert_eq!(fusion.assign_tasks(Aim::Fit).await.unwrap(), 100);
    let mut each: BTreeMap<String, usize> = BTreeMap::new();
    for row in fusion.tasks().list(Some(TaskState::Assigned)).await.unwrap() {
        *each.entry(row.agent.unwrap()).or_default() += 1;
    }
    assert_eq!(each.into_values().collect::<Vec<_>>(), [20; 5]);
    assert_eq!(fusion.balance_tasks().await.unwrap(), []);
    fusion.agents().spawn(equal("newcomer")).await.unwrap();
    let moved = fusion.balance_tasks().await.unwrap();
    assert_eq!(moved.len(), 16, "a sixth of a hundred, rounded down");
    assert!(moved.iter().all(|one| one.to == "newcomer"));
}

async fn a_task_waits_for_those_that_it_needs(fusion: Fusion) {
    let seen = team(&fusion, &["a", "b"]).await;
    let task = |id: &str, needs: &[&str]| TaskSpec {
        id: Some(id.to_owned()),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        ..asked(&format!("wait {id}"))
    };
    let last = task("last", &["one", "two"]);
    fusion.tasks().submit_all(vec![last, task("two", &["one"]), task("one", &[])]).await.unwrap();
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    fusion.tasks().wait("last").await.unwrap();
    let order: Vec<String> = seen.lock().unwrap().iter().map(|one| one[2..].to_owned()).collect();
    assert_eq!(order, ["wait one", "wait two", "wait last"]);
    let late = fusion.tasks().submit(task("late", &["one"])).await.unwrap();
    assert_eq!(late.waits_for, Vec::<String>::new());
    let error = fusion.tasks().submit(task("x", &["tow"])).await.unwrap_err();
    assert_eq!(
        (error.code(), error.hint_text()),
        (Code::UnknownReference, Some("did you mean `two`?"))
    );
}

async fn tasks_that_need_one_another_in_a_circle_are_refused(fusion: Fusion) {
    let task = |id: &str, need: &str| TaskSpec {
        id: Some(id.to_owned()),
        needs: vec![need.to_owned()],
        ..asked("x")
    };
    let both = vec![task("one", "two"), task("two", "one")];
    assert_eq!(fusion.tasks().submit_all(both).await.unwrap_err().code(), Code::Cycle);
    assert!(fusion.tasks().submit(task("own", "own")).await.is_err());
}

async fn nobody_who_can_do_it_is_waited_for(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = TaskSpec { capabilities: vec!["flying".to_owned()], ..asked("fly") };
    let task = fusion.tasks().submit(task).await.unwrap();
    let waits = until(&fusion, &task.id, |row| !row.reason.is_empty()).await;
    assert_eq!(waits.reason, "waits for an agent that can do `flying`: there is none");
    fusion.agent(Doer("bird", seen.clone()));
    let card = Card::new("bird").capability("flying", 1.0);
    let spec = AgentSpec { card: Some(card), ..AgentSpec::new("bird") };
    fusion.agents().spawn(spec).await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!(done.agent.as_deref(), Some("bird"));
    let error = fusion.agents().get("brid").await.unwrap_err();
    assert_eq!(error.hint_text(), Some("did you mean `bird`?"));
}

async fn the_same_id_is_the_same_task(fusion: Fusion) {
    let task = TaskSpec { id: Some("mine".to_owned()), ..asked("x") };
    let first = fusion.tasks().submit(task.clone()).await.unwrap();
    assert_eq!(fusion.tasks().submit(task.clone()).await.unwrap(), first);
    let other = TaskSpec { title: "y".to_owned(), ..task };
    assert_eq!(fusion.tasks().submit(other).await.unwrap_err().code(), Code::IdConflict);
    let named = |id: &str| TaskSpec { id: Some(id.to_owned()), ..asked("x") };
    for id in ["", "a/b", "a b", "é", &"x".repeat(200)] {
        assert_eq!(fusion.tasks().submit(named(id)).await.unwrap_err().code(), Code::InvalidId);
    }
    assert!(fusion.tasks().submit(asked(" ")).await.is_err());
    assert!(
        fusion.tasks().submit(TaskSpec { priority: i32::MIN + 1, ..asked("x") }).await.is_err()
    );
}

async fn higher_priority_comes_first(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    for (title, priority) in [("low", -1), ("one", 0), ("two", 0), ("high", 9)] {
        fusion.tasks().submit(TaskSpec { priority, ..asked(title) }).await.unwrap();
        crate::pause(2).await;
    }
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    while seen.lock().unwrap().len() < 4 {
        crate::pause(5).await;
    }
    assert_eq!(*seen.lock().unwrap(), ["a:high", "a:one", "a:two", "a:low"]);
}

async fn resources_are_never_promised_twice(fusion: Fusion) {
    fusion
        .agents()
        .spawn(AgentSpec { instances: 4, agent: "a".into(), ..equal("a") })
        .await
        .unwrap();
    let seen = Seen::default();
    fusion.agent(Doer("a", seen.clone()));
    let have = Resources { cpu: 2.0, memory_mb: 0 };
    let part =
        fusion.delegate(Delegating { resources: have, ..Delegating::default() }).await.unwrap();
    let needs = Resources { cpu: 1.0, memory_mb: 0 };
    let task = TaskSpec { resource_requirements: needs, ..asked("wait") };
    let tasks = fusion.tasks().submit_all(vec![task; 4]).await.unwrap();
    let mut most = 0;
    while fusion.tasks().list(Some(TaskState::Completed)).await.unwrap().len() < 4 {
        most = most.max(fusion.tasks().list(Some(TaskState::Running)).await.unwrap().len());
        crate::pause(5).await;
    }
    assert!((1..=2).contains(&most), "{most} at once");
    assert_eq!(tasks.len(), 4);
    drop(part);
}

async fn an_idle_agent_takes_over_what_waits_for_an_equal_one(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let tasks = fusion.tasks().submit_all(vec![asked("wait"); 6]).await.unwrap();
    until(&fusion, &tasks[5].id, |row| row.state != TaskState::Queued).await;
    fusion.agent(Doer("b", seen.clone()));
    fusion.agents().spawn(equal("b")).await.unwrap();
    for task in &tasks {
        fusion.tasks().wait(&task.id).await.unwrap();
    }
    let by_b = seen.lock().unwrap().iter().filter(|one| one.starts_with("b:")).count();
    assert!(by_b >= 2, "b did {by_b}");
    assert_eq!(seen.lock().unwrap().len(), 6);
}

async fn a_task_may_be_pinned_and_may_wait_for_its_time(fusion: Fusion) {
    let seen = team(&fusion, &["a", "b"]).await;
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = TaskSpec { agent: Some("b".to_owned()), ..asked("pinned") };
    let task = fusion.tasks().submit(task).await.unwrap();
    assert_eq!(fusion.tasks().wait(&task.id).await.unwrap().agent.as_deref(), Some("b"));
    let due = fusion.now_ms() + 150;
    let task =
        fusion.tasks().submit(TaskSpec { not_before: Some(due), ..asked("later") }).await.unwrap();
    crate::pause(60).await;
    assert_eq!(seen.lock().unwrap().len(), 1);
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert!(done.since >= due);
}

async fn a_terminated_agent_may_be_spawned_again(fusion: Fusion) {
    team(&fusion, &["a"]).await;
    let agents = fusion.agents();
    assert_eq!(agents.spawn(equal("a")).await.unwrap().len(), 1, "it is there already");
    let other = AgentSpec { slots: 3, ..equal("a") };
    assert_eq!(agents.spawn(other.clone()).await.unwrap_err().code(), Code::Duplicate);
    agents.terminate("a", "tester").await.unwrap();
    let new = agents.spawn(other).await.unwrap();
    assert_eq!((new[0].state, new[0].spec.slots), (AgentState::Idle, 3));
    assert!(agents.past("a", 0, 100).await.unwrap().len() >= 5, "its history stays");
    for name in ["", "a/b", "a b"] {
        assert_eq!(agents.spawn(AgentSpec::new(name)).await.unwrap_err().code(), Code::InvalidId);
    }
}

/// Two processes take part in one store: each task is begun once, and both work.
#[tokio::test]
async fn two_engines_on_one_file_share_the_tasks() {
    let (fusion, folder) = crate::on_disk().await;
    let path = folder.path().join("fusion.db");
    let other = Fusion::open(path.to_str().unwrap()).await.unwrap();
    let seen = Seen::default();
    let names = ["a", "b", "c", "d"];
    for name in names {
        for engine in [&fusion, &other] {
            engine.agent(Doer(name, seen.clone()));
        }
        fusion.agents().spawn(equal(name)).await.unwrap();
    }
    let few = Delegating { concurrency: 2, ..Delegating::default() };
    let _here = fusion.delegate(few.clone()).await.unwrap();
    let _there = other.delegate(few).await.unwrap();
    let tasks = (0..40).map(|n| asked(&format!("x {n}"))).collect();
    let tasks = fusion.tasks().submit_all(tasks).await.unwrap();
    for task in &tasks {
        assert_eq!(fusion.tasks().wait(&task.id).await.unwrap().begun, 1);
    }
    assert_eq!(seen.lock().unwrap().len(), 40);
}

async fn what_is_over_is_forgotten_and_nothing_else(fusion: Fusion) {
    let seen = team(&fusion, &["a"]).await;
    fusion.agents().spawn(AgentSpec::new("b")).await.unwrap();
    fusion.agents().terminate("b", "me").await.unwrap();
    let tasks = fusion.tasks();
    let named = |id: &str, needs: &[&str]| TaskSpec {
        id: Some(id.into()),
        needs: needs.iter().map(|&need| need.to_owned()).collect(),
        ..asked("do it")
    };
    tasks.submit(named("done", &[])).await.unwrap();
    tasks.submit(named("needed", &[])).await.unwrap();
    tasks.submit(named("waits", &["needed"])).await.unwrap();
    tasks.cancel("needed", "me", "").await.unwrap();
    let part = fusion.delegate(Delegating::default()).await.unwrap();
    tasks.wait("done").await.unwrap();
    // Its entry goes a moment later: only then nobody who waited could overlook its end.
    let now = fusion.now_ms() + 1;
    let mut old = tasks.prune(now, true).await.unwrap();
    while old.is_empty() {
        crate::pause(10).await;
        old = tasks.prune(now, true).await.unwrap();
    }
    assert_eq!(old, ["done"], "one that is waited for stays");
    assert!(tasks.prune(now - 1_000_000, false).await.unwrap().is_empty(), "it is too young");
    assert_eq!(tasks.prune(now, false).await.unwrap(), ["done"]);
    assert_eq!(tasks.get("done").await.unwrap_err().code(), Code::UnknownReference);
    assert!(tasks.past("done", 0, 10).await.unwrap().is_empty());
    assert_eq!(tasks.list(None).await.unwrap().len(), 2);
    assert_eq!(fusion.agents().prune(now, false).await.unwrap(), ["b"]);
    assert_eq!(fusion.agents().list(None).await.unwrap().len(), 1);
    // Its id is free, for other work too.
    let other = TaskSpec { prompt: "do something else".into(), ..named("done", &[]) };
    tasks.submit(other).await.unwrap();
    let again = tasks.wait("done").await.unwrap();
    assert_eq!(again.state, TaskState::Completed);
    assert_eq!(again.run.unwrap().as_str(), "task-done.2", "the run of the first one stays");
    assert_eq!(seen.lock().unwrap().len(), 2, "it was done anew");
    drop(part);
    fusion.close().await.unwrap();
}
