//! What workers acknowledged, read from the files that are their standard output.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::Fault;

/// All that was acknowledged in a trial, by whatever worker.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// Runs whose start was acknowledged.
    pub started: Vec<String>,
    /// Run and id of each acknowledged signal.
    pub signals: Vec<(String, String)>,
    /// Run and node of each acknowledged answer and resolution.
    pub told: Vec<(String, String)>,
    /// The result of each run, as it was told first.
    pub results: BTreeMap<String, Value>,
    /// How many runs were taken over at a start, and how long that took in microseconds.
    pub taken: Vec<(u64, u64)>,
}

impl Acks {
    /// Takes in what one worker wrote.
    ///
    /// # Errors
    /// When a result differs from what was told before, or a line cannot be understood.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), Fault> {
        let text = std::fs::read_to_string(path)?;
        // A write of a killed process may be cut: what is not a whole line was not said.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text.get(..whole).unwrap_or_default().lines() {
            self.take(line).ok_or_else(|| format!("bad or changed acknowledgement: {line}"))?;
        }
        Ok(())
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (verb, rest) = line.split_once(' ')?;
        let two = || rest.split_once(' ').map(|(one, two)| (one.to_owned(), two.to_owned()));
        match verb {
            "started" => self.started.push(rest.to_owned()),
            "signalled" => self.signals.push(two()?),
            "answered" | "resolved" => self.told.push(two()?),
            "recovered" => {
                let (count, us) = two()?;
                self.taken.push((count.parse().ok()?, us.parse().ok()?));
            }
            "result" => {
                let (run, text) = two()?;
                let value: Value = serde_json::from_str(&text).ok()?;
                if *self.results.entry(run).or_insert_with(|| value.clone()) != value {
                    return None;
                }
            }
            _ => return None,
        }
        Some(())
    }
}
