//! What is asked for, and where tasks stand.

use super::*;
use crate::model::Digest;

#[test]
fn the_pauses_are_five_fifteen_and_thirty_seconds() {
    let policy = RetryPolicy::default();
    let pauses: Vec<u64> =
        (1..policy.backoff.attempts).map(|n| policy.backoff.pause_ms(n, Digest::of(b""))).collect();
    assert_eq!(pauses, [5_000, 15_000, 30_000]);
}

#[test]
fn what_is_completed_stays_so_and_everything_else_can_be_cancelled() {
    for state in TaskState::ALL {
        assert!(!TaskState::Completed.may_become(state));
        let open = !matches!(state, TaskState::Completed | TaskState::Cancelled | TaskState::Dead);
        assert_eq!(state.may_become(TaskState::Cancelled), open, "{state}");
        assert_eq!(state.may_become(TaskState::Completed), state == TaskState::Running, "{state}");
    }
}

#[test]
fn the_schema_of_tasks_reads_and_writes_the_same() {
    let text = r#"{
        "title": "Write the guide", "kind": "documentation", "priority": 2,
        "resource_requirements": {"cpu": 0.5, "memory_mb": 100}, "tags": ["docs"], "related_tasks": ["t2"],
        "expected_artifacts": ["guide.md"], "retry_policy": {"attempts": 2, "per_agent": 1}
    }"#;
    let task: TaskSpec = serde_json::from_str(text).unwrap();
    assert_eq!((task.retry_policy.backoff.attempts, task.retry_policy.per_agent), (2, 1));
    let again: TaskSpec = serde_json::from_str(&serde_json::to_string(&task).unwrap()).unwrap();
    assert_eq!(again, task);
    let wrong = serde_json::from_str::<TaskSpec>(r#"{"titel": "x"}"#).unwrap_err();
    assert!(wrong.to_string().contains("titel"));
}
