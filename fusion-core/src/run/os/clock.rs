//! The machine's clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Both clocks; the monotonic one counts from when this was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is what `Env::monotonic_ns` is made of")]
    pub(super) fn new() -> Self {
        Self { origin: Instant::now() }
    }

    /// Milliseconds since 1970; negative before.
    #[expect(clippy::disallowed_methods, reason = "this is what `Env::now_ms` is made of")]
    pub(super) fn now_ms() -> i64 {
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after),
            Err(before) => -millis(before.duration()),
        }
    }

    /// Nanoseconds since the clock was made; holds 584 years.
    pub(super) fn monotonic_ns(self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The moment at which the monotonic clock shows this; none when the machine cannot name it.
    pub(super) fn moment(self, monotonic_ns: u64) -> Option<Instant> {
        self.origin.checked_add(Duration::from_nanos(monotonic_ns))
    }
}
