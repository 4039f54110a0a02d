//! Reads passed and failed tests out of the lines of test runners.

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, timed out or could not start.
    pub(crate) failed: u64,
}

impl Count {
    /// One test.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// The sum of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// What one line of a runner's output tells; nothing for most lines.
    pub(crate) fn of_line(line: &str) -> Self {
        let line = without_colour(line);
        // cargo test; an indented one is the output of a test that nextest shows
        if let Some(rest) = line.strip_prefix("test result:") {
            return pairs(rest);
        }
        let line = line.trim().trim_matches('=').trim();
        // cargo nextest
        if line.starts_with("Summary [")
            && let Some((_, rest)) = line.split_once("run:")
        {
            return pairs(rest);
        }
        // node --test
        for mark in ["# ", "ℹ "] {
            if let Some(rest) = line.strip_prefix(mark) {
                return match rest.split_once(' ') {
                    Some(("pass", number)) => {
                        Self { passed: number.parse().unwrap_or(0), failed: 0 }
                    }
                    Some(("fail", number)) => {
                        Self { passed: 0, failed: number.parse().unwrap_or(0) }
                    }
                    _ => Self::default(),
                };
            }
        }
        // pytest
        if line.starts_with(|letter: char| letter.is_ascii_digit())
            && line.ends_with('s')
            && line.contains(" in ")
        {
            return pairs(line);
        }
        Self::default()
    }
}

/// Adds up `5 passed; 1 failed` and its like.
fn pairs(text: &str) -> Count {
    let words: Vec<&str> =
        text.split([' ', ',', ';', '.', '(']).filter(|word| !word.is_empty()).collect();
    let mut count = Count::default();
    for (number, what) in words.iter().zip(words.iter().skip(1)) {
        let Ok(number) = number.parse::<u64>() else { continue };
        match *what {
            "passed" => count.passed = count.passed.saturating_add(number),
            "failed" | "timed" | "exec" | "error" | "errors" => {
                count.failed = count.failed.saturating_add(number);
            }
            _ => {}
        }
    }
    count
}

fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_are_understood() {
        let cases = [
            ("test result: ok. 5 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out", 5, 1),
            (
                "     Summary [   0.012s] 7 tests run: 5 passed (1 slow), 1 failed, 1 timed out, 3 skipped",
                5,
                2,
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.012s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m passed",
                2,
                0,
            ),
            ("===== 3 passed, 1 failed, 1 warning in 0.12s =====", 3, 1),
            ("4 passed in 0.02s", 4, 0),
            ("# pass 6", 6, 0),
            ("ℹ fail 2", 0, 2),
        ];
        for (line, passed, failed) in cases {
            assert_eq!(Count::of_line(line), Count { passed, failed }, "{line}");
        }
    }

    #[test]
    fn other_lines_say_nothing() {
        let shown = "    test result: FAILED. 0 passed; 1 failed";
        for line in
            [shown, "", "3 runs passed", "# passengers 4", "test a::b ... ok", "Finished in 3 s"]
        {
            assert_eq!(Count::of_line(line), Count::default(), "{line}");
        }
    }
}
