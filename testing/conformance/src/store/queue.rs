//! Entries come in their order, once, when they are due.

use std::sync::Arc;

use fusion_core::error::{Code, Result};
use fusion_core::model::{Enqueue, Op, Release};
use futures_util::future::try_join;

use super::words::{
    NOW, Sut, at, batch, claim, enqueue, entry, first, keys, names, refused, session, take,
};

pub(super) async fn a_dedup_key_is_unique_in_the_store(store: &Sut) -> Result<()> {
    let one = store.commit(batch([enqueue("q", "k"), enqueue("q", "k"), enqueue("q", "")])).await?;
    let two = store.commit(batch([enqueue("other", "k"), enqueue("q", "")])).await?;
    let ids: Vec<u64> = one.entries.iter().chain(&two.entries).map(|ticket| ticket.entry).collect();
    let found_id = store.entry("k").await?.map_or(0, |entry| entry.id);
    let known: Vec<bool> = ids.iter().map(|id| *id == found_id).collect();
    assert_eq!(known, [true, true, false, true, false], "the same key, the same entry: {ids:?}");
    assert_ne!(ids.get(2), ids.get(4), "no key, an entry each");
    assert_eq!(store.entries("other", 0, 10).await?.len(), 0);
    let found = store.entry("k").await?;
    assert_eq!(
        found.map(|entry| (entry.id, entry.queue.to_string())),
        Some((found_id, "q".to_owned()))
    );
    assert_eq!(store.entry("nobody").await?, None);
    Ok(())
}

pub(super) async fn claims_follow_priority_due_and_age(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    for (queue, key, priority, due) in [
        ("a", "late", 0, NOW - 1),
        ("a", "early", 0, NOW - 5),
        ("b", "high", 7, NOW),
        ("a", "low", -3, NOW - 100),
        ("b", "as late", 0, NOW - 1),
        ("a", "too soon", 9, NOW + 1),
        ("c", "of others", 9, NOW - 1),
    ] {
        let new = Enqueue { priority, due, ..entry(queue, key) };
        store.commit(batch([Op::Enqueue(new)])).await?;
    }
    let receipt = store.commit(batch([claim(&["b", "a", "b"], 10, me)])).await?;
    assert_eq!(names(&receipt.claimed), ["high", "early", "late", "as late", "low"]);
    assert!(receipt.claimed.iter().all(|entry| entry.session == Some(me) && entry.attempts == 1));
    let again = store.commit(batch([claim(&["a", "b"], 10, me)])).await?;
    assert!(again.claimed.is_empty());
    Ok(())
}

pub(super) async fn claims_have_limits(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let ops: Vec<Op> = (0..20).map(|n| enqueue("q", &format!("{n:02}"))).collect();
    store.commit(batch(ops)).await?;
    let none = store.commit(batch([claim(&["q"], 0, me), claim(&[], 5, me)])).await?;
    assert!(none.claimed.is_empty());
    let some = store.commit(batch([claim(&["q"], 3, me)])).await?;
    assert_eq!(names(&some.claimed), ["00", "01", "02"]);
    let rest = store.commit(batch([claim(&["q"], usize::MAX, me)])).await?;
    assert_eq!(rest.claimed.len(), 17);
    Ok(())
}

pub(super) async fn entries_wait_until_due(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let new = Enqueue { due: NOW + 500, ..entry("q", "timer") };
    store.commit(batch([Op::Enqueue(new)])).await?;
    for (now, count) in [(NOW, 0), (NOW + 499, 0), (NOW + 500, 1), (NOW + 501, 0)] {
        let receipt = store.commit(at(now, [claim(&["q"], 5, me)])).await?;
        assert_eq!(receipt.claimed.len(), count, "{now}");
    }
    Ok(())
}

