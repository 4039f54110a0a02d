//! The registry in the store, and calls through it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::choose::{Load, Strategy, choose};
use super::compose::Composition;
use super::words::{Criteria, Service, Target};
use crate::contract::{BoxFuture, Env, Store};
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Document, Failure, Op};

/// The kind of the documents.
const KIND: &str = "service";
/// How many documents are read at once.
const PAGE: usize = 1000;

/// Reaches what a service stands for: asks it something, and gives its answer within so many milliseconds.
pub trait Reach: Send + Sync {
    /// Asks.
    fn ask(
        &self,
        target: Target,
        ask: (String, Value),
        timeout_ms: u64,
    ) -> BoxFuture<'static, Result<Value>>;
}

/// The services of a store. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    env: Arc<dyn Env>,
    reach: Box<dyn Reach>,
    turn: AtomicU64,
    in_hand: Mutex<BTreeMap<String, u32>>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

impl Services {
    pub(crate) fn new(store: Arc<dyn Store>, env: Arc<dyn Env>, reach: Box<dyn Reach>) -> Self {
        let (turn, in_hand) = (AtomicU64::new(0), Mutex::default());
        Self(Arc::new(Inner { store, env, reach, turn, in_hand }))
    }

    /// Registers an instance, or sets it anew.
    ///
    /// # Errors
    /// `FU0101` when it has no id or no name; the store's.
    pub async fn register(&self, service: &Service) -> Result<()> {
        if service.id.is_empty() || service.name.is_empty() {
            return Err(Error::new(Code::InvalidInput, "a service has an id and a name"));
        }
        self.commit(vec![put(service, None)?]).await
    }

    /// Changes an instance: what it offers, how busy it is. It counts as a sign of life.
    ///
    /// # Errors
    /// `FU0104` when there is none of this id; the store's.
    pub async fn update(
        &self,
        id: &str,
        change: impl Fn(&mut Service) + Send + Sync,
    ) -> Result<Service> {
        loop {
            let found = self.0.store.get(KIND, id).await?;
            let Some(document) = found else { return Err(unknown(id)) };
            let mut service = read(&document)?;
            change(&mut service);
            id.clone_into(&mut service.id);
            match self.commit(vec![put(&service, Some(document.version))?]).await {
                Err(error) if error.code() == Code::Conflict => {}
                other => return other.map(|()| service),
            }
        }
    }

    /// Gives a sign of life of an instance.
    ///
    /// # Errors
    /// `FU0104` when there is none of this id, because it was silent for too long perhaps.
    pub async fn beat(&self, id: &str) -> Result<()> {
        self.update(id, |_| {}).await.map(|_| ())
    }

    /// Takes an instance out; does nothing when there is none.
    pub async fn deregister(&self, id: &str) -> Result<()> {
        self.commit(vec![Op::Delete(KIND.into(), id.into())]).await
    }

    /// Lists all instances that are well, by id.
    pub async fn list(&self) -> Result<Vec<Service>> {
        self.discover(&Criteria::default()).await
    }

