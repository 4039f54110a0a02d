//! One result, as a line of JSON.
#![expect(clippy::print_stdout, reason = "the results are what a benchmark says")]

use serde_json::{Value, json};

use crate::meter::Pair;

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    limit: Option<f64>,
    ratio: Option<f64>,
    target: Option<&'static str>,
}

impl Figure {
    /// Names a value with its unit.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, limit: None, ratio: None, target: None }
    }

    /// Names a value with its unit, the limit that was measured in turn with it, and the ratio of the two.
    pub fn beside(name: impl Into<String>, pair: Pair, unit: &'static str) -> Self {
        let (limit, ratio) = (Some(pair.limit), Some(pair.ratio));
        Self { limit, ratio, ..Self::new(name, pair.value, unit) }
    }

    /// Adds what the ratio, or the value, has to reach.
    #[must_use]
    pub fn target(mut self, target: &'static str) -> Self {
        self.target = Some(target);
        self
    }

    /// Prints the line.
    pub fn say(self) {
        let line = json!({
            "name": self.name,
            "value": short(self.value),
            "unit": self.unit,
            "limit": self.limit.map(short),
            "ratio": self.ratio.map(short),
            "target": self.target,
        });
        println!("{line}");
    }
}

/// Keeps three digits; more would be noise.
fn short(number: f64) -> Value {
    if number == 0.0 || !number.is_finite() {
        return json!(0);
    }
    let digits = 2.0 - number.abs().log10().floor();
    if digits <= 0.0 {
        let scale = 10_f64.powf(-digits);
        return json!((number / scale).round() * scale).as_f64().map_or(Value::Null, whole);
    }
    let scale = 10_f64.powf(digits);
    json!((number * scale).round() / scale)
}

fn whole(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "figures are far below 2^63")]
    let number = number.round() as i64;
    json!(number)
}
