//! The SQLite store as the contract sees it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::desk::Desk;
use super::group::Prepared;
use super::nap::Nap;
use super::options::Options;
use super::outbox::Outbox;
use super::pool::Readers;
use super::thread::{Job, Service};
use super::writer::{Writer, stopped};
use super::{blobs, check, connect, queue, records, reserve, sessions, walk};
use crate::contract::{Blobs, Bus, Durability, Env, Journal, Queue, Records, Status, Store};
use crate::error::{Code, Error, Result};
use crate::model::{
    Batch, Digest, Document, Entry, Head, Page, Receipt, SessionId, Stamped, limits,
};
use crate::record::bus::Local;
use crate::record::refuse;

/// The most memory for batches that wait for the writer, in KiB.
const WAITING_KIB: u32 = 64 * 1024;

/// A store in an SQLite file.
pub struct Sqlite {
    url: String,
    options: Options,
    durability: Durability,
    bus: Local,
    readers: Arc<Readers>,
    door: Door,
}

/// How batches reach the writer.
enum Door {
    /// Through a channel to its thread, or at its desk.
    Thread(mpsc::Sender<Job>, Arc<Semaphore>, Arc<Desk>, Arc<dyn Env>),
    /// By a call.
    Inline(Box<Mutex<Option<Writer>>>),
    /// Not at all: the file is only read.
    Closed,
}

impl Sqlite {
    /// Opens a file, with a thread for writing and a few for reading.
    ///
    /// # Errors
    /// `FU0302` to `FU0307`: see the pages.
    pub fn open(options: Options, env: Arc<dyn Env>) -> Result<Self> {
        if options.read_only {
            return Self::read_only(options, env);
        }
        let bus = Local::new();
        let writer = Writer::open(&options, bus.clone(), env.now_ms())?;
        let durability = durability(&writer)?;
        let (url, options) = (options.url(), options.resolved());
        let readers = Readers::new(options.clone(), Some(env.clone()));
        let (sender, jobs) = mpsc::channel(2 * limits::GROUP_BATCHES);
        let nap = Nap::new(&options.path).map_err(|error| {
            Error::new(Code::StoreOpen, "the system gives no descriptor to wake the writer with")
                .because(error)
        })?;
        let desk = Arc::new(Desk::new(writer, nap.waker()));
        let service = Service {
            desk: desk.clone(),
            jobs,
            bus: bus.clone(),
            readers: readers.clone(),
            nap,
            env: env.clone(),
            outbox: Outbox::default(),
        };
        env.dedicated("fusion-store", Box::new(move || service.run()));
        let memory = Arc::new(Semaphore::new(WAITING_KIB as usize));
        let door = Door::Thread(sender, memory, desk, env);
        Ok(Self { url, options, durability, bus, readers, door })
    }

    fn read_only(options: Options, env: Arc<dyn Env>) -> Result<Self> {
        let options = connect::read_only(options)?;
        let (url, options) = (options.url(), options.resolved());
        let durability = options.durability;
        let readers = Readers::new(options.clone(), Some(env));
        Ok(Self { url, options, durability, bus: Local::new(), readers, door: Door::Closed })
    }

    /// Opens a file without any thread: everything is done in the call itself, as the simulator needs it.
    ///
    /// Hints from other processes come when [`Sqlite::look`] is called.
    ///
    /// # Errors
    /// `FU0302` to `FU0307`: see the pages.
    pub fn inline(options: Options, env: &Arc<dyn Env>) -> Result<Self> {
        let bus = Local::new();
        let writer = Writer::open(&options, bus.clone(), env.now_ms())?;
        let durability = durability(&writer)?;
        let (url, options) = (options.url(), options.resolved());
        let readers = Readers::new(options.clone(), None);
        let door = Door::Inline(Box::new(Mutex::new(Some(writer))));
        Ok(Self { url, options, durability, bus, readers, door })
    }

    /// Rings for what other connections wrote, if the store is inline; else its thread does that by itself.
    ///
    /// # Errors
    /// `FU0308` when the file fails.
    pub fn look(&self) -> Result<()> {
        match &self.door {
            Door::Thread(..) | Door::Closed => Ok(()),
            Door::Inline(writer) => {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                writer.as_mut().map_or(Ok(()), Writer::look)
            }
        }
    }

    fn write_here(&self, writer: &Mutex<Option<Writer>>, batch: Prepared) -> Result<Receipt> {
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = writer.as_mut().ok_or_else(refuse::closed)?;
        let answer = writer.apply(vec![batch]).pop();
        if writer.has_failed() {
            self.readers.fail();
        }
        answer.unwrap_or_else(|| Err(Error::new(Code::Internal, "the writer gave no answer")))
    }
}

async fn send(
    jobs: &mpsc::Sender<Job>,
    memory: &Arc<Semaphore>,
    batch: Prepared,
) -> Result<Receipt> {
    let kib = u32::try_from(batch.bytes() / 1024).unwrap_or(WAITING_KIB).clamp(1, WAITING_KIB);
    let permit = memory.clone().acquire_many_owned(kib).await.map_err(|_| refuse::closed())?;
    let (reply, answer) = oneshot::channel();
    jobs.send(Job::Commit(batch, reply, permit)).await.map_err(|_| refuse::closed())?;
    // A writer that ended without answer leaves the outcome unknown.
    answer.await.unwrap_or_else(|_| Err(stopped()))
}

