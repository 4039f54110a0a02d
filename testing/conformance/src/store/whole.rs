//! Batches are whole, whoever else writes.

use bytes::Bytes;
use futures_util::future::join_all;

use fusion_core::error::{Code, Result};
use fusion_core::model::{Digest, Document, Enqueue, Op};

use super::words::{
    NOW, Sut, all, append, at, batch, beat, claim, enqueue, entry, keys, names, record, records,
    refused, session, take,
};

pub(super) async fn a_refused_batch_has_written_nothing(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    store
        .commit(batch([append("s", 0, 0, records(1, 1)), enqueue("q", "k"), enqueue("q", "l")]))
        .await?;
    let held = take(store, "q", me).await?;
    let blob = Bytes::from_static(b"blob");
    let document = |id: &str| Document {
        kind: "run".into(),
        id: id.into(),
        version: 0,
        at: 0,
        tag: "".into(),
        body: Bytes::new(),
    };
    let ops = vec![
        append("s", 1, 0, records(2, 2)),
        append("new", 0, 0, records(1, 1)),
        Op::Blob(Digest::of(&blob), blob.clone()),
        Op::Enqueue(Enqueue { stream: Some("s".into()), ..entry("q", "m") }),
        Op::Complete(held.ticket()),
        claim(&["q"], 5, me),
        Op::Put(document("a"), None),
        Op::Reap(vec![me]),
        Op::Purge("q".into()),
        beat(fusion_core::model::SessionId(9), NOW),
        Op::Put(document("b"), Some(7)),
    ];
    refused(store, ops.clone(), Code::Conflict).await;
    assert_eq!(all(store, "s").await?, records(1, 1));
    assert_eq!(store.head("s").await?.map(|head| head.epoch), Some(0));
    assert_eq!(store.head("new").await?, None);
    assert_eq!(store.blob(Digest::of(&blob)).await?, None);
    assert_eq!(keys(store, "q").await?, ["l", "k"]);
    assert_eq!(store.entry("k").await?, Some(held));
    assert_eq!(store.get("run", "a").await?, None);
    assert_eq!(store.sessions().await?.len(), 1);
    // The same without its last operation goes through: nothing of the first try is in its way.
    let count = ops.len() - 1;
    store.commit(batch(ops.into_iter().take(count).collect::<Vec<_>>())).await?;
    assert_eq!(all(store, "s").await?, records(1, 3));
    assert_eq!(all(store, "new").await?, records(1, 1));
    Ok(())
}

pub(super) async fn a_batch_builds_on_itself(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let entry = Enqueue { stream: Some("s".into()), session: Some(me), ..entry("q", "k") };
    store
        .commit(batch([
            append("s", 0, 0, records(1, 1)),
            append("s", 1, 0, records(2, 1)),
            Op::Enqueue(entry),
            append("s", 2, 1, records(3, 1)),
        ]))
        .await?;
    assert_eq!(all(store, "s").await?, records(1, 3));
    let held = store.entry("k").await?;
    let ticket = held.map(|entry| entry.ticket()).into_iter();
    let ops: Vec<Op> = ticket.map(Op::Complete).chain([Op::Drop("s".into())]).collect();
    store.commit(batch(ops)).await?;
    assert_eq!(store.head("s").await?, None);
    Ok(())
}

pub(super) async fn a_stream_in_use_is_not_dropped(store: &Sut) -> Result<()> {
    let new = Enqueue { stream: Some("s".into()), ..entry("q", "k") };
    store.commit(batch([append("s", 0, 0, records(1, 1)), Op::Enqueue(new)])).await?;
    refused(store, [Op::Drop("s".into())], Code::Conflict).await;
    store.commit(batch([Op::Purge("q".into()), Op::Drop("s".into())])).await?;
    assert_eq!(store.head("s").await?, None);
    Ok(())
}

