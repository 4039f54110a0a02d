//! The nearest right word for a wrong one.

/// How many known words a hint lists before it only counts the rest.
const LISTED_WORDS: usize = 8;

/// Finds the candidate that `word` most probably means, or none when nothing is near.
///
/// Case doesn't count. A swap, a missing, an added and a wrong letter count as one slip each; one
/// slip is allowed for every three letters (at least one). Longer words that share their
/// beginning, such as `timeout` and `timeout_ms`, are near too. Of equally near candidates the
/// first wins. Words of one letter are only near themselves.
///
/// ```
/// use fusion_core::graph::nearest::nearest;
///
/// assert_eq!(nearest("fetsh", ["store", "fetch"]), Some("fetch"));
/// assert_eq!(nearest("Retries", ["retry", "retries"]), Some("retries"));
/// assert_eq!(nearest("banana", ["store", "fetch"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let Some(score) = score(&word, &candidate.to_lowercase()) else { continue };
        if best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Writes a hint for a wrong word: the near one, or the known ones (eight, then a count).
///
/// Gives an empty text when there is no candidate at all.
///
/// ```
/// use fusion_core::graph::nearest::hint;
///
/// assert_eq!(hint("fetsh", ["store", "fetch"]), "did you mean `fetch`?");
/// assert_eq!(hint("banana", ["store", "fetch"]), "known: store, fetch");
/// ```
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = nearest(word, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if known.is_empty() {
        return String::new();
    }
    let listed: Vec<&str> = known.iter().copied().take(LISTED_WORDS).collect();
    let rest = known.len() - listed.len();
    let listed = listed.join(", ");
    if rest == 0 { format!("known: {listed}") } else { format!("known: {listed} and {rest} more") }
}

/// How near two lower-case words are, from 0 to 1; none when they are too far apart.
fn score(word: &str, candidate: &str) -> Option<f64> {
    if word == candidate {
        return Some(1.0);
    }
    let letters = word.chars().count().min(candidate.chars().count());
    if letters < 2 {
        return None;
    }
    let slips = strsim::damerau_levenshtein(word, candidate);
    let shared = word.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
    let near = slips <= (letters / 3).max(1);
    let begins = letters >= 4 && shared == letters;
    // Jaro-Winkler favours a shared beginning, which is what people get right.
    (near || begins).then(|| strsim::jaro_winkler(word, candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_by_length() {
        let words = ["id", "run", "fetch", "timeout_ms", "transform"];
        for (wrong, right) in [
            ("rnu", Some("run")),
            ("FECTH", Some("fetch")),
            ("timeout", Some("timeout_ms")),
            ("tranfsrom", Some("transform")),
            ("i", None),
            ("xyz", None),
            ("fxxxx", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, words), right, "{wrong}");
        }
    }

    #[test]
    fn ties_go_to_the_first() {
        assert_eq!(nearest("bat", ["cat", "hat"]), Some("cat"));
        assert_eq!(nearest("bat", ["hat", "cat"]), Some("hat"));
    }

    #[test]
    fn an_exact_word_wins_over_a_near_one() {
        assert_eq!(nearest("Build", ["builds", "build"]), Some("build"));
    }

    #[test]
    fn the_list_is_capped() {
        let words: Vec<String> = (0..20).map(|n| format!("known-{n:02}")).collect();
        let list = hint("zzz", words.iter().map(String::as_str));
        assert!(list.ends_with("known-06, known-07 and 12 more"), "{list}");
        assert_eq!(hint("zzz", []), "");
    }
}
