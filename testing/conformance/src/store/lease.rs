//! Who holds an entry may write, and nobody else.

use fusion_core::error::{Code, Result};
use fusion_core::model::{Enqueue, Op, Release, SessionId};

use super::words::{
    NOW, Sut, all, append, at, batch, beat, claim, enqueue, entry, first, keys, records, refused,
    session, take,
};

fn run(key: &str) -> Enqueue {
    Enqueue { stream: Some("s".into()), ..entry("runs", key) }
}

fn release(entry: &fusion_core::model::Entry, due: i64, queue: Option<&str>) -> Op {
    Op::Release(Release { ticket: entry.ticket(), due, queue: queue.map(Into::into) })
}

fn message(to: &str) -> Op {
    let wake = Some((to.into(), "runs".into()));
    Op::Enqueue(Enqueue { wake, ..entry("inbox", "") })
}

pub(super) async fn a_claim_fences_the_old_owner(store: &Sut) -> Result<()> {
    let (a, b) = (session(store, 1).await?, session(store, 2).await?);
    store.commit(batch([append("s", 0, 0, records(1, 1)), Op::Enqueue(run("r"))])).await?;
    let old = take(store, "runs", a).await?;
    assert_eq!(store.head("s").await?.map(|head| head.epoch), Some(old.epoch));
    store.commit(batch([append("s", 1, old.epoch, records(2, 1))])).await?;
    store.commit(batch([release(&old, NOW, None)])).await?;
    let new = take(store, "runs", b).await?;
    assert!(new.epoch > old.epoch && new.attempts == 2);
    refused(store, [append("s", 2, old.epoch, records(9, 1))], Code::Fenced).await;
    refused(store, [Op::Complete(old.ticket())], Code::Fenced).await;
    refused(store, [release(&old, NOW, None)], Code::Fenced).await;
    store
        .commit(batch([append("s", 2, new.epoch, records(3, 1)), Op::Complete(new.ticket())]))
        .await?;
    assert_eq!(all(store, "s").await?, records(1, 3));
    // A new entry for an old stream goes on with its epochs.
    store.commit(batch([Op::Enqueue(run("again"))])).await?;
    let third = take(store, "runs", a).await?;
    assert!(third.epoch > new.epoch);
    Ok(())
}

pub(super) async fn a_release_gives_back(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    store.commit(batch([enqueue("q", "k")])).await?;
    let held = take(store, "q", me).await?;
    store.commit(batch([release(&held, NOW + 50, Some("parked"))])).await?;
    refused(store, [release(&held, NOW, None)], Code::Fenced).await;
    assert!(keys(store, "q").await?.is_empty());
    assert!(store.commit(batch([claim(&["parked"], 1, me)])).await?.claimed.is_empty());
    let again = store.commit(at(NOW + 50, [claim(&["parked"], 1, me)])).await?;
    assert_eq!(
        again.claimed.first().map(|entry| (entry.id, entry.epoch, entry.attempts)),
        Some((held.id, 2, 2))
    );
    Ok(())
}

pub(super) async fn a_complete_entry_is_gone(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let added = store.commit(batch([enqueue("q", "free")])).await?;
    store.commit(batch([Op::Complete(first(&added))])).await?;
    assert_eq!(store.entry("free").await?, None, "nobody needs to hold it");
    store.commit(batch([enqueue("q", "k")])).await?;
    let held = take(store, "q", me).await?;
    store.commit(batch([Op::Complete(held.ticket())])).await?;
    refused(store, [Op::Complete(held.ticket())], Code::Fenced).await;
    assert_eq!(store.entry("k").await?, None);
    let anew = store.commit(batch([enqueue("q", "k")])).await?;
    assert!(first(&anew).entry > held.id, "ids are never given twice");
    Ok(())
}

pub(super) async fn a_wake_up_moves_the_sleeper(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    store.commit(batch([enqueue("runs", "r")])).await?;
    let held = take(store, "runs", me).await?;
    store.commit(batch([release(&held, i64::MAX, Some("waiting"))])).await?;
    assert!(store.commit(batch([claim(&["runs"], 1, me)])).await?.claimed.is_empty());
    store.commit(batch([message("r")])).await?;
    assert_eq!(take(store, "runs", me).await?.id, held.id);
    assert_eq!(keys(store, "inbox").await?.len(), 1);
    Ok(())
}

pub(super) async fn a_wake_up_of_a_held_entry_waits_for_the_release(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    store.commit(batch([enqueue("runs", "r")])).await?;
    let held = take(store, "runs", me).await?;
    store.commit(batch([message("r")])).await?;
    assert!(store.commit(batch([claim(&["runs"], 1, me)])).await?.claimed.is_empty());
    store.commit(batch([release(&held, i64::MAX, Some("waiting"))])).await?;
    let again = take(store, "runs", me).await?;
    assert_eq!(again.id, held.id);
    store.commit(batch([release(&again, i64::MAX, Some("waiting"))])).await?;
    assert_eq!(keys(store, "waiting").await?, ["r"], "one wake-up, one time");
    Ok(())
}

pub(super) async fn nobody_can_wake_who_is_gone(store: &Sut) -> Result<()> {
    refused(store, [message("r")], Code::RunNotFound).await;
    assert!(keys(store, "inbox").await?.is_empty());
    Ok(())
}