pub(super) async fn a_dropped_stream_is_gone(store: &Sut) -> Result<()> {
    store.commit(batch([Op::Drop("never was".into())])).await?;
    for round in 0..3 {
        for stream in ["a", "b"] {
            let expect = store.head(stream).await?.map_or(0, |head| head.seq);
            store.commit(batch([append(stream, expect, 0, records(round, 2))])).await?;
        }
        store.commit(batch([Op::Drop("a".into())])).await?;
        assert_eq!(store.head("a").await?, None);
        assert!(store.read("a", 0, 10).await?.is_empty());
    }
    assert_eq!(all(store, "b").await?.len(), 6);
    let status = store.status(true).await?;
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    Ok(())
}

/// Many tasks append to one stream and to their own, each trying again after a conflict.
pub(super) async fn committers_never_lose_or_double(store: &Sut) -> Result<()> {
    let committers = (0..16).map(|committer| async move {
        let mut conflicts = 0;
        for number in 0..20 {
            let own = format!("own/{committer}");
            loop {
                let head = store.head("shared").await?.unwrap_or_default();
                let shared = append("shared", head.seq, 0, vec![record(committer * 100 + number)]);
                let ops = [append(&own, number, 0, vec![record(number)]), shared];
                match store.commit(batch(ops)).await {
                    Ok(_) => break,
                    Err(error) if error.code() == Code::Conflict => conflicts += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(conflicts)
    });
    let conflicts: Result<Vec<u64>> = join_all(committers).await.into_iter().collect();
    assert!(conflicts.is_ok(), "{conflicts:?}");
    let mut shared = all(store, "shared").await?;
    assert_eq!(shared.len(), 320);
    shared.sort_by_key(|record| format!("{record:?}"));
    shared.dedup();
    assert_eq!(shared.len(), 320);
    for committer in 0..16 {
        assert_eq!(all(store, &format!("own/{committer}")).await?, records(0, 20));
    }
    Ok(())
}

pub(super) async fn claimers_never_share(store: &Sut) -> Result<()> {
    let ops: Vec<Op> = (0..300).map(|number| enqueue("q", &format!("{number:03}"))).collect();
    store.commit(batch(ops)).await?;
    let claimers = (1..9).map(|id| async move {
        let me = session(store, id).await?;
        let mut mine = Vec::new();
        loop {
            let receipt = store.commit(at(NOW, [claim(&["q"], 7, me)])).await?;
            if receipt.claimed.is_empty() {
                return Ok(mine);
            }
            mine.extend(names(&receipt.claimed));
            let done: Vec<Op> =
                receipt.claimed.iter().map(|entry| Op::Complete(entry.ticket())).collect();
            store.commit(batch(done)).await?;
        }
    });
    let claimed: Result<Vec<Vec<String>>> = join_all(claimers).await.into_iter().collect();
    let mut claimed = claimed?.concat();
    claimed.sort();
    assert_eq!(claimed, (0..300).map(|number| format!("{number:03}")).collect::<Vec<_>>());
    assert!(keys(store, "q").await?.is_empty());
    Ok(())
}

pub(super) async fn a_status_says_what_it_is(store: &Sut) -> Result<()> {
    store.commit(batch([append("s", 0, 0, records(1, 1)), enqueue("q", "k")])).await?;
    let status = store.status(true).await?;
    assert!(status.url.contains("://"), "{}", status.url);
    assert!(status.facts.contains(&("entries".to_owned(), "1".to_owned())), "{:?}", status.facts);
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    Ok(())
}

pub(super) async fn a_closed_store_says_so(store: &Sut) -> Result<()> {
    store.commit(batch([append("s", 0, 0, records(1, 1))])).await?;
    store.close().await?;
    store.close().await?;
    let commit = store.commit(batch([append("s", 1, 0, records(2, 1))])).await.map(|_| ());
    let head = store.head("s").await.map(|_| ());
    let get = store.get("a", "b").await.map(|_| ());
    for answer in [commit, head, get] {
        assert_eq!(answer.map_err(|error| error.code()), Err(Code::Closed));
    }
    Ok(())
}
