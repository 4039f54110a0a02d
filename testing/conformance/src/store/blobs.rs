//! Big things live once per content, for as long as somebody needs them.

use bytes::Bytes;
use fusion_core::error::{Code, Result};
use fusion_core::model::{Digest, Document, Enqueue, Op, Payload, PayloadKind, Record, limits};

use super::words::{Sut, all, append, batch, entry, keys, record, records, refused, session, take};

fn blob(fill: u8) -> (Digest, Bytes) {
    let bytes = Bytes::from(vec![fill; 100_000]);
    (Digest::of(&bytes), bytes)
}

fn naming(digest: Digest) -> Vec<Record> {
    vec![Record::SignalReceived("s".to_owned(), Payload::Blob(PayloadKind::Bytes, digest, 100_000))]
}

async fn count(store: &Sut) -> Result<String> {
    let facts = store.status(false).await?.facts;
    let blobs = facts.into_iter().find(|(name, _)| name == "blobs");
    Ok(blobs.map(|(_, count)| count).unwrap_or_default())
}

pub(super) async fn a_blob_is_its_content(store: &Sut) -> Result<()> {
    let (digest, bytes) = blob(1);
    assert_eq!(store.blob(digest).await?, None);
    for _ in 0..3 {
        store.commit(batch([Op::Blob(digest, bytes.clone())])).await?;
    }
    let empty = Digest::of(b"");
    store.commit(batch([Op::Blob(empty, Bytes::new())])).await?;
    assert_eq!(store.blob(digest).await?, Some(bytes));
    assert_eq!(store.blob(empty).await?, Some(Bytes::new()));
    assert_eq!(count(store).await?, "2");
    Ok(())
}

pub(super) async fn what_is_too_large_is_refused(store: &Sut) -> Result<()> {
    let most = usize::try_from(limits::PAYLOAD_BYTES).unwrap_or(usize::MAX);
    let bytes = Bytes::from(vec![0; most + 1]);
    let digest = Digest::of(&bytes);
    let large = Document {
        kind: "k".into(),
        id: "i".into(),
        version: 0,
        at: 0,
        tag: "".into(),
        body: bytes.clone(),
    };
    let entry = Enqueue { body: bytes.clone(), ..entry("q", "d") };
    for op in [Op::Blob(digest, bytes.clone()), Op::Put(large, None), Op::Enqueue(entry)] {
        refused(store, [append("a", 0, 0, records(1, 1)), op], Code::Limit).await;
    }
    // The store is as good as before, and the largest one that is allowed goes in.
    let bytes = bytes.slice(1..);
    let digest = Digest::of(&bytes);
    store.commit(batch([Op::Blob(digest, bytes)])).await?;
    assert_eq!(store.blob(digest).await?.map(|bytes| bytes.len()), Some(most));
    Ok(())
}

pub(super) async fn the_last_owner_takes_the_blob_along(store: &Sut) -> Result<()> {
    let ((shared, one), (own, two)) = (blob(1), blob(2));
    let both = [naming(shared), naming(own)].concat();
    store
        .commit(batch([
            Op::Blob(shared, one.clone()),
            Op::Blob(own, two),
            append("a", 0, 0, both),
            append("b", 0, 0, naming(shared)),
            append("b", 1, 0, naming(shared)),
        ]))
        .await?;
    store.commit(batch([Op::Drop("a".into())])).await?;
    assert_eq!(store.blob(own).await?, None);
    assert_eq!(store.blob(shared).await?, Some(one));
    store.commit(batch([Op::Drop("b".into())])).await?;
    assert_eq!(store.blob(shared).await?, None);
    assert_eq!(count(store).await?, "0");
    Ok(())
}

pub(super) async fn a_message_keeps_its_blob_alive(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let (digest, bytes) = blob(3);
    let message = Enqueue { blobs: vec![digest], ..entry("inbox", "m") };
    let ops =
        [Op::Blob(digest, bytes.clone()), append("a", 0, 0, naming(digest)), Op::Enqueue(message)];
    store.commit(batch(ops)).await?;
    store.commit(batch([Op::Drop("a".into())])).await?;
    assert_eq!(store.blob(digest).await?, Some(bytes.clone()));
    let held = take(store, "inbox", me).await?;
    store.commit(batch([append("b", 0, 0, naming(digest)), Op::Complete(held.ticket())])).await?;
    assert_eq!(store.blob(digest).await?, Some(bytes));
    store.commit(batch([Op::Drop("b".into())])).await?;
    assert_eq!(store.blob(digest).await?, None);
    Ok(())
}

pub(super) async fn a_blob_that_is_not_there_cannot_be_named(store: &Sut) -> Result<()> {
    let ((there, bytes), (gone, late)) = (blob(1), blob(2));
    store.commit(batch([Op::Blob(there, bytes), append("a", 0, 0, naming(there))])).await?;
    let hole = [naming(there), naming(gone)].concat();
    let message = || Op::Enqueue(Enqueue { blobs: vec![there, gone], ..entry("inbox", "m") });
    // Each alone, after what is carried out before it, and before the bytes come.
    for ops in [
        vec![append("a", 1, 0, hole.clone())],
        vec![append("b", 0, 0, hole.clone())],
        vec![message()],
        vec![append("b", 0, 0, vec![record(1)]), message()],
        vec![append("b", 0, 0, naming(gone)), Op::Blob(gone, late.clone())],
    ] {
        refused(store, ops, Code::InvalidInput).await;
    }
    assert_eq!(all(store, "a").await?, naming(there));
    assert_eq!(store.head("b").await?, None);
    assert!(keys(store, "inbox").await?.is_empty());
    assert_eq!(count(store).await?, "1");
    store.commit(batch([Op::Blob(gone, late), append("b", 0, 0, hole), message()])).await?;
    // What was there and is deleted is not there either.
    store.commit(batch([Op::Drop("a".into()), Op::Purge("inbox".into())])).await?;
    store.commit(batch([Op::Drop("b".into())])).await?;
    refused(store, vec![append("c", 0, 0, naming(there))], Code::InvalidInput).await;
    Ok(())
}
