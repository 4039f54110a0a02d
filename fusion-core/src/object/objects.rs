//! What a program uses.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::oneshot;

use super::activation::closed;
use super::ask::{Answer, Ask, Asker, Said, Told, error};
use super::inbox;
use super::keeper::{Keeper, work};
use super::kind::Object;
use super::load::{self, Unloaded};
use super::names::{Name, documents};
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Record, limits};
use crate::run::engine::Shared;
use crate::run::session;

/// The durable objects of an engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects(Arc<Inner>);

struct Inner {
    keeper: Arc<Keeper>,
    working: tokio::sync::OnceCell<()>,
    /// Keeps the engine at work for as long as somebody uses its objects.
    _keep: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keeper.fmt(f)
    }
}

/// One object, by its kind and id. It need not be there: the first message makes it.
#[derive(Debug, Clone)]
pub struct ObjectRef {
    objects: Objects,
    name: Name,
}

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its place, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The event's name; the engine's own begin with `object.`.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Objects {
    pub(crate) fn new(engine: Arc<Shared>, keep: Box<dyn Any + Send + Sync>) -> Self {
        let keeper = Arc::new(Keeper::new(engine));
        Self(Arc::new(Inner { keeper, working: tokio::sync::OnceCell::new(), _keep: keep }))
    }

    /// Registers the code of a kind; that of the same kind is replaced for objects that begin later. From now on this process
    /// takes up objects of the kind that something wakes.
    pub async fn register(&self, code: impl Object) -> Result<()> {
        self.register_arc(Arc::new(code)).await
    }

    /// Registers the code of a kind, as [`Objects::register`] does.
    pub async fn register_arc(&self, code: Arc<dyn Object>) -> Result<()> {
        let kind = code.kind().to_owned();
        Name::new(&kind, "any")?;
        self.0.keeper.add(code);
        self.begin().await?;
        self.0.keeper.unpark(&kind).await
    }

    /// Sets how long an object without messages stays in memory, in milliseconds; 10 seconds without it.
    pub fn set_idle_ms(&self, idle_ms: u64) {
        self.0.keeper.set_idle_ms(idle_ms);
    }

    /// Counts the objects that are at work in this process.
    pub fn active(&self) -> usize {
        self.0.keeper.count()
    }

    /// Names an object.
    ///
    /// # Errors
    /// `FU0102` when kind or id do not fit.
    pub fn get(&self, kind: &str, id: &str) -> Result<ObjectRef> {
        Ok(ObjectRef { objects: self.clone(), name: Name::new(kind, id)? })
    }

    /// Lists the ids of objects of a kind that were ever written, newest first, and what to pass for the next ones.
    pub async fn list(
        &self,
        kind: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<(Vec<Arc<str>>, Option<String>)> {
        let store = &self.0.keeper.engine.store;
        let page = store.list(&documents(kind), None, after, most).await?;
        Ok((page.items.into_iter().map(|found| found.id).collect(), page.next))
    }

    /// Lets all objects of this process go, before the engine closes.
    pub(crate) async fn rest(&self) {
        self.0.keeper.rest().await;
    }

    async fn begin(&self) -> Result<()> {
        let engine = &self.0.keeper.engine;
        session::open(engine).await?;
        let begin = || async {
            let keeper = Arc::downgrade(&self.0.keeper);
            engine.env.spawn(Box::pin(async move { work(keeper).await }));
        };
        self.0.working.get_or_init(begin).await;
        Ok(())
    }
}

impl ObjectRef {
    /// Asks the object and waits for its answer, at most 30 seconds.
    ///
    /// # Errors
    /// `FU0701` when its code refuses or fails, `FU0702` when it is parked, `FU0404` when no answer came.
    pub async fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        name: &str,
        content: &T,
    ) -> Result<R> {
        let (reply, _) = self.ask((name, None), content, limits::OBJECT_CALL_MS).await?;
        serde_json::from_value(reply).map_err(|cause| {
            let text = format!("the answer of {} does not fit", self.name.stream);
            Error::new(Code::InvalidInput, text).because(cause)
        })
    }

    /// Asks the object, if its last event has this place; gives the answer and the place after it. At most so many
    /// milliseconds.
    ///
    /// # Errors
    /// `FU0309` when it stands elsewhere, naming both places; those of [`ObjectRef::call`].
    pub async fn ask<T: Serialize + ?Sized>(
        &self,
        (name, expect): (&str, Option<u64>),
        content: &T,
        timeout_ms: u64,
    ) -> Result<(Value, u64)> {
        let said = said(name, expect, content)?;
        self.objects.begin().await?;
        let keeper = &self.objects.0.keeper;
        let env = keeper.engine.env.clone();
        let until = env.monotonic_ns().saturating_add(timeout_ms.saturating_mul(1_000_000));
        tokio::select! {
            biased;
            answer = self.answered(said) => answer?.map_err(|failure| error(&self.name, failure)),
            () = env.sleep_until(until) => Err(Error::new(
                Code::WaitTimeout,
                format!("{} gave no answer within {timeout_ms} ms", self.name.stream),
            )
            .hint("is there a process with its code? the message is handled when there is one")),
        }
    }

    async fn answered(&self, said: Said) -> Result<Answer> {
        let keeper = &self.objects.0.keeper;
        while let Some(asks) = keeper.open(&self.name) {
            keeper.engine.check_open()?;
            let (send, told) = oneshot::channel();
            let ask =
                Ask { said: said.clone(), asker: Asker::Here(send), from: None, timer: false };
            if asks.send(ask).await.is_err() {
                // It is just being let go.
                continue;
            }
            match told.await {
                Ok(Told::Answer(answer)) => return Ok(answer),
                Ok(Told::Failed(error)) => return Err(error),
                Ok(Told::Elsewhere) => break,
                Ok(Told::Again) => {}
                Err(_) => return Err(closed()),
            }
        }
        self.elsewhere(said).await
    }

    /// Asks whoever has the object, by its inbox.
    async fn elsewhere(&self, said: Said) -> Result<Answer> {
        let keeper = &self.objects.0.keeper;
        let engine = &keeper.engine;
        let call = format!("{:016x}", engine.env.random());
        let (send, answer) = oneshot::channel();
        keeper.waiters.lock().insert(call.clone(), send);
        let _waiting = Waiting(keeper, call.clone());
        let said = Said { asker: Some((engine.session.0, call)), ..said };
        let ops = inbox::say(&self.name, &said)?;
        engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await?;
        answer.await.map_err(|_| closed())
    }

    /// Says something to the object without waiting: when this returns it is as durable as the store, and it is handled once.
    pub async fn tell<T: Serialize + ?Sized>(&self, name: &str, content: &T) -> Result<()> {
        let said = said(name, None, content)?;
        self.objects.begin().await?;
        let engine = &self.objects.0.keeper.engine;
        let ops = inbox::say(&self.name, &said)?;
        engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await.map(|_| ())
    }

    /// Reads the state and the place of the last event, without waking the object. Its code has to be here.
    pub async fn state(&self) -> Result<(Value, u64)> {
        self.read(None).await
    }

    /// Reads the state as it was after an event.
    pub async fn state_at(&self, seq: u64) -> Result<Value> {
        self.read(Some(seq)).await.map(|(state, _)| state)
    }

    async fn read(&self, at: Option<u64>) -> Result<(Value, u64)> {
        let keeper = &self.objects.0.keeper;
        let code = keeper.code(&self.name.kind).ok_or_else(|| {
            Error::new(Code::UnknownStep, format!("no code of kind `{}` is here", self.name.kind))
                .hint("register it: a state is made of events by their code")
        })?;
        let store = keeper.engine.store.as_ref();
        match load::load(store, code.as_ref(), &self.name, at).await {
            Ok(loaded) => Ok((Arc::unwrap_or_clone(loaded.core.state), loaded.core.seq)),
            Err(Unloaded::Store(error)) => Err(error),
            Err(Unloaded::Code(failure)) => Err(error(&self.name, failure)),
        }
    }

    /// Reads what happened to the object, after a place, at most so much.
    pub async fn history(&self, after: u64, most: usize) -> Result<Vec<Past>> {
        let store = self.objects.0.keeper.engine.store.as_ref();
        let mut all = Vec::new();
        for stamped in store.read(&self.name.stream, after, most).await? {
            let Record::Event(name, payload) = stamped.record else { continue };
            let data = load::value(store, &payload).await?;
            all.push(Past { seq: stamped.seq, at: stamped.at, name, data });
        }
        Ok(all)
    }
}

/// Somebody who waits for an answer from elsewhere.
struct Waiting<'a>(&'a Keeper, String);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiters.lock().remove(&self.1);
    }
}

fn said<T: Serialize + ?Sized>(name: &str, expect: Option<u64>, content: &T) -> Result<Said> {
    let content = serde_json::to_string(content).map_err(|cause| {
        Error::new(Code::InvalidInput, "the message to the object cannot be JSON").because(cause)
    })?;
    Ok(Said { name: name.to_owned(), content, expect, asker: None })
}
