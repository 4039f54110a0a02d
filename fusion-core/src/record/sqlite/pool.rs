//! Connections for reading, apart from the one that writes.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::connect;
use super::fault::error;
use super::index::Indexes;
use super::options::Options;
use super::writer::stopped;
use crate::contract::Env;
use crate::error::{Code, Error, Result};
use crate::record::refuse;

/// The most connections for reading.
const READERS: u32 = 4;

/// A few connections, each used by one reader at a time.
pub(super) struct Readers {
    options: Options,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    closed: AtomicBool,
    failed: AtomicBool,
    pub(super) indexes: Indexes,
    /// Where reading is done; on the caller's own thread when absent.
    env: Option<Arc<dyn Env>>,
}

impl Readers {
    pub(super) fn new(options: Options, env: Option<Arc<dyn Env>>) -> Arc<Self> {
        Arc::new(Self {
            options,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(READERS as usize)),
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            indexes: Indexes::default(),
            env,
        })
    }

    /// Reads, away from the tasks.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&Self, &Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.check()?;
        let Some(env) = &self.env else { return self.read_here(job) };
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| refuse::closed())?;
        let (reply, answer) = oneshot::channel();
        let readers = self.clone();
        env.blocking(Box::new(move || {
            let found = readers.read_here(job);
            // Not before: who closes the file waits for it.
            drop(permit);
            // Nobody listens any more when the caller was dropped.
            let _sent = reply.send(found);
        }));
        let ended = || Err(Error::new(Code::Internal, "a reader ended without answer"));
        answer.await.unwrap_or_else(|_| ended())
    }

    /// Reads in one snapshot what takes several statements: what others commit in between is seen by all of them or by none.
    pub(super) async fn snapshot<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&Self, &Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read(move |all, connection| {
            connection.execute_batch("BEGIN").map_err(error)?;
            let found = job(all, connection);
            // After an I/O error SQLite has ended the transaction itself, and that error is the one to tell.
            if connection.is_autocommit() {
                return found;
            }
            let ended = connection.execute_batch("COMMIT").map_err(error);
            found.and_then(|found| ended.map(|()| found))
        })
        .await
    }

    /// Reads on the caller's thread.
    pub(super) fn read_here<T>(
        &self,
        job: impl FnOnce(&Self, &Connection) -> Result<T>,
    ) -> Result<T> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reader(&self.options)?,
        };
        let found = job(self, &connection);
        if let Err(failure) = &found
            && failure.code() == Code::StoreFailed
        {
            self.failed.store(true, Ordering::Release);
        }
        // A connection with a transaction that could not be ended would read the past for ever.
        if connection.is_autocommit() && !self.closed.load(Ordering::Acquire) {
            self.idle().push(connection);
        }
        found
    }

    /// Refuses after a close or a failure.
    pub(super) fn check(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(refuse::closed());
        }
        if self.failed.load(Ordering::Acquire) {
            return Err(stopped());
        }
        Ok(())
    }

    /// Says that the file failed.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Closes what is open, after those who are reading; tells whether it was not closed before.
    ///
    /// SQLite moves the WAL into the file when the last connection closes, which shall be that of the writer.
    pub(super) async fn close(&self) -> bool {
        let first = !self.closed.swap(true, Ordering::AcqRel);
        let _all = self.permits.acquire_many(READERS).await;
        self.permits.close();
        self.idle().clear();
        first
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("closed", &self.closed).finish_non_exhaustive()
    }
}
