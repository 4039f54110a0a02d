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
