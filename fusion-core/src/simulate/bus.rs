//! The bell of a simulated process: hints that get lost, come late, come twice.

use std::sync::{Arc, Mutex};

use super::machine::lock;
use super::rng::Rng;
use crate::contract::{BoxFuture, Bus, Subscription};

/// How bells behave.
#[derive(Debug, Clone)]
pub(super) struct Hints {
    random: Arc<Mutex<Rng>>,
    /// How many of a hundred hints are lost.
    lost: u64,
    /// How many of a hundred looks hear a bell that did not ring.
    doubled: u64,
}

impl Hints {
    pub(super) fn new(random: Rng, lost: u64, doubled: u64) -> Self {
        Self { random: Arc::new(Mutex::new(random)), lost, doubled }
    }

    /// Puts itself between a bell and its listeners.
    pub(super) fn over(&self, inner: Arc<dyn Bus>) -> Arc<dyn Bus> {
        if self.lost == 0 && self.doubled == 0 {
            return inner;
        }
        Arc::new(Bell { inner, hints: self.clone() })
    }

    fn chance(&self, percent: u64) -> bool {
        percent > 0 && lock(&self.random).chance(percent)
    }
}

#[derive(Debug)]
struct Bell {
    inner: Arc<dyn Bus>,
    hints: Hints,
}

impl Bus for Bell {
    fn ring(&self, topic: &str) {
        self.inner.ring(topic);
    }

    fn listen(&self, topics: &[&str]) -> Box<dyn Subscription> {
        Box::new(Ear { inner: self.inner.listen(topics), hints: self.hints.clone() })
    }
}

#[derive(Debug)]
struct Ear {
    inner: Box<dyn Subscription>,
    hints: Hints,
}

impl Subscription for Ear {
    fn heard(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.hints.chance(self.hints.doubled) {
                return;
            }
            loop {
                self.inner.heard().await;
                if !self.hints.chance(self.hints.lost) {
                    return;
                }
            }
        })
    }

    fn rang(&mut self) -> bool {
        self.hints.chance(self.hints.doubled)
            || (self.inner.rang() && !self.hints.chance(self.hints.lost))
    }
}
