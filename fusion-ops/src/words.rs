//! Words that stand for something in every document: requirements and user stories.

/// The letters before the numbers of requirements.
const REQUIREMENTS: [&str; 8] = ["NFR", "FR", "SC", "REQ", "TR", "SR", "UR", "BR"];

/// Gives the ids of requirements in a text, each once: `FR-001`, also of `FR-001 to FR-003` the ends only.
pub(crate) fn requirements(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let pieces =
        text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-' || sign == '_'));
    for piece in pieces {
        if let Some(id) = requirement(piece)
            && !found.contains(&id)
        {
            found.push(id);
        }
    }
    found
}

/// Reads one id of a requirement: `FR-001`, `FR001`, `NFR-2`, `FR-AUTH-01`, `FR-001a`.
pub(crate) fn requirement(word: &str) -> Option<String> {
    let prefix = REQUIREMENTS.iter().find(|prefix| word.starts_with(**prefix))?;
    let rest = word.get(prefix.len()..)?;
    if !rest.starts_with(|sign: char| "-_".contains(sign) || sign.is_ascii_digit()) {
        return None;
    }
    let number = rest.trim_start_matches(['-', '_']);
    let digit = number.find(|sign: char| sign.is_ascii_digit())?;
    let area = number.get(..digit)?;
    let fits = area.is_empty()
        || (area.ends_with('-')
            && area.bytes().all(|sign| sign.is_ascii_uppercase() || sign == b'-'));
    (fits && word.len() <= 24).then(|| word.trim_end_matches(['-', '_']).to_owned())
}

/// Gives the user stories in a title: `User Story 1 + 2`, `User Stories 1, 2 and 3`, `[US3]`.
pub(crate) fn stories(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |number: &str| {
        let number = number.trim_start_matches('0');
        let story = format!("US{number}");
        if !number.is_empty() && !found.contains(&story) {
            found.push(story);
        }
    };
    let words: Vec<&str> = text
        .split(|sign: char| !sign.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut listing = false;
    for word in words {
        let lower = word.to_ascii_lowercase();
        let number = lower.strip_prefix("us").filter(|rest| is_number(rest));
        if let Some(number) = number {
            add(number);
        }
        match lower.as_str() {
            "story" | "stories" => listing = true,
            "and" | "us" => {}
            number if listing && is_number(number) => add(number),
            _ => listing = false,
        }
    }
    found
}

fn is_number(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_and_stories_are_found() {
        assert_eq!(
            requirements("per FR-001, NFR-2 (FR-AUTH-01)"),
            ["FR-001", "NFR-2", "FR-AUTH-01"]
        );
        assert!(requirements("SCREEN-1 FRAME FR").is_empty());
        assert_eq!(stories("Phase 3: User Story 1 + 2 — Access (P1)"), ["US1", "US2"]);
        assert_eq!(stories("Phase 5: [US3] Sort 5 tasks"), ["US3"]);
        assert_eq!(stories("User Stories 1, 2, and 3"), ["US1", "US2", "US3"]);
    }
}
