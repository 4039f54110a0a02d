//! What the benchmarks share: how they measure, and the limits of the bare machine that they measure beside.
//!
//! Each program in `bin` prints one JSON object a line, and `cargo xtask bench` makes the table of
//! `docs/performance.md` from them. A figure that depends on the machine stands beside a limit taken alternately with it
//! in the same run; the ratio is the median of the ratios of neighbours.

pub mod figure;
pub mod graphs;
pub mod limit;
pub mod meter;
pub mod producers;
pub mod setup;
