//! Streams keep what they are given, in order, for their owner only.

use fusion_core::error::{Code, Result};
use fusion_core::model::{Head, Key, NodeIx, Payload, Record, limits};

use super::words::{NOW, Sut, all, append, batch, record, records, refused};

pub(super) async fn what_is_appended_is_read(store: &Sut) -> Result<()> {
    assert_eq!(store.head("s").await?, None);
    assert!(store.read("s", 0, 10).await?.is_empty());
    store.commit(batch([append("s", 0, 0, records(1, 3))])).await?;
    store.commit(batch([append("other", 0, 0, records(7, 1))])).await?;
    store.commit(batch([append("s", 3, 0, records(4, 2))])).await?;
    assert_eq!(store.head("s").await?, Some(Head { seq: 5, epoch: 0 }));
    assert_eq!(all(store, "s").await?, records(1, 5));
    assert_eq!(all(store, "other").await?, records(7, 1));
    let read = store.read("s", 2, 2).await?;
    let places: Vec<(u64, i64)> = read.iter().map(|stamped| (stamped.seq, stamped.at)).collect();
    assert_eq!(places, [(3, NOW), (4, NOW)]);
    Ok(())
}

pub(super) async fn a_wrong_place_conflicts(store: &Sut) -> Result<()> {
    refused(store, [append("s", 1, 0, records(1, 1))], Code::Conflict).await;
    store.commit(batch([append("s", 0, 0, records(1, 2))])).await?;
    for expect in [0, 1, 3, u64::MAX] {
        refused(store, [append("s", expect, 0, records(9, 1))], Code::Conflict).await;
    }
    assert_eq!(all(store, "s").await?, records(1, 2));
    Ok(())
}

pub(super) async fn a_wrong_epoch_is_fenced(store: &Sut) -> Result<()> {
    refused(store, [append("s", 0, 1, records(1, 1))], Code::Fenced).await;
    store.commit(batch([append("s", 0, 0, records(1, 1))])).await?;
    refused(store, [append("s", 1, 1, records(2, 1))], Code::Fenced).await;
    refused(store, [append("s", 9, 1, records(2, 1))], Code::Fenced).await;
    // Who creates what is there did not lose a lease.
    refused(store, [append("s", 0, 1, records(2, 1))], Code::Conflict).await;
    assert_eq!(all(store, "s").await?, records(1, 1));
    Ok(())
}

pub(super) async fn an_append_has_a_length(store: &Sut) -> Result<()> {
    refused(store, [append("s", 0, 0, Vec::new())], Code::Limit).await;
    let most = limits::APPEND_RECORDS as u64;
    refused(store, [append("s", 0, 0, records(1, most + 1))], Code::Limit).await;
    assert_eq!(store.head("s").await?, None);
    store.commit(batch([append("s", 0, 0, records(1, most))])).await?;
    assert_eq!(all(store, "s").await?, records(1, most));
    Ok(())
}

/// 10,000 records in rows of one to seven, between rows of others.
pub(super) async fn pages_follow_one_another(store: &Sut) -> Result<()> {
    let total = 10_000;
    let (mut written, mut others) = (0, 0);
    while written < total {
        let count = (written % 7 + 1).min(total - written);
        let mut ops = vec![append("s", written, 0, records(written + 1, count))];
        if written % 3 == 0 {
            ops.push(append("noise", others, 0, records(others, 1)));
            others += 1;
        }
        store.commit(batch(ops)).await?;
        written += count;
    }
    assert_eq!(all(store, "s").await?, records(1, total));
    assert_eq!(all(store, "noise").await?.len() as u64, others);
    Ok(())
}

pub(super) async fn long_streams_are_read_from_anywhere(store: &Sut) -> Result<()> {
    for number in 0..400 {
        store.commit(batch([append("s", number * 3, 0, records(number * 3 + 1, 3))])).await?;
    }
    for (after, limit) in [(0, 1), (1, 1), (2, 5), (599, 7), (600, 100), (1190, 100), (1199, 1)] {
        let read = store.read("s", after, limit).await?;
        let head = store.head("s").await?.unwrap_or_default();
        let expected = head.seq.saturating_sub(after).min(limit as u64);
        let places: Vec<u64> = read.iter().map(|stamped| stamped.seq).collect();
        assert_eq!(places, (after + 1..=after + expected).collect::<Vec<_>>(), "after {after}");
        assert!(read.iter().all(|stamped| stamped.record == record(stamped.seq)));
        // It may grow between two pages.
        store.commit(batch([append("s", head.seq, 0, records(head.seq + 1, 1))])).await?;
    }
    assert!(store.read("s", 1207, 10).await?.is_empty());
    assert!(store.read("s", 0, 0).await?.is_empty());
    assert_eq!(store.read("s", 0, usize::MAX).await?.len(), 1207);
    Ok(())
}

pub(super) async fn names_are_any_text(store: &Sut) -> Result<()> {
    let names = [
        "",
        " ",
        "'; DROP TABLE journal; --",
        "ärger/日本語/🦀",
        "a\u{0}b",
        "A",
        "a",
        "%",
        "run/*",
    ];
    for (number, name) in (1..).zip(names) {
        store.commit(batch([append(name, 0, 0, records(number, 1))])).await?;
    }
    for (number, name) in (1..).zip(names) {
        assert_eq!(all(store, name).await?, records(number, 1), "{name:?}");
    }
    Ok(())
}

pub(super) async fn big_payloads_come_back(store: &Sut) -> Result<()> {
    let big: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[0] ^ 0x5a).collect();
    let payload = Payload::from_bytes(big);
    let key = Key::node(NodeIx(1));
    let succeeded = Record::NodeSucceeded(key, 1, 1, payload.clone(), false);
    store.commit(batch([append("s", 0, 0, vec![record(1), succeeded.clone()])])).await?;
    assert_eq!(all(store, "s").await?, [record(1), succeeded]);
    Ok(())
}