/// Reads back what is promised.
fn durability(writer: &Writer) -> Result<Durability> {
    let level = connect::synchronous(&writer.connection)?;
    Ok(if level >= 2 { Durability::Sync } else { Durability::Relaxed })
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("options", &self.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Journal for Sqlite {
    async fn head(&self, stream: &str) -> Result<Option<Head>> {
        let stream = stream.to_owned();
        let found =
            self.readers.read(move |_, connection| walk::standing(connection, &stream)).await?;
        Ok(found.map(|standing| standing.head))
    }

    async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>> {
        let stream = stream.to_owned();
        self.readers
            .snapshot(move |all, connection| {
                walk::read(connection, &all.indexes, &stream, after, limit)
            })
            .await
    }
}

#[async_trait]
impl Queue for Sqlite {
    async fn entry(&self, dedup: &str) -> Result<Option<Entry>> {
        let dedup = dedup.to_owned();
        self.readers.read(move |_, connection| queue::by_dedup(connection, &dedup)).await
    }

    async fn entries(&self, queue: &str, after: u64, limit: usize) -> Result<Vec<Entry>> {
        let queue = queue.to_owned();
        self.readers
            .snapshot(move |_, connection| queue::list(connection, &queue, after, limit))
            .await
    }

    async fn next_due(&self, queues: &[Arc<str>]) -> Result<Option<i64>> {
        let queues = queues.to_vec();
        self.readers
            .snapshot(move |_, connection| {
                let dues = queues.iter().map(|queue| queue::next_due(connection, queue));
                Ok(dues.collect::<Result<Vec<_>>>()?.into_iter().flatten().min())
            })
            .await
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, i64, String)>> {
        self.readers.read(|_, connection| sessions::list(connection)).await
    }
}

#[async_trait]
impl Records for Sqlite {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.readers.read(move |_, connection| records::get(connection, &kind, &id)).await
    }

    async fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>> {
        let (kind, tag) = (kind.to_owned(), tag.map(str::to_owned));
        let after = after.map(str::to_owned);
        self.readers
            .read(move |_, connection| {
                records::list(connection, &kind, tag.as_deref(), after.as_deref(), limit)
            })
            .await
    }
}

#[async_trait]
impl Blobs for Sqlite {
    async fn blob(&self, digest: Digest) -> Result<Option<Bytes>> {
        self.readers.read(move |_, connection| blobs::get(connection, digest)).await
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, batch: Batch) -> Result<Receipt> {
        self.readers.check()?;
        let batch = Prepared::new(batch)?;
        match &self.door {
            Door::Thread(jobs, memory, ..) => send(jobs, memory, batch).await,
            Door::Inline(writer) => self.write_here(writer, batch),
            Door::Closed => Err(refuse::read_only()),
        }
    }

    async fn commit_here(&self, batch: Batch) -> Result<Receipt> {
        let Door::Thread(jobs, memory, desk, env) = &self.door else {
            return self.commit(batch).await;
        };
        self.readers.check()?;
        let batch = Prepared::new(batch)?;
        // What waits for the thread goes first, and this with it.
        let is_free = jobs.capacity() == jobs.max_capacity();
        let tried = if is_free { desk.write_alone(batch, &**env) } else { Err(batch) };
        match tried {
            Ok((answer, failed)) => {
                if failed {
                    self.readers.fail();
                }
                answer
            }
            Err(batch) => send(jobs, memory, batch).await,
        }
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.clone())
    }

    async fn status(&self, deep: bool) -> Result<Status> {
        let (facts, problems) =
            self.readers.snapshot(move |_, connection| check::describe(connection, deep)).await?;
        Ok(Status { url: self.url.clone(), durability: self.durability, facts, problems })
    }

    async fn compact(&self) -> Result<()> {
        self.readers.check()?;
        match &self.door {
            Door::Thread(jobs, ..) => {
                let (reply, answer) = oneshot::channel();
                jobs.send(Job::Compact(reply)).await.map_err(|_| refuse::closed())?;
                answer.await.unwrap_or_else(|_| Err(stopped()))
            }
            Door::Inline(writer) => {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                writer.as_mut().ok_or_else(refuse::closed)?.compact()
            }
            Door::Closed => Err(refuse::read_only()),
        }
    }

    fn pressure(&self) -> Option<Error> {
        self.options.vfs.is_none().then(|| reserve::pressure(&self.options.path))?
    }

    async fn close(&self) -> Result<()> {
        if !self.readers.close().await {
            return Ok(());
        }
        match &self.door {
            Door::Thread(jobs, ..) => {
                let (reply, answer) = oneshot::channel();
                if jobs.send(Job::Close(reply)).await.is_err() {
                    return Ok(());
                }
                answer.await.unwrap_or(Ok(()))
            }
            Door::Inline(writer) => {
                let writer = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
                writer.map_or(Ok(()), Writer::close)
            }
            Door::Closed => Ok(()),
        }
    }
}
