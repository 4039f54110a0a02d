//! Which recorded question is most like one that was not recorded, and where they part.

use std::collections::BTreeMap;

use serde_json::Value;

/// The longest line that a message shows, in characters.
const SHOWN: usize = 160;

/// Says how a question differs from the most similar one; `None` when there is none to compare.
pub(super) fn difference<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let asked = lines(asked);
    let best = known.map(lines).max_by_key(|known| shared(&asked, known))?;
    let count = asked.len().max(best.len());
    let line = |of: &[String], at: usize| {
        of.get(at).map_or_else(|| "nothing".to_owned(), |line| short(line))
    };
    let at = (0..count).find(|at| asked.get(*at) != best.get(*at))?;
    let (recorded, now) = (line(&best, at), line(&asked, at));
    Some(format!("the nearest one has, first of all, `{recorded}` where this has `{now}`"))
}

/// One value a line, as `messages.0.role = "user"`.
fn lines(json: &str) -> Vec<String> {
    let mut out = Vec::new();
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let mut open = vec![(String::new(), &value)];
    while let Some((path, value)) = open.pop() {
        let under =
            |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Object(fields) => {
                open.extend(fields.iter().rev().map(|(name, value)| (under(name), value)));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate().rev();
                open.extend(items.map(|(at, value)| (under(&at.to_string()), value)));
            }
            other => out.push(format!("{path} = {other}")),
        }
    }
    out
}

/// How many lines both have.
fn shared(a: &[String], b: &[String]) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in a {
        *counts.entry(line).or_default() += 1;
    }
    let mut shared = 0;
    for line in b {
        if let Some(left) = counts.get_mut(line.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    shared
}

fn short(line: &str) -> String {
    let mut short: String = line.chars().take(SHOWN).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_to_the_most_similar_is_told() {
        let known = [r#"{"model":"a","n":[1,2,3]}"#, r#"{"model":"z","n":[7]}"#];
        let told = difference(r#"{"model":"a","n":[1,2,4]}"#, known.into_iter()).unwrap();
        assert!(told.contains("`n.2 = 3` where this has `n.2 = 4`"), "{told}");
        let told = difference(r#"{"model":"a","n":[1,2,3],"x":true}"#, known.into_iter()).unwrap();
        assert!(told.contains("`nothing` where this has `x = true`"), "{told}");
        assert_eq!(difference("{}", std::iter::empty()), None);
        let long = format!("{{\"a\":\"{}\"}}", "ö".repeat(5_000));
        assert!(difference(&long, known.into_iter()).unwrap().len() < 500);
    }
}
