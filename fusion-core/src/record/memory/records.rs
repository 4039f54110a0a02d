//! Documents by kind and id.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::state::State;
use super::undo::Undo;
use crate::error::Result;
use crate::model::{Document, Page};
use crate::record::refuse;

/// All documents.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<Arc<str>, BTreeMap<Arc<str>, Document>>);

impl Table {
    pub(super) fn get(&self, kind: &str, id: &str) -> Option<&Document> {
        self.0.get(kind)?.get(id)
    }

    /// Writes or removes a document and gives what was there.
    pub(super) fn set(
        &mut self,
        kind: &Arc<str>,
        id: &Arc<str>,
        document: Option<Document>,
    ) -> Option<Document> {
        if let Some(document) = document {
            return self.0.entry(kind.clone()).or_default().insert(id.clone(), document);
        }
        let documents = self.0.get_mut(kind)?;
        let before = documents.remove(id);
        if documents.is_empty() {
            self.0.remove(kind);
        }
        before
    }

    pub(super) fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Page<Document> {
        let Some(documents) = self.0.get(kind) else {
            return Page { items: Vec::new(), next: None };
        };
        let end = after.map_or(Bound::Unbounded, Bound::Excluded);
        let fits = |document: &&Document| tag.is_none_or(|tag| document.tag.as_ref() == tag);
        let newest = documents.range::<str, _>((Bound::Unbounded, end)).rev();
        let mut found = newest.map(|(_, document)| document).filter(fits);
        let items: Vec<Document> = found.by_ref().take(limit).cloned().collect();
        let more = found.next().is_some();
        let last = items.last().map(|document| document.id.as_ref().to_owned());
        Page { next: last.filter(|_| more), items }
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }
}

impl State {
    pub(super) fn put(
        &mut self,
        mut document: Document,
        expect: Option<u64>,
        now: i64,
    ) -> Result<u64> {
        let (kind, id) = (document.kind.clone(), document.id.clone());
        let found = self.records.get(&kind, &id).map_or(0, |before| before.version);
        if let Some(expect) = expect.filter(|expect| *expect != found) {
            return Err(refuse::version(&kind, &id, found, expect));
        }
        document.version = found + 1;
        document.at = now;
        let before = self.records.set(&kind, &id, Some(document));
        self.undo.push(Undo::Document(kind, id, before));
        Ok(found + 1)
    }

    pub(super) fn delete(&mut self, kind: Arc<str>, id: Arc<str>) {
        if let Some(before) = self.records.set(&kind, &id, None) {
            self.undo.push(Undo::Document(kind, id, Some(before)));
        }
    }
}
