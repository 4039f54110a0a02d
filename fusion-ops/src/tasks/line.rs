//! One line of a task: box, id, marks, words.

use super::model::State;

/// Letters before the number of ids that are not of tasks.
const OTHERS: [&str; 16] = [
    "FR", "NFR", "SC", "US", "AC", "CHK", "REQ", "P", "ADR", "RFC", "ISO", "V", "ES", "UTF", "EC",
    "HTTP",
];

/// What a line says of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub(crate) id: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) parallel: bool,
    pub(crate) agent: Option<String>,
    pub(crate) stories: Vec<String>,
    pub(crate) title: String,
}

/// Reads a line without the sign of its list. `agents` are the names that count wherever they stand.
pub(crate) fn read(raw: &str, agents: &[String]) -> Line {
    let mut line = Line::default();
    let mut rest = unmarked(raw);
    if let Some((state, after)) = boxed(rest) {
        (line.state, rest) = (Some(state), unmarked(after));
    }
    line.parallel = raw.contains("[P]") || raw.contains("[p]");
    line.stories = stories(raw);
    while let Some((mark, after)) = mark(rest) {
        note(mark, &mut line);
        rest = unmarked(after);
    }
    if let Some((id, after)) = id(rest) {
        (line.id, rest) = (Some(id), after);
    }
    loop {
        rest = unmarked(rest.trim_start_matches([':', '.', ')', '-', '–', '—', '|', ' ', '*']));
        let Some((mark, after)) = mark(rest) else { break };
        note(mark, &mut line);
        rest = after;
    }
    if line.agent.is_none() {
        line.agent = trailing(rest, agents);
    }
    line.title = title(rest);
    line
}

/// Leaves out what only shows how the text looks.
fn unmarked(text: &str) -> &str {
    text.trim_start_matches([' ', '*', '_', '~', '`'])
}

fn boxed(text: &str) -> Option<(State, &str)> {
    let inside = text.strip_prefix('[')?;
    let (sign, rest) = inside.split_once(']')?;
    let state = match sign.trim() {
        "x" | "X" | "✓" | "✔" | "✅" => State::Done,
        "" | "~" | "/" | ">" | "🔄" => State::Open,
        "-" => State::Deferred,
        _ => return None,
    };
    rest.starts_with([' ', '*', '~', '`']).then_some((state, rest))
}

/// A mark before the words: `[P]`, `[US1]`, `(P)`, `@agent`.
fn mark(text: &str) -> Option<(&str, &str)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (mark, rest) = inside.split_once(']')?;
        // A link, or words that happen to stand in brackets.
        let short = mark.len() <= 24 && !rest.starts_with('(') && !mark.is_empty();
        return (short && id(mark).is_none()).then_some((mark, rest));
    }
    if let Some(rest) = text.strip_prefix("(P)") {
        return Some(("P", rest));
    }
    let name = text.strip_prefix('@')?;
    let end = name.find(|sign: char| !is_name(sign)).unwrap_or(name.len());
    let (_, rest) = name.split_at(end);
    let mark = text.get(..=end)?;
    (end > 0 && !rest.starts_with('/')).then_some((mark, rest))
}

fn is_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "-_".contains(sign)
}

fn note(mark: &str, line: &mut Line) {
    if mark.eq_ignore_ascii_case("p") || mark.eq_ignore_ascii_case("parallel") {
        line.parallel = true;
    }
    if let Some(agent) = mark.strip_prefix('@') {
        line.agent.get_or_insert_with(|| agent.trim_end_matches(['-', '_']).to_lowercase());
    }
}

/// An agent in parentheses at the end, or a known one anywhere.
fn trailing(text: &str, agents: &[String]) -> Option<String> {
    for (at, _) in text.match_indices('@') {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|sign| sign.is_alphanumeric() || sign == '/') {
            continue;
        }
        let name = text.get(at + 1..).unwrap_or_default();
        let end = name.find(|sign: char| !is_name(sign)).unwrap_or(name.len());
        let (name, rest) = name.split_at(end);
        let name = name.to_lowercase();
        let aside = before == Some('(')
            && rest.starts_with(')')
            && rest.trim_end_matches([')', '.', ' ', '✅']).is_empty();
        if !name.is_empty() && !rest.starts_with('/') && (aside || agents.contains(&name)) {
            return Some(name);
        }
    }
    None
}

/// User stories in brackets or words: `[US1]`, `[US1, US2]`, `[Story 2]`.
fn stories(raw: &str) -> Vec<String> {
    let mut found = Vec::new();
    for inside in raw.split('[').skip(1) {
        let Some((mark, _)) = inside.split_once(']') else { continue };
        for part in mark.split([',', '/', '+', '&', ' ']) {
            let number = part.trim().strip_prefix("US").or_else(|| part.trim().strip_prefix("us"));
            let number = number.map(|rest| rest.trim_start_matches(['-', '0']));
            if let Some(number) = number.filter(|number| is_number(number)) {
                let story = format!("US{number}");
                if !found.contains(&story) {
                    found.push(story);
                }
            }
        }
    }
    found
}

pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads an id at the beginning: `T001`, `T-001`, `UI003a`, `[T001]`, `Task 1.2`, and with its box only `1.2`.
pub(crate) fn id(text: &str) -> Option<(String, &str)> {
    if let Some(inside) = text.strip_prefix('[').or_else(|| text.strip_prefix('(')) {
        let (id, rest) = lettered(inside)?;
        return Some((id, rest.strip_prefix([']', ')'])?));
    }
    if let Some((id, rest)) = lettered(text) {
        return (!is_more(rest)).then_some((id, rest));
    }
    let word = text.get(..4).filter(|word| word.eq_ignore_ascii_case("task"))?;
    let rest = text.get(word.len()..)?.trim_start_matches([' ', '#', '-']);
    if let Some((id, rest)) = lettered(rest) {
        return Some((id, rest));
    }
    let (id, rest) = numbered(rest)?;
    (!is_more(rest)).then_some((id, rest))
}

/// Reads `1.2` or `1.` at the beginning.
pub(crate) fn numbered(text: &str) -> Option<(String, &str)> {
    let end = text.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let number = number.trim_end_matches('.');
    let is_id = number.starts_with(|sign: char| sign.is_ascii_digit())
        && number.len() <= 9
        && !number.contains("..");
    let ends = rest.is_empty() || rest.starts_with([' ', ':', '*', ')', '-', '|', ']', '–', '—']);
    (is_id && ends).then(|| (number.to_owned(), rest))
}

/// Whether what follows an id makes a list or a range of it.
fn is_more(rest: &str) -> bool {
    let after = rest.trim_start_matches(['-', '–', '—', ',', '/', '+', '.', ' ']);
    after.len() < rest.len()
        && !rest.starts_with(". ")
        && lettered(after).is_some()
        && !rest.starts_with(" - ")
}

/// Reads letters and a number: `T001`, `T-001`, `T1.2`, `T001a`.
pub(crate) fn lettered(text: &str) -> Option<(String, &str)> {
    let letters = text.find(|sign: char| !sign.is_ascii_uppercase()).unwrap_or(text.len());
    if !(1..=6).contains(&letters) {
        return None;
    }
    let (prefix, rest) = text.split_at(letters);
    let number = rest.strip_prefix(['-', '_']).unwrap_or(rest);
    let digits = number.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(number.len());
    if !(1..=5).contains(&digits) || OTHERS.contains(&prefix) {
        return None;
    }
    let mut end = text.len() - number.len() + digits;
    // A part (`T1.2`), or a letter for what was put between (`T012a`).
    while let Some(after) = text.get(end..).and_then(|rest| rest.strip_prefix('.')) {
        let digits = after.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(after.len());
        if digits == 0 || digits > 4 {
            break;
        }
        end += digits + 1;
    }
    let tail = text.get(end..).unwrap_or_default();
    let mut signs = tail.chars();
    if signs.next().is_some_and(|sign| sign.is_ascii_alphabetic())
        && !signs.next().is_some_and(char::is_alphanumeric)
    {
        end += 1;
    }
    let (id, rest) = text.split_at(end);
    let joined = rest.starts_with(|sign: char| sign.is_alphanumeric() || sign == '_');
    (!joined).then(|| (id.to_owned(), rest))
}

/// The words without marks of emphasis and marks that repeat the state.
fn title(rest: &str) -> String {
    let text = rest.replace("**", "").replace("~~", "");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    while words.last().is_some_and(|word| ["✅", "✓", "✔", "☑", "[P]", "❌", "🔄"].contains(word))
    {
        words.pop();
    }
    let said: String = words.join(" ");
    said.chars().filter(|sign| !sign.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(raw: &str) -> Line {
        read(raw, &["codex".to_owned()])
    }

    #[test]
    fn ids_and_marks_of_all_kinds_are_read() {
        let id = |raw: &str| line(raw).id;
        for raw in ["T001 a", "[T001] a", "**T001** a", "T001: a", "[ ] T001 a", "[P] T001 a"] {
            assert_eq!(id(raw).as_deref(), Some("T001"), "{raw}");
        }
        assert_eq!(id("T-001: a").as_deref(), Some("T-001"));
        assert_eq!(id("Task 1.2: a").as_deref(), Some("1.2"));
        assert_eq!(id("T012a b").as_deref(), Some("T012a"));
        for raw in ["FR-001 a", "T010-T013: a", "T001, T003: a", "Use T001", "[P] T025-T027: a"] {
            assert_eq!(id(raw), None, "{raw}");
        }
    }

    #[test]
    fn marks_say_who_what_and_when() {
        let read = line("[x] T004 [P] [US1] [US2] @Claude Contract test in tests/a.py ✅");
        assert_eq!(read.state, Some(State::Done));
        assert!(read.parallel);
        assert_eq!(read.stories, ["US1", "US2"]);
        assert_eq!(read.agent.as_deref(), Some("claude"));
        assert_eq!(read.title, "Contract test in tests/a.py");
        assert_eq!(line("T1 do it (@somebody)").agent.as_deref(), Some("somebody"));
        assert_eq!(line("T1 let @codex do it").agent.as_deref(), Some("codex"));
        assert_eq!(line("T1 scan for @PermissionRequired in a").agent, None);
        assert_eq!(line("T1 install @angular/core").agent, None);
        assert_eq!(line("[-] T1 later").state, Some(State::Deferred));
        assert!(line("T1 a [P]").parallel);
    }
}
