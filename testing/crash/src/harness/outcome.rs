//! What trials have found, in figures.

use std::fmt;

/// The sums of all trials.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many workers were killed.
    pub kills: u64,
    /// How many trials there were.
    pub trials: u64,
    /// How many runs were judged.
    pub runs: u64,
    /// How many lines the ledgers have.
    pub lines: u64,
    /// How often a journal was read from outside between kills.
    pub looks: u64,
    /// How often an at-most-once body ended in doubt.
    pub doubts: u64,
    /// How many lines programs wrote that nobody knew of, beside their successors.
    pub overlaps: u64,
    /// How long `recover` took when it took over something, in microseconds, sorted at the end.
    pub recover_us: Vec<u64>,
    /// The longest time that a program outlived the end of its run, in milliseconds.
    pub orphans_ms: u64,
}

impl Report {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.trials += other.trials;
        self.runs += other.runs;
        self.lines += other.lines;
        self.looks += other.looks;
        self.doubts += other.doubts;
        self.overlaps += other.overlaps;
        self.recover_us.extend(other.recover_us);
        self.recover_us.sort_unstable();
        self.orphans_ms = self.orphans_ms.max(other.orphans_ms);
    }

    /// Gives a percentile of the time that `recover` took, in microseconds.
    pub fn recover_us(&self, percent: usize) -> u64 {
        let at = self.recover_us.len().saturating_sub(1) * percent / 100;
        self.recover_us.get(at).copied().unwrap_or(0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, trials, runs, lines, looks, doubts, overlaps, orphans_ms, .. } = self;
        writeln!(
            f,
            "{kills} kills in {trials} trials: {runs} runs, {lines} ledger lines, {looks} looks at journals"
        )?;
        writeln!(
            f,
            "at-most-once bodies in doubt: {doubts}, entered twice: 0; lost or changed: 0"
        )?;
        let (half, most) = (self.recover_us(50), self.recover_us(100));
        writeln!(
            f,
            "takeover after a kill ({} times): median {half} us, longest {most} us",
            self.recover_us.len()
        )?;
        write!(
            f,
            "longest life of a program after its run: {orphans_ms} ms; lines beside a successor: {overlaps}"
        )
    }
}
