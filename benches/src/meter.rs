//! Time, CPU, bytes and memory of this process, and pairs of measurements.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the machine's clock, beneath `Env`"
)]

use std::time::Instant;

use crate::setup::Outcome;

/// What a piece of work cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Wall-clock time, in seconds.
    pub seconds: f64,
    /// CPU time of all threads, in seconds.
    pub cpu: f64,
    /// Bytes that reached the file system.
    pub written: f64,
}

/// Begins to measure; what it gives tells the cost so far.
pub fn start() -> impl Fn() -> Cost {
    let (from, cpu, written) = (Instant::now(), cpu_seconds(), written_bytes());
    move || Cost {
        seconds: from.elapsed().as_secs_f64(),
        cpu: cpu_seconds() - cpu,
        written: written_bytes() - written,
    }
}

/// Gives the CPU time of this process, in seconds.
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Gives what this process has written to disks, in bytes; 0 where the system does not say.
pub fn written_bytes() -> f64 {
    field("/proc/self/io", "write_bytes:")
}

/// Gives the memory that this process has now, in bytes.
pub fn resident_bytes() -> f64 {
    field("/proc/self/status", "VmRSS:") * 1024.0
}

/// Gives the most memory that this process has had, in bytes.
pub fn peak_bytes() -> f64 {
    peak_bytes_of("self")
}

/// Gives the most memory that a process has had, in bytes; 0 when it is gone.
pub fn peak_bytes_of(process: &str) -> f64 {
    field(&format!("/proc/{process}/status"), "VmHWM:") * 1024.0
}

fn field(path: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// Medians of a value, of its limit, and of the ratios of neighbours.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The value.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// The value by the limit.
    pub ratio: f64,
}

/// Measures value and limit in turn, so often.
///
/// # Errors
/// The first error of either.
pub fn pairs(
    times: usize,
    mut value: impl FnMut() -> Outcome<f64>,
    mut limit: impl FnMut() -> Outcome<f64>,
) -> Outcome<Pair> {
    let mut all = Vec::with_capacity(times);
    for _ in 0..times {
        let value = value()?;
        all.push((value, limit()?));
    }
    Ok(Pair::of(&all))
}

impl Pair {
    /// Makes the medians of pairs that were taken.
    pub fn of(all: &[(f64, f64)]) -> Self {
        Self {
            value: median(all.iter().map(|(value, _)| *value)),
            limit: median(all.iter().map(|(_, limit)| *limit)),
            ratio: median(all.iter().map(|(value, limit)| value / limit)),
        }
    }
}

/// Gives the median, 0 of nothing.
pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

/// Waits in seconds: that which half of them do not pass, and that which 99 of 100 do not; 0 of nothing.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// The middle one.
    pub p50: f64,
    /// The longest of 99 in 100.
    pub p99: f64,
}

impl Waits {
    /// Sorts them.
    pub fn of(mut seconds: Vec<f32>) -> Self {
        seconds.sort_by(f32::total_cmp);
        let longest = |of: usize| {
            let at = seconds.len().saturating_sub(seconds.len() / of + 1);
            seconds.get(at).copied().map_or(0.0, f64::from)
        };
        Self { p50: longest(2), p99: longest(100) }
    }
}