pub(super) async fn lists_follow_the_claims(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    for (key, priority, due) in
        [("held", 99, NOW), ("b", 0, NOW - 1), ("z", 50, NOW + 9), ("a", 1, NOW), ("y", 0, NOW + 5)]
    {
        let new = Enqueue { priority, due, body: key.to_owned().into(), ..entry("q", key) };
        store.commit(batch([Op::Enqueue(new)])).await?;
    }
    take(store, "q", me).await?;
    assert_eq!(keys(store, "q").await?, ["a", "b", "y", "z", "held"]);
    assert_eq!(names(&store.entries("q", 0, 3).await?), ["a", "b", "y"]);
    let by_id = store.entries("q", 1, 3).await?;
    assert!(
        by_id.iter().all(|entry| entry.dedup.as_deref().map(str::as_bytes) == Some(&entry.body))
    );
    assert_eq!(names(&by_id), ["b", "z", "a"]);
    let after = by_id.last().map_or(0, |entry| entry.id);
    assert_eq!(names(&store.entries("q", after, 3).await?), ["y"]);
    Ok(())
}

pub(super) async fn an_entry_that_moves_is_always_listed(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    store.commit(batch([enqueue("q", "a")])).await?;
    let mover = async {
        for _ in 0..600 {
            let held = take(store, "q", me).await?;
            let release = Release { ticket: held.ticket(), due: NOW, queue: None };
            store.commit(batch([Op::Release(release)])).await?;
        }
        Ok(())
    };
    let reader = async {
        for _ in 0..1200 {
            assert_eq!(store.entries("q", 0, 9).await?.len(), 1);
        }
        Ok(())
    };
    try_join(mover, reader).await.map(|_| ())
}

pub(super) async fn a_full_queue_refuses(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let limited = |key| Op::Enqueue(Enqueue { limit: Some(3), ..entry("q", key) });
    let later = Enqueue { due: NOW + 99, ..entry("q", "later") };
    store.commit(batch([limited("a"), Op::Enqueue(later)])).await?;
    take(store, "q", me).await?;
    store.commit(batch([limited("b")])).await?;
    refused(store, [limited("c")], Code::Limit).await;
    store.commit(batch([limited("b"), enqueue("q", "no limit of its own")])).await?;
    assert_eq!(store.entries("q", 0, 10).await?.len(), 4);
    Ok(())
}

pub(super) async fn a_purged_queue_is_empty(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let later = Enqueue { due: NOW + 99, ..entry("q", "later") };
    store.commit(batch([enqueue("q", "a"), enqueue("q", "b"), Op::Enqueue(later)])).await?;
    store.commit(batch([enqueue("other", "c")])).await?;
    let held = take(store, "q", me).await?;
    store.commit(batch([Op::Purge("q".into()), Op::Purge("never was".into())])).await?;
    assert!(store.entries("q", 0, 10).await?.is_empty());
    assert_eq!(store.entry("a").await?, None);
    assert_eq!(keys(store, "other").await?, ["c"]);
    refused(store, [Op::Complete(held.ticket())], Code::Fenced).await;
    let anew = store.commit(batch([enqueue("q", "a")])).await?;
    assert!(first(&anew).entry > held.id, "ids are never given twice");
    Ok(())
}

pub(super) async fn what_ends_when_a_queue_is_empty_waits_for_that(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let later = Enqueue { due: NOW + 99, ..entry("q", "later") };
    store
        .commit(batch([enqueue("q", "a"), Op::Enqueue(later), Op::Vacant("other".into())]))
        .await?;
    refused(store, [enqueue("other", "b"), Op::Vacant("q".into())], Code::Conflict).await;
    let held = take(store, "q", me).await?;
    refused(store, [Op::Vacant("q".into())], Code::Conflict).await;
    let waits =
        first(&store.commit(batch([Op::Complete(held.ticket()), enqueue("q", "later")])).await?);
    refused(store, [Op::Vacant("q".into())], Code::Conflict).await;
    store.commit(batch([Op::Complete(waits), Op::Vacant("q".into())])).await?;
    refused(
        store,
        [Op::Vacant("q".into()), enqueue("q", "c"), Op::Vacant("q".into())],
        Code::Conflict,
    )
    .await;
    assert!(store.entries("other", 0, 10).await?.is_empty());
    assert!(store.entries("q", 0, 10).await?.is_empty());
    Ok(())
}

