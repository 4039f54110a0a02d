//! The bell within a process: listeners by topic, hints that coalesce.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use crate::contract::{BoxFuture, Bus, Subscription};

/// A bus for the tasks of one process. Clones ring the same bell; ringing costs next to nothing while nobody listens.
#[derive(Clone, Default)]
pub struct Local(Arc<Hub>);

#[derive(Default)]
struct Hub {
    listeners: AtomicUsize,
    ears: Mutex<Ears>,
    /// Told when the first listener comes, so that whoever looks at other processes can begin.
    first: AtomicWaker,
}

#[derive(Default)]
struct Ears {
    /// By topic. Topics begin alike, which makes a tree of them slow; the hash is the same in every process.
    exact: HashMap<String, Vec<Arc<Ear>>, BuildHasherDefault<DefaultHasher>>,
    prefix: Vec<(String, Arc<Ear>)>,
}

#[derive(Default)]
struct Ear {
    rang: AtomicBool,
    waker: AtomicWaker,
}

impl Ear {
    fn wake(&self) {
        self.rang.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// Something that rang in a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ring {
    /// Something is new in a queue.
    Queue(Arc<str>),
    /// A stream grew.
    Stream(Arc<str>),
}

impl Local {
    /// Makes a bus that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells whether anybody listens.
    pub(super) fn has_listeners(&self) -> bool {
        self.0.listeners.load(Ordering::Acquire) > 0
    }

    /// Gives the cell whose waker is woken when the first listener comes.
    #[cfg(feature = "sqlite")]
    pub(super) fn first_listener(&self) -> &AtomicWaker {
        &self.0.first
    }

    /// Rings for what a commit changed.
    pub(super) fn ring_all(&self, rings: &[Ring]) {
        if rings.is_empty() || !self.has_listeners() {
            return;
        }
        let mut topic = String::with_capacity(64);
        let ears = self.0.lock();
        for ring in rings {
            topic.clear();
            let (kind, name) = match ring {
                Ring::Queue(name) => ("queue/", name),
                Ring::Stream(name) => ("stream/", name),
            };
            topic.push_str(kind);
            topic.push_str(name);
            ears.ring(&topic);
        }
    }

    /// Rings for everybody: something changed, and it is not known what.
    #[cfg(feature = "sqlite")]
    pub(super) fn ring_everybody(&self) {
        let ears = self.0.lock();
        ears.exact.values().flatten().for_each(|ear| ear.wake());
        ears.prefix.iter().for_each(|(_, ear)| ear.wake());
    }
}

impl Hub {
    /// The ears stay whole even if a listener's waker panicked.
    fn lock(&self) -> MutexGuard<'_, Ears> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ears {
    fn ring(&self, topic: &str) {
        if let Some(ears) = self.exact.get(topic) {
            for ear in ears {
                ear.wake();
            }
        }
        for (prefix, ear) in &self.prefix {
            if topic.starts_with(prefix.as_str()) {
                ear.wake();
            }
        }
    }
}

impl Bus for Local {
    fn ring(&self, topic: &str) {
        if self.has_listeners() {
            self.0.lock().ring(topic);
        }
    }

    fn listen(&self, topics: &[&str]) -> Box<dyn Subscription> {
        let ear = Arc::new(Ear::default());
        let mut ears = self.0.lock();
        for topic in topics {
            match topic.strip_suffix('*') {
                Some(prefix) => ears.prefix.push((prefix.to_owned(), ear.clone())),
                None => ears.exact.entry((*topic).to_owned()).or_default().push(ear.clone()),
            }
        }
        drop(ears);
        if self.0.listeners.fetch_add(1, Ordering::AcqRel) == 0 {
            self.0.first.wake();
        }
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Box::new(Listener { hub: self.0.clone(), ear, topics })
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Local({} listeners)", self.0.listeners.load(Ordering::Relaxed))
    }
}

struct Listener {
    hub: Arc<Hub>,
    ear: Arc<Ear>,
    topics: Vec<String>,
}

impl Subscription for Listener {
    fn heard(&mut self) -> BoxFuture<'_, ()> {
        let ear = self.ear.clone();
        Box::pin(poll_fn(move |context| {
            if ear.rang.swap(false, Ordering::AcqRel) {
                return Poll::Ready(());
            }
            ear.waker.register(context.waker());
            // It may have rung between the look and the registration.
            if ear.rang.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
        }))
    }

    fn rang(&mut self) -> bool {
        self.ear.rang.load(Ordering::Acquire) && self.ear.rang.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut ears = self.hub.lock();
        for topic in &self.topics {
            if topic.ends_with('*') {
                ears.prefix.retain(|(_, ear)| !Arc::ptr_eq(ear, &self.ear));
            } else if let Some(listeners) = ears.exact.get_mut(topic) {
                listeners.retain(|ear| !Arc::ptr_eq(ear, &self.ear));
                if listeners.is_empty() {
                    ears.exact.remove(topic);
                }
            }
        }
        self.hub.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("topics", &self.topics).finish_non_exhaustive()
    }
}
