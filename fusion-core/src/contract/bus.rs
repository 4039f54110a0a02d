//! The bell: tells who wants to know that something may have changed.

use std::fmt;

use super::BoxFuture;

/// Publishes hints to whoever listens now. Losing every hint may cost time, never correctness.
pub trait Bus: fmt::Debug + Send + Sync {
    /// Rings the bell of a topic: `queue/<name>`, `stream/<name>` or one of the caller's.
    fn ring(&self, topic: &str);

    /// Listens to topics from now on. A topic that ends in `*` stands for all that begin so.
    fn listen(&self, topics: &[&str]) -> Box<dyn Subscription>;
}

/// Somebody's ear at some topics.
pub trait Subscription: fmt::Debug + Send + Sync {
    /// Waits until one of the topics rang since the last call. Rings in between are one.
    fn heard(&mut self) -> BoxFuture<'_, ()>;

    /// Tells whether one of the topics rang since the last call of this or of [`Subscription::heard`], without waiting.
    fn rang(&mut self) -> bool;
}
