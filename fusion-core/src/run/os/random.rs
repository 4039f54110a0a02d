//! Random bits from the kernel.
//!
//! Nothing is buffered: a buffer would give the same bits to a process and to its fork, and one call costs less than a
//! microsecond.

use std::fs::File;
use std::io::Read;

use crate::model::Digest;

use super::clock::Clock;

/// Gives 64 bits from the kernel's generator.
///
/// Where a sandbox takes the generator away, the bits come from the clocks and the process id, hashed.
pub(super) fn random(clock: Clock) -> u64 {
    let mut bytes = [0; 8];
    if kernel(&mut bytes) || device(&mut bytes) { u64::from_ne_bytes(bytes) } else { hashed(clock) }
}

#[cfg(target_os = "linux")]
fn kernel(bytes: &mut [u8; 8]) -> bool {
    use rustix::rand::{GetRandomFlags, getrandom};
    getrandom(&mut bytes[..], GetRandomFlags::empty()).is_ok_and(|got| got == bytes.len())
}

#[cfg(not(target_os = "linux"))]
fn kernel(_bytes: &mut [u8; 8]) -> bool {
    false
}

fn device(bytes: &mut [u8; 8]) -> bool {
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(bytes)).is_ok()
}

fn hashed(clock: Clock) -> u64 {
    let local = 0_u8;
    let seed = format!(
        "{} {} {} {:p}",
        Clock::now_ms(),
        clock.monotonic_ns(),
        std::process::id(),
        std::ptr::addr_of!(local)
    );
    Digest::of(seed.as_bytes()).seed()
}