pub(super) async fn a_session_ends_once(store: &Sut) -> Result<()> {
    let (a, b) = (SessionId(1), SessionId(2));
    store.commit(batch([beat(a, NOW + 10), beat(b, NOW + 20)])).await?;
    store.commit(batch([beat(a, NOW + 15)])).await?;
    let alive = store.sessions().await?;
    assert_eq!(
        alive,
        [(a, NOW + 15, "session 1".to_owned()), (b, NOW + 20, "session 2".to_owned())]
    );
    store.commit(at(NOW + 15, [Op::Reap(vec![])])).await?;
    assert_eq!(store.sessions().await?.len(), 2);
    store.commit(at(NOW + 16, [Op::Reap(vec![])])).await?;
    assert_eq!(store.sessions().await?, [(b, NOW + 20, "session 2".to_owned())]);
    refused(store, [beat(a, NOW + 99)], Code::Fenced).await;
    store.commit(batch([Op::Reap(vec![b, SessionId(77)])])).await?;
    assert!(store.sessions().await?.is_empty());
    refused(store, [beat(b, NOW + 99)], Code::Fenced).await;
    Ok(())
}

pub(super) async fn the_dead_lose_their_work(store: &Sut) -> Result<()> {
    let (dead, alive) = (session(store, 1).await?, session(store, 2).await?);
    store
        .commit(batch([append("s", 0, 0, records(1, 1)), Op::Enqueue(run("r")), enqueue("q", "k")]))
        .await?;
    let held = take(store, "runs", dead).await?;
    let kept = take(store, "q", alive).await?;
    let receipt = store.commit(batch([Op::Reap(vec![dead])])).await?;
    assert_eq!(receipt.released, 1);
    refused(store, [append("s", 1, held.epoch, records(9, 1))], Code::Fenced).await;
    refused(store, [Op::Complete(held.ticket())], Code::Fenced).await;
    let next = take(store, "runs", alive).await?;
    assert!(next.id == held.id && next.epoch > held.epoch);
    store
        .commit(batch([append("s", 1, next.epoch, records(2, 1)), Op::Complete(kept.ticket())]))
        .await?;
    Ok(())
}

/// Entries that are due from the beginning keep their order over a death: also beside parts of them that were given back by somebody who
/// said when they are due.
pub(super) async fn what_the_dead_held_comes_first(store: &Sut) -> Result<()> {
    let (dead, alive) = (session(store, 1).await?, session(store, 2).await?);
    let old = |key| Op::Enqueue(Enqueue { due: 0, ..entry("q", key) });
    store.commit(batch([old("a"), old("b"), old("c")])).await?;
    store.commit(batch([claim(&["q"], 2, dead)])).await?;
    let third = take(store, "q", dead).await?;
    // A part of the third, as a mailbox gives one back.
    let part = Enqueue { due: i64::MIN / 2 + 1_000_000, ..entry("q", "part") };
    store.commit(batch([Op::Complete(third.ticket()), Op::Enqueue(part), old("d")])).await?;
    store.commit(batch([Op::Reap(vec![dead])])).await?;
    let claimed = store.commit(batch([claim(&["q"], 9, alive)])).await?.claimed;
    let order: Vec<&str> = claimed.iter().filter_map(|entry| entry.dedup.as_deref()).collect();
    assert_eq!(order, ["a", "b", "part", "d"]);
    Ok(())
}

pub(super) async fn what_is_ephemeral_dies_with_its_session(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let new = Enqueue { ephemeral: true, session: Some(me), ..entry("watch", "w") };
    let free = Enqueue { ephemeral: true, ..entry("watch", "free") };
    store.commit(batch([Op::Enqueue(new), Op::Enqueue(free)])).await?;
    let receipt = store.commit(batch([Op::Reap(vec![me])])).await?;
    assert_eq!(receipt.released, 0);
    assert_eq!(keys(store, "watch").await?, ["free"]);
    Ok(())
}

pub(super) async fn an_entry_can_be_born_held(store: &Sut) -> Result<()> {
    let (a, b) = (session(store, 1).await?, session(store, 2).await?);
    let born = Enqueue { session: Some(a), ..run("r") };
    let receipt =
        store.commit(batch([append("s", 0, 0, records(1, 1)), Op::Enqueue(born.clone())])).await?;
    let ticket = first(&receipt);
    assert_eq!(store.head("s").await?.map(|head| head.epoch), Some(ticket.epoch));
    assert!(ticket.epoch > 0);
    // A second start finds it and fences nobody.
    let second = store.commit(batch([Op::Enqueue(Enqueue { session: Some(b), ..born })])).await?;
    assert_eq!(first(&second), ticket);
    assert!(store.commit(batch([claim(&["runs"], 5, b)])).await?.claimed.is_empty());
    store
        .commit(batch([append("s", 1, ticket.epoch, records(2, 1)), Op::Complete(ticket)]))
        .await?;
    Ok(())
}

pub(super) async fn only_open_sessions_get_work(store: &Sut) -> Result<()> {
    store.commit(batch([enqueue("q", "k")])).await?;
    let nobody = SessionId(5);
    refused(store, [claim(&["q"], 1, nobody)], Code::Fenced).await;
    let born = Enqueue { session: Some(nobody), ..entry("q", "born") };
    refused(store, [Op::Enqueue(born)], Code::Fenced).await;
    let over = session(store, 6).await?;
    store.commit(batch([Op::Reap(vec![over])])).await?;
    refused(store, [claim(&["q"], 1, over)], Code::Fenced).await;
    assert_eq!(keys(store, "q").await?, ["k"]);
    Ok(())
}
