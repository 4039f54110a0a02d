//! Documents have versions.

use fusion_core::error::{Code, Result};
use fusion_core::model::{Document, Op};

use super::words::{NOW, Sut, at, batch, refused};

fn document(kind: &str, id: &str, tag: &str, body: &str) -> Document {
    let body = body.to_owned().into();
    Document { kind: kind.into(), id: id.into(), version: 0, at: 0, tag: tag.into(), body }
}

pub(super) async fn versions_count_writes(store: &Sut) -> Result<()> {
    assert_eq!(store.get("run", "a").await?, None);
    let one = store.commit(batch([Op::Put(document("run", "a", "x", "1"), None)])).await?;
    let two = store
        .commit(at(
            NOW + 5,
            [
                Op::Put(document("run", "a", "y", "2"), Some(1)),
                Op::Put(document("job", "a", "", "other"), Some(0)),
            ],
        ))
        .await?;
    assert_eq!((one.versions, two.versions), (vec![1], vec![2, 1]));
    let expected = Document { version: 2, at: NOW + 5, ..document("run", "a", "y", "2") };
    assert_eq!(store.get("run", "a").await?, Some(expected));
    assert_eq!(store.get("job", "a").await?.map(|found| found.version), Some(1));
    Ok(())
}

pub(super) async fn a_guessed_version_changes_nothing(store: &Sut) -> Result<()> {
    for (guess, version) in [(7, 1), (0, 2), (2, 3), (2, 4), (u64::MAX, 5)] {
        let put = Document { version: guess, ..document("run", "a", "", &format!("{version}")) };
        let receipt = store.commit(batch([Op::Put(put, None)])).await?;
        assert_eq!(receipt.versions, [version], "{guess}");
        let found = store.get("run", "a").await?.map(|found| (found.version, found.body));
        assert_eq!(found, Some((version, version.to_string().into())));
    }
    Ok(())
}

pub(super) async fn a_wrong_version_conflicts(store: &Sut) -> Result<()> {
    refused(store, [Op::Put(document("run", "a", "", ""), Some(1))], Code::Conflict).await;
    store.commit(batch([Op::Put(document("run", "a", "", ""), Some(0))])).await?;
    for expect in [0, 2] {
        let put = Op::Put(document("run", "a", "", "lost"), Some(expect));
        refused(store, [put], Code::Conflict).await;
    }
    assert_eq!(store.get("run", "a").await?.map(|found| found.body.len()), Some(0));
    Ok(())
}

pub(super) async fn lists_are_paged_newest_first(store: &Sut) -> Result<()> {
    for number in 0..25 {
        let tag = if number % 2 == 0 { "even" } else { "odd" };
        let put = Op::Put(document("run", &format!("{number:02}"), tag, ""), None);
        store.commit(batch([put, Op::Put(document("zzz", "99", "even", ""), None)])).await?;
    }
    for (tag, count) in [(None, 25), (Some("even"), 13), (Some("odd"), 12), (Some("none"), 0)] {
        let (mut ids, mut next) = (Vec::new(), None);
        loop {
            let page = store.list("run", tag, next.as_deref(), 10).await?;
            assert!(page.items.len() <= 10);
            ids.extend(page.items.iter().map(|found| found.id.to_string()));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(ids.len(), count, "{tag:?}");
        assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    }
    let all = store.list("run", None, None, 25).await?;
    assert_eq!((all.items.len(), all.next), (25, None), "no page after the last");
    Ok(())
}

pub(super) async fn a_deleted_document_is_gone(store: &Sut) -> Result<()> {
    store.commit(batch([Op::Put(document("run", "a", "", ""), None)])).await?;
    let delete = |id: &str| Op::Delete("run".into(), id.into());
    store.commit(batch([delete("a"), delete("never was")])).await?;
    assert_eq!(store.get("run", "a").await?, None);
    assert!(store.list("run", None, None, 5).await?.items.is_empty());
    let anew = store.commit(batch([Op::Put(document("run", "a", "", ""), Some(0))])).await?;
    assert_eq!(anew.versions, [1]);
    Ok(())
}

/// Ids sort as texts, byte by byte, whatever short form a store has for some of them.
pub(super) async fn ids_sort_as_texts(store: &Sut) -> Result<()> {
    let uuid = "0192f3a0-7d1c-7abc-8def-0123456789ab";
    let mut ids = vec![
        String::new(),
        "-".to_owned(),
        "0".to_owned(),
        "0192".to_owned(),
        "0192f3a0-7d1c-7abc-8def-0123456789aa".to_owned(),
        uuid.to_owned(),
        format!("{uuid}.child"),
        "0192f3a0-7d1c-7abc-8def-0123456789ab\u{10ffff}".to_owned(),
        "0192f3a0-7d1c-7abc-8def-0123456789ac".to_owned(),
        "0192f3a0-7d1c-7abc-8def-0123456789aG".to_owned(),
        "0192F3A0-7d1c-7abc-8def-0123456789ab".to_owned(),
        "01JD8X5V9QZ".to_owned(),
        "0fffffff-ffff-ffff-ffff-ffffffffffff".to_owned(),
        "1192f3a0-7d1c-7abc-8def-0123456789ab".to_owned(),
        "digest-2026-11-21".to_owned(),
        "é".to_owned(),
    ];
    let puts = ids.iter().map(|id| Op::Put(document("run", id, "waiting", id), Some(0)));
    store.commit(batch(puts.collect::<Vec<_>>())).await?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    for tag in [None, Some("waiting")] {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = store.list("run", tag, next.as_deref(), 3).await?;
            found.extend(page.items.iter().map(|one| one.id.to_string()));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(found, ids, "{tag:?}");
    }
    for id in ids {
        let found = store.get("run", &id).await?;
        assert_eq!(found.map(|found| found.body), Some(id.into_bytes().into()));
    }
    Ok(())
}
