//! Durable objects: one at a time, whatever happens to their processes.

use std::sync::{Arc, Mutex};

use fusion_core::Fusion;
use fusion_core::contract::BoxFuture;
use fusion_core::error::Code;
use fusion_core::model::Failure;
use fusion_core::object::{Looked, Object, Reaction, Turn};
use serde_json::{Value, json};

crate::on_every_store! {
    hooks_come_in_order,
    a_closing_engine_lets_its_objects_go,
    many_callers_count_right,
    an_idle_object_leaves_and_comes_back,
    a_stale_place_is_refused,
    the_past_can_be_read,
    a_snapshot_changes_nothing,
    a_failure_writes_nothing,
    timers_wake_sleepers,
    what_wakes_one_that_falls_asleep_is_not_lost,
    what_is_told_is_done_once,
    old_states_are_raised,
    newer_objects_are_parked,
}

type Log = Arc<Mutex<Vec<String>>>;

/// A counter of a version of its code.
#[derive(Debug, Clone, Default)]
struct Counter {
    version: u32,
    log: Log,
}

impl Counter {
    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    fn noted(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Object for Counter {
    fn kind(&self) -> &'static str {
        "counter"
    }

    fn version(&self) -> u32 {
        self.version.max(1)
    }

    fn initialize(&self, id: &str) -> Value {
        self.note(format!("initialize {id}"));
        if self.version() > 1 { json!({"sum": 0}) } else { json!(0) }
    }

    fn activate(&self, object: Looked<'_>) -> Result<(), Failure> {
        self.note(format!("activate {} at {}", object.id, object.seq));
        Ok(())
    }

    fn deactivate(&self, object: Looked<'_>) {
        self.note(format!("deactivate {} at {}: {}", object.id, object.seq, object.state));
    }

    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
        self.note(format!("handle {}", turn.name));
        let state = turn.state.get("sum").unwrap_or(&turn.state).as_i64().unwrap_or(0);
        Box::pin(async move {
            let by = turn.content.as_i64().unwrap_or(0);
            match &*turn.name {
                "add" | "late" => {
                    let added = Reaction::none().event("added", json!({"by": by}));
                    Ok(added.reply(json!(state + by)))
                }
                "in" => Ok(Reaction::none().timer("late", turn.now + by, json!(100))),
                "panic" => panic!("on purpose"),
                "get" => Ok(Reaction::none().reply(json!(state))),
                other => Err(Failure::error(format!("`{other}` is nothing that a counter does"))),
            }
        })
    }

    fn apply(&self, state: &mut Value, event: &str, data: &Value) -> Result<(), Failure> {
        assert_eq!(event, "added");
        let name = if self.version() > 1 { "plus" } else { "by" };
        let Some(by) = data.get(name).or_else(|| data.get("by")).and_then(Value::as_i64) else {
            return Err(Failure::error("an addition of nothing"));
        };
        let place = if self.version() > 1 { &mut state["sum"] } else { state };
        *place = json!(place.as_i64().unwrap_or(0) + by);
        Ok(())
    }

    fn upcast(&self, from: u32, state: Value) -> Result<Value, Failure> {
        match from {
            1 => Ok(json!({"sum": state})),
            2 => Ok(state),
            _ => Err(Failure::error("unknown")),
        }
    }

    fn upcast_event(&self, from: u32, event: (String, Value)) -> Result<(String, Value), Failure> {
        Ok(if from == 1 { (event.0, json!({"plus": event.1["by"]})) } else { event })
    }
}

async fn registered(fusion: &Fusion, version: u32) -> Counter {
    let counter = Counter { version, log: Log::default() };
    fusion.objects().register(counter.clone()).await.unwrap();
    counter
}

async fn gone(fusion: &Fusion) {
    while fusion.objects().active() > 0 {
        crate::pause(5).await;
    }
}

async fn hooks_come_in_order(fusion: Fusion) {
    let counter = registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(50);
    let one = fusion.objects().get("counter", "a").unwrap();
    assert_eq!(one.call::<_, i64>("add", &2).await.unwrap(), 2);
    gone(&fusion).await;
    let noted = counter.noted();
    let words: Vec<&str> = noted.iter().map(String::as_str).collect();
    assert_eq!(words.first(), Some(&"initialize a"));
    let rest: Vec<&&str> = words.iter().filter(|one| !one.starts_with("initialize")).collect();
    assert_eq!(rest, [&"activate a at 0", &"handle add", &"deactivate a at 2: 2"]);
}

