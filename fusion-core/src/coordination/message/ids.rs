//! Names of messages: UUIDv7 (RFC 9562), a million a second without a million calls to the kernel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes the names of one process.
#[derive(Debug)]
pub(super) struct Ids {
    seed: u64,
    count: AtomicU64,
}

impl Ids {
    /// Begins at a random number.
    pub(super) fn new(random: u64) -> Self {
        Self { seed: random, count: AtomicU64::new(0) }
    }

    /// Makes the next name. Within a process none comes twice; of different processes, the random bits are 62.
    pub(super) fn next(&self, now_ms: i64) -> Arc<str> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let ms = u64::try_from(now_ms).unwrap_or(0) & 0xffff_ffff_ffff;
        let high = (ms << 16) | 0x7000 | (count & 0x0fff);
        // The lost bits are in `count` twice: 2^62 names pass before one comes again.
        let low = 0x8000_0000_0000_0000 | (mix(self.seed.wrapping_add(count)) >> 2);
        text((u128::from(high) << 64) | u128::from(low))
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood, 2014): a bijection without visible order.
fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn text(id: u128) -> Arc<str> {
    let mut left = 128_u32;
    let mut bytes = [b'-'; 36];
    for (at, byte) in bytes.iter_mut().enumerate() {
        if !matches!(at, 8 | 13 | 18 | 23) {
            left -= 4;
            let digit = u8::try_from((id >> left) & 0xf).unwrap_or(0);
            *byte = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        }
    }
    std::str::from_utf8(&bytes).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_uuids_and_differ() {
        let ids = Ids::new(42);
        let mut all: Vec<Arc<str>> = (0..10_000).map(|_| ids.next(1_700_000_000_000)).collect();
        for id in &all {
            let uuid = uuid::Uuid::parse_str(id).unwrap();
            assert_eq!(uuid.get_version_num(), 7);
        }
        assert!(all.iter().take(4096).is_sorted(), "in one millisecond they are in order");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }
}
