//! Inputs in a row, until one fails or enough were tried.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use crate::mutate::Mutator;
use crate::target::Target;

/// The most inputs that are mutated further.
const KNOWN: usize = 8_192;
/// How long an input may take, in milliseconds; the compiler may have left everything slow, and others use the machine.
const SLOW_MS: u64 = 10_000;
/// How often a failing input is made smaller.
const SMALLER: usize = 2_000;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many inputs were tried.
    pub inputs: u64,
    /// How many different things they met.
    pub met: usize,
    /// The first input that failed.
    pub caught: Option<Caught>,
}

/// An input that failed.
#[derive(Debug, Clone)]
pub struct Caught {
    /// The input, as small as it could be made.
    pub input: Vec<u8>,
    /// What is wrong.
    pub what: String,
}

/// Tries what is known, then what is made of it, until `go_on` says no to the number of inputs so far.
///
/// `clock` tells milliseconds: an input that takes too long fails.
pub fn hunt(
    target: &Target,
    seeds: Vec<Vec<u8>>,
    seed: u64,
    (go_on, clock): (&dyn Fn(u64) -> bool, &dyn Fn() -> u64),
) -> Report {
    let mut report = Report::default();
    let mut met = BTreeSet::new();
    let mut mutator = Mutator::new(seed);
    let mut waiting = seeds.clone();
    let mut known = seeds;
    while report.caught.is_none() && (!waiting.is_empty() || go_on(report.inputs)) {
        let input = waiting.pop().unwrap_or_else(|| mutator.make(&known, target.words));
        report.inputs += 1;
        match timed(target, &input, clock) {
            Ok(shape) => {
                if met.insert(shape) && known.len() < KNOWN {
                    known.push(input);
                }
            }
            Err(_) => report.caught = Some(smallest(target, input, clock)),
        }
    }
    report.met = met.len();
    report
}

/// Tries one input.
///
/// # Errors
/// What is wrong: the target's own words, or those of a panic.
pub fn try_one(target: &Target, input: &[u8]) -> Result<u64, String> {
    match std::panic::catch_unwind(AssertUnwindSafe(|| (target.check)(input))) {
        Ok(judged) => judged,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(format!("a panic: {}", text.unwrap_or_default()))
        }
    }
}

fn timed(target: &Target, input: &[u8], clock: &dyn Fn() -> u64) -> Result<u64, String> {
    let began = clock();
    let judged = try_one(target, input)?;
    let took = clock().saturating_sub(began);
    if took > SLOW_MS { Err(format!("it took {took} ms")) } else { Ok(judged) }
}

/// Leaves out pieces, the large ones first, while it still fails.
fn smallest(target: &Target, mut input: Vec<u8>, clock: &dyn Fn() -> u64) -> Caught {
    let mut piece = input.len() / 2;
    let mut tries = 0;
    while piece > 0 && tries < SMALLER {
        let mut at = 0;
        let mut shrunk = false;
        while at < input.len() && tries < SMALLER {
            tries += 1;
            let mut fewer = input.clone();
            drop(fewer.drain(at..(at + piece).min(input.len())));
            if timed(target, &fewer, clock).is_err() {
                input = fewer;
                shrunk = true;
            } else {
                at += piece;
            }
        }
        if !shrunk {
            piece /= 2;
        }
    }
    let what = timed(target, &input, clock).err().unwrap_or_else(|| "fails sometimes".to_owned());
    Caught { input, what }
}