async fn a_closing_engine_lets_its_objects_go(fusion: Fusion) {
    let counter = registered(&fusion, 1).await;
    for id in ["a", "b", "c"] {
        let one = fusion.objects().get("counter", id).unwrap();
        one.call::<_, i64>("add", &1).await.unwrap();
    }
    fusion.close().await.unwrap();
    let mut gone = counter.noted();
    gone.retain(|one| one.starts_with("deactivate"));
    gone.sort();
    let told = ["a", "b", "c"].map(|id| format!("deactivate {id} at 2: 1"));
    assert_eq!(gone, told);
}

async fn many_callers_count_right(fusion: Fusion) {
    const EACH: i64 = 100;
    registered(&fusion, 1).await;
    let calls = (0..64).map(|_| {
        let one = fusion.objects().get("counter", "a").unwrap();
        async move {
            for _ in 0..EACH {
                one.call::<_, i64>("add", &1).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(calls).await;
    let one = fusion.objects().get("counter", "a").unwrap();
    assert_eq!(one.state().await.unwrap(), (json!(64 * EACH), 64 * EACH as u64 + 1));
}

async fn an_idle_object_leaves_and_comes_back(fusion: Fusion) {
    registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(20);
    let one = fusion.objects().get("counter", "a").unwrap();
    for n in 1..4 {
        assert_eq!(one.call::<_, i64>("add", &1).await.unwrap(), n);
        gone(&fusion).await;
    }
    let (ids, next) = fusion.objects().list("counter", None, 10).await.unwrap();
    assert_eq!((ids, next), (vec!["a".into()], None));
}

async fn a_stale_place_is_refused(fusion: Fusion) {
    registered(&fusion, 1).await;
    let one = fusion.objects().get("counter", "a").unwrap();
    let (_, place) = one.ask(("add", Some(0)), &1, 5_000).await.unwrap();
    assert_eq!(place, 2);
    let stale = one.ask(("add", Some(1)), &1, 5_000).await.unwrap_err();
    assert_eq!(stale.code(), Code::Conflict);
    assert!(stale.message().contains("event 2, not at 1"), "{stale}");
}

async fn the_past_can_be_read(fusion: Fusion) {
    registered(&fusion, 1).await;
    let one = fusion.objects().get("counter", "a").unwrap();
    for n in 1..=5 {
        one.call::<_, i64>("add", &n).await.unwrap();
    }
    assert_eq!(one.state_at(4).await.unwrap(), json!(1 + 2 + 3));
    let past = one.history(2, 2).await.unwrap();
    let told: Vec<(u64, &str, i64)> =
        past.iter().map(|one| (one.seq, &*one.name, one.data["by"].as_i64().unwrap())).collect();
    assert_eq!(told, [(3, "added", 2), (4, "added", 3)]);
}

async fn a_snapshot_changes_nothing(fusion: Fusion) {
    registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(20);
    let one = fusion.objects().get("counter", "a").unwrap();
    let mut sum = 0;
    for (round, count) in [(1, 3), (2, 40), (3, 300), (4, 1)] {
        let calls = (0..count).map(|n| one.tell("add", if n % 2 == 0 { &3 } else { &5 }));
        futures_util::future::join_all(calls).await;
        sum += (0..count).map(|n| if n % 2 == 0 { 3 } else { 5 }).sum::<i64>();
        while one.state().await.unwrap().0 != json!(sum) {
            crate::pause(5).await;
        }
        gone(&fusion).await;
        let (state, seq) = one.state().await.unwrap();
        assert_eq!(one.state_at(seq).await.unwrap(), state, "round {round}");
    }
}

async fn a_failure_writes_nothing(fusion: Fusion) {
    registered(&fusion, 1).await;
    let one = fusion.objects().get("counter", "a").unwrap();
    one.call::<_, i64>("add", &1).await.unwrap();
    for what in ["sing", "panic"] {
        let failed = one.call::<_, Value>(what, &1).await.unwrap_err();
        assert_eq!(failed.code(), Code::ObjectFailed, "{what}: {failed}");
    }
    assert_eq!(one.state().await.unwrap(), (json!(1), 2));
    one.tell("sing", &1).await.unwrap();
    while one.state().await.unwrap().1 < 3 {
        crate::pause(5).await;
    }
    assert_eq!(one.history(2, 9).await.unwrap()[0].name, "object.failed");
    assert_eq!(one.call::<_, i64>("add", &1).await.unwrap(), 2);
}

async fn timers_wake_sleepers(fusion: Fusion) {
    let counter = registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(20);
    let one = fusion.objects().get("counter", "a").unwrap();
    one.call::<_, Value>("in", &250).await.unwrap();
    gone(&fusion).await;
    assert_eq!(one.state().await.unwrap().0, json!(0));
    while one.state().await.unwrap().0 != json!(100) {
        crate::pause(10).await;
    }
    gone(&fusion).await;
    let late = counter.noted().iter().filter(|one| *one == "handle late").count();
    assert_eq!(late, 1, "once");
}

async fn what_wakes_one_that_falls_asleep_is_not_lost(fusion: Fusion) {
    registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(0);
    let one = fusion.objects().get("counter", "a").unwrap();
    for n in 1..=400 {
        one.tell("add", &1).await.unwrap();
        // Sometimes it is told more before it slept, sometimes while it falls asleep.
        if n % 3 == 0 {
            crate::pause(1).await;
        }
    }
    for _ in 0..4_000 {
        if one.state().await.unwrap().0 == json!(400) {
            return;
        }
        crate::pause(5).await;
    }
    panic!("a message was left lying: {:?}", one.state().await);
}

async fn what_is_told_is_done_once(fusion: Fusion) {
    registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(1);
    let one = fusion.objects().get("counter", "a").unwrap();
    let other = fusion.objects().get("counter", "b").unwrap();
    for _ in 0..100 {
        one.tell("add", &1).await.unwrap();
        other.call::<_, i64>("add", &1).await.unwrap();
    }
    while one.state().await.unwrap().0 != json!(100) {
        crate::pause(5).await;
    }
    gone(&fusion).await;
    assert_eq!(one.state().await.unwrap(), (json!(100), 101));
    assert_eq!(other.state().await.unwrap(), (json!(100), 101));
}

async fn old_states_are_raised(fusion: Fusion) {
    registered(&fusion, 1).await;
    fusion.objects().set_idle_ms(10);
    let one = fusion.objects().get("counter", "a").unwrap();
    for _ in 0..3 {
        one.call::<_, i64>("add", &2).await.unwrap();
    }
    gone(&fusion).await;
    registered(&fusion, 3).await;
    assert_eq!(one.state().await.unwrap().0, json!({"sum": 6}));
    assert_eq!(one.call::<_, i64>("add", &2).await.unwrap(), 8);
    gone(&fusion).await;
    assert_eq!(one.state().await.unwrap().0, json!({"sum": 8}));
    let past = one.history(0, 99).await.unwrap();
    assert!(past.iter().any(|one| one.name == "object.upgraded"), "{past:?}");
}

async fn newer_objects_are_parked(fusion: Fusion) {
    registered(&fusion, 2).await;
    fusion.objects().set_idle_ms(10);
    let one = fusion.objects().get("counter", "a").unwrap();
    one.call::<_, i64>("add", &2).await.unwrap();
    gone(&fusion).await;
    registered(&fusion, 1).await;
    let parked = one.call::<_, i64>("add", &2).await.unwrap_err();
    assert_eq!(parked.code(), Code::ObjectParked, "{parked}");
    one.tell("add", &3).await.unwrap();
    crate::pause(50).await;
    registered(&fusion, 2).await;
    while one.state().await.unwrap().0 != json!({"sum": 5}) {
        crate::pause(5).await;
    }
}

/// Two engines on one file, as two processes are: both call the same object, and nothing is lost or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_share_an_object() {
    const EACH: i64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fusion.db");
    let mut all = Vec::new();
    for _ in 0..2 {
        let fusion = Fusion::open(path.to_str().unwrap()).await.unwrap();
        registered(&fusion, 1).await;
        fusion.objects().set_idle_ms(3);
        all.push(fusion);
    }
    let calls = (0_i64..).zip(&all).map(|(at, fusion)| async move {
        let one = fusion.objects().get("counter", "shared").unwrap();
        for n in 0..EACH {
            one.call::<_, i64>("add", &1).await.unwrap();
            if n % 8 == at {
                crate::pause(6).await;
            }
        }
    });
    futures_util::future::join_all(calls).await;
    let one = all[0].objects().get("counter", "shared").unwrap();
    assert_eq!(one.state().await.unwrap(), (json!(2 * EACH), 2 * EACH as u64 + 1));
}