pub(super) async fn a_buried_entry_is_gone(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    store.commit(batch([enqueue("q", "a")])).await?;
    let held = take(store, "q", me).await?;
    store.commit(batch([Op::Bury(held.ticket(), "it kills workers".to_owned())])).await?;
    assert_eq!(store.entry("a").await?, None);
    refused(store, [Op::Bury(held.ticket(), "again".to_owned())], Code::Fenced).await;
    let status = store.status(false).await?;
    let dead = status.facts.iter().find(|(name, _)| name == "dead");
    assert_eq!(dead.map(|(_, count)| count.as_str()), Some("1"));
    Ok(())
}

pub(super) async fn the_first_due_time_is_known(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let queues = [Arc::from("a"), Arc::from("b")];
    assert_eq!(store.next_due(&queues).await?, None);
    for (queue, due) in [("a", NOW + 70), ("b", NOW + 50), ("c", NOW + 10)] {
        store.commit(batch([Op::Enqueue(Enqueue { due, ..entry(queue, "") })])).await?;
    }
    assert_eq!(store.next_due(&queues).await?, Some(NOW + 50));
    store.commit(at(NOW + 60, [claim(&["b"], 1, me)])).await?;
    assert_eq!(store.next_due(&queues).await?, Some(NOW + 70));
    assert_eq!(store.next_due(&[]).await?, None);
    Ok(())
}

/// A run's entry is called as its stream is: that name is a key like any other.
pub(super) async fn a_dedup_key_may_be_the_name_of_a_stream(store: &Sut) -> Result<()> {
    let own = || Op::Enqueue(Enqueue { stream: Some("run/x".into()), ..entry("q", "run/x") });
    let other = || Op::Enqueue(Enqueue { stream: Some("run/y".into()), ..entry("q", "run/x") });
    let bare = || enqueue("q", "run/x");
    for (one, others) in [(own(), [other(), bare()]), (other(), [own(), bare()])] {
        let ticket = first(&store.commit(batch([one])).await?);
        let again = store.commit(batch(others)).await?.entries;
        assert_eq!(again, [ticket; 2], "there is one with this key");
        let found = store.entry("run/x").await?.map(|found| (found.id, found.dedup));
        assert_eq!(found, Some((ticket.entry, Some("run/x".into()))));
        assert_eq!(store.entry("run/y").await?, None, "a stream's name is no key by itself");
        let wake = Some(("run/x".into(), "woken".into()));
        store.commit(batch([Op::Enqueue(Enqueue { wake, ..entry("inbox", "") })])).await?;
        assert_eq!(store.entries("woken", 0, 10).await?.len(), 1);
        store.commit(batch([Op::Complete(ticket)])).await?;
        assert_eq!(store.entry("run/x").await?, None);
    }
    // The stream goes and its number may be given to another one.
    store.commit(batch([Op::Drop("run/y".into()), Op::Drop("run/x".into())])).await?;
    let new = Enqueue { stream: Some("run/z".into()), ..entry("q", "run/z") };
    store.commit(batch([Op::Enqueue(new), bare()])).await?;
    let found = store.entry("run/x").await?.map(|found| found.stream);
    assert_eq!(
        (found, keys(store, "q").await?),
        (Some(None), vec!["run/z".into(), "run/x".into()])
    );
    Ok(())
}

pub(super) async fn never_is_after_every_time(store: &Sut) -> Result<()> {
    let due = |due, key| Op::Enqueue(Enqueue { due, ..entry("q", key) });
    store.commit(batch([due(i64::MAX, "never"), due(i64::MAX - 1, "nearly never")])).await?;
    assert_eq!(store.next_due(&["q".into()]).await?, Some(i64::MAX - 1));
    assert_eq!(keys(store, "q").await?, ["nearly never", "never"]);
    assert_eq!(store.entry("never").await?.map(|entry| entry.due), Some(i64::MAX));
    let me = session(store, 1).await?;
    let late = store.commit(at(i64::MAX - 1, [claim(&["q"], 9, me)])).await?;
    assert_eq!(names(&late.claimed), ["nearly never"]);
    assert_eq!(store.next_due(&["q".into()]).await?, Some(i64::MAX));
    Ok(())
}