    /// Finds the instances that are well and fit, by id. Those that were silent for too long are taken out.
    pub async fn discover(&self, criteria: &Criteria) -> Result<Vec<Service>> {
        let (mut found, mut silent, mut after) = (Vec::new(), Vec::new(), None::<String>);
        let now = self.0.env.now_ms();
        loop {
            let tag = criteria.name.as_deref();
            let page = self.0.store.list(KIND, tag, after.as_deref(), PAGE).await?;
            for document in &page.items {
                let service = read(document)?;
                if !service.is_well(document.at, now) {
                    silent.push(document.clone());
                } else if criteria.fits(&service) {
                    found.push(service);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for document in silent {
            self.take_out(document).await?;
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// Takes out one that is silent, unless it gave a sign of life in between.
    async fn take_out(&self, document: Document) -> Result<()> {
        let (kind, id, version) = (document.kind.clone(), document.id.clone(), document.version);
        // A document is only deleted as it was seen: the write before it says so.
        let ops = vec![Op::Put(document, Some(version)), Op::Delete(kind, id)];
        match self.commit(ops).await {
            Err(error) if !matches!(error.code(), Code::Conflict | Code::StoreReadOnly) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Asks one of the services that fit, and the next one when it fails, each at most so many milliseconds.
    ///
    /// # Errors
    /// `FU0104` when none fits; else the error of the last one.
    pub async fn call(
        &self,
        (criteria, strategy): (&Criteria, &Strategy),
        ask: (&str, &Value),
        timeout_ms: u64,
    ) -> Result<Value> {
        let services = self.discover(criteria).await?;
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed);
        let load =
            Load { turn, in_hand: services.iter().map(|one| self.in_hand(&one.id)).collect() };
        let mut last = None;
        for at in choose(&services, strategy, &load) {
            let Some(service) = services.get(at) else { continue };
            let _busy = Busy::new(self, &service.id);
            let ask = (ask.0.to_owned(), ask.1.clone());
            match self.0.reach.ask(service.target.clone(), ask, timeout_ms).await {
                Ok(answer) => return Ok(answer),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            let text = match &criteria.name {
                Some(name) => format!("no service `{name}` that fits is well"),
                None => "no service that fits is well".to_owned(),
            };
            Error::new(Code::RunNotFound, text).hint("register one, or let it give signs of life")
        }))
    }

    /// Asks several services as one.
    ///
    /// # Errors
    /// `FU0701` when fewer parts went well than the composition asks for, naming those that failed.
    pub async fn compose(
        &self,
        composition: &Composition,
        content: &Value,
        timeout_ms: u64,
    ) -> Result<Value> {
        let mut results: Vec<std::result::Result<Value, Failure>> = Vec::new();
        if composition.chain {
            let mut content = content.clone();
            for part in &composition.parts {
                let to = (&part.criteria, &part.strategy);
                let result = self.call(to, (&part.ask, &content), timeout_ms).await;
                let result = result.map_err(|error| Failure::error(error.to_string()));
                let next = result.as_ref().ok().or(part.otherwise.as_ref()).cloned();
                results.push(result);
                match next {
                    Some(next) => content = next,
                    None => break,
                }
            }
        } else {
            let calls = composition.parts.iter().map(|part| {
                self.call((&part.criteria, &part.strategy), (&part.ask, content), timeout_ms)
            });
            let all = futures_util::future::join_all(calls).await.into_iter();
            results.extend(all.map(|one| one.map_err(|error| Failure::error(error.to_string()))));
        }
        composition.outcome(results).map_err(|failure| {
            Error::new(Code::ObjectFailed, failure.message.clone()).with_failure(failure)
        })
    }

    fn in_hand(&self, id: &str) -> u32 {
        let in_hand = self.0.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        in_hand.get(id).copied().unwrap_or(0)
    }

    async fn commit(&self, ops: Vec<Op>) -> Result<()> {
        self.0.store.commit(Batch { now: self.0.env.now_ms(), ops }).await.map(|_| ())
    }
}

/// A request that a service has in hand.
struct Busy<'a>(&'a Services, &'a str);

impl<'a> Busy<'a> {
    fn new(services: &'a Services, id: &'a str) -> Self {
        let mut in_hand = services.0.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        *in_hand.entry(id.to_owned()).or_default() += 1;
        drop(in_hand);
        Self(services, id)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut in_hand = self.0.0.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = in_hand.get_mut(self.1) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                in_hand.remove(self.1);
            }
        }
    }
}

fn put(service: &Service, expect: Option<u64>) -> Result<Op> {
    let body = serde_json::to_vec(service)
        .map_err(|e| Error::new(Code::Internal, "a service cannot be encoded").because(e))?;
    let (id, tag) = (service.id.as_str().into(), service.name.as_str().into());
    let document = Document {
        kind: KIND.into(),
        id,
        version: expect.unwrap_or(0),
        at: 0,
        tag,
        body: body.into(),
    };
    Ok(Op::Put(document, expect))
}

fn read(document: &Document) -> Result<Service> {
    serde_json::from_slice(&document.body).map_err(|e| {
        Error::new(Code::Codec, format!("the service `{}` cannot be read", document.id)).because(e)
    })
}

fn unknown(id: &str) -> Error {
    Error::new(Code::RunNotFound, format!("there is no service `{id}` in this store"))
        .hint("register it")
}
