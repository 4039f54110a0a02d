//! JUnit XML, read: what many programs write, none quite as another.

use fusion_core::error::{Code, Error, Result};
use roxmltree::{Document, Node, ParsingOptions};

use super::report::{Case, Outcome};
use super::xml::is_allowed;

/// The largest text, in bytes.
const MOST: usize = 64 * 1024 * 1024;
/// The most elements, attributes apart.
const NODES: u32 = 2_000_000;
/// The most tests of one text.
const CASES: usize = 200_000;
/// The most groups around a test whose names are joined.
const DEPTH: usize = 32;
/// The longest name, in characters.
const NAME: usize = 1_000;
/// The longest message, in characters.
const MESSAGE: usize = 2_000;
/// The longest output, in characters.
const OUTPUT: usize = 8_000;

/// Tests that stand together in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// The tests.
    pub cases: Vec<Case>,
}

/// Reads JUnit XML: `testsuites` with suites in it, or a suite alone; suites in suites become classes of their tests, where those have none.
/// Signs that XML does not know are replaced, escapes for terminals are taken out, long texts cut.
///
/// # Errors
/// `FU0202` for what is no XML, no JUnit, or has a document type; `FU0106` for more than 64 MiB, 2 000 000 elements or 200 000 tests.
pub fn read(text: &str) -> Result<Vec<Group>> {
    if text.len() > MOST {
        return Err(Error::new(Code::Limit, format!("a report has more than {MOST} bytes")));
    }
    let text = allowed(text);
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|why| match why {
        roxmltree::Error::NodesLimitReached => {
            Error::new(Code::Limit, format!("a report has more than {NODES} elements"))
        }
        why => Error::new(Code::Syntax, "a report is no XML").because(why),
    })?;
    let root = document.root_element();
    if !["testsuites", "testsuite"].contains(&root.tag_name().name()) {
        let message = format!("a report begins with <{}>", root.tag_name().name());
        return Err(Error::new(Code::Syntax, clean(&message, NAME))
            .hint("JUnit XML begins with <testsuites> or <testsuite>"));
    }
    let mut groups: Vec<Group> = Vec::new();
    let (mut count, mut loose) = (0, false);
    let is_list = root.tag_name().name() == "testsuites";
    let is_outer =
        |node: &Node<'_, '_>| node.parent_element().is_none_or(|parent| is_list && parent == root);
    // The order of the document; walked without recursion, however deep it is.
    for node in root.descendants().filter(Node::is_element) {
        match node.tag_name().name() {
            "testsuite" if is_outer(&node) => {
                let name = clean(node.attribute("name").unwrap_or_default(), NAME);
                groups.push(Group { name, cases: Vec::new() });
                loose = false;
            }
            "testcase" => {
                count += 1;
                if count > CASES {
                    let message = format!("a report has more than {CASES} tests");
                    return Err(Error::new(Code::Limit, message));
                }
                // One without a suite around it.
                if is_outer(&node) && !loose {
                    groups.push(Group::default());
                    loose = true;
                }
                if let Some(group) = groups.last_mut() {
                    group.cases.push(case(node));
                }
            }
            _ => {}
        }
    }
    Ok(groups)
}

fn case(node: Node<'_, '_>) -> Case {
    let text = |key: &str| clean(node.attribute(key).unwrap_or_default(), NAME);
    let mut case = Case {
        name: text("name"),
        class: text("classname"),
        file: text("file"),
        time_ms: milliseconds(node.attribute("time").unwrap_or_default()),
        ..Case::default()
    };
    // Node's own runner writes `test` for all; the groups say more.
    if case.class.is_empty() || case.class == "test" {
        let is_suite = |one: &Node<'_, '_>| one.tag_name().name() == "testsuite";
        let around = node.ancestors().skip(1).take(DEPTH).filter(is_suite);
        let mut names: Vec<&str> = around.filter_map(|one| one.attribute("name")).collect();
        names.reverse();
        if names.len() > 1 {
            let skip = usize::from(case.class.is_empty());
            case.class = clean(&names.get(skip..).unwrap_or_default().join(" > "), NAME);
        }
    }
    let mut written = String::new();
    for part in node.children().filter(Node::is_element) {
        let outcome = match part.tag_name().name() {
            "failure" | "rerunFailure" => Outcome::Failed,
            "error" | "rerunError" => Outcome::Error,
            "skipped" => Outcome::Skipped,
            "flakyFailure" | "flakyError" => {
                case.flaky = true;
                Outcome::Passed
            }
            "system-out" | "system-err" => {
                written.push_str(&inner(part));
                continue;
            }
            "properties" => {
                let is_mark = |one: Node<'_, '_>| one.attribute("name") == Some("flaky");
                case.flaky |= part.children().any(is_mark);
                continue;
            }
            _ => continue,
        };
        // Of several the first one counts.
        if case.outcome == Outcome::Passed && case.message.is_empty() && case.output.is_empty() {
            case.outcome = outcome;
            let trace = inner(part);
            let said = part.attribute("message").unwrap_or_default();
            let first = trace.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let has_message = part.has_attribute("message");
            case.message = clean(if has_message { said } else { first.trim() }, MESSAGE);
            if outcome != Outcome::Skipped {
                case.output = clean(&trace, OUTPUT);
            }
        }
    }
    if case.output.is_empty() {
        case.output = clean(&written, OUTPUT);
    }
    case
}

fn inner(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect()
}

/// Reads seconds as milliseconds: `0.25`, `1,234.5`; what is none is 0.
fn milliseconds(text: &str) -> u64 {
    let seconds: f64 = text.trim().replace(',', "").parse().unwrap_or(0.0);
    let ms = (seconds * 1_000.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within these bounds"
    )]
    if ms.is_finite() && ms > 0.0 { ms.min(9e15) as u64 } else { 0 }
}

/// Replaces signs that XML does not know, written out or as numbers: programs write them where tests print them.
fn allowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        let (before, after) = rest.split_at(at);
        out.extend(
            before
                .chars()
                .map(|sign| if is_allowed(sign) { sign } else { char::REPLACEMENT_CHARACTER }),
        );
        let end = after.char_indices().take(12).find(|(_, sign)| *sign == ';').map(|(end, _)| end);
        let body = end.and_then(|end| after.get(2..end));
        let number = body.and_then(|body| match body.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => body.parse().ok(),
        });
        match (number, end) {
            (Some(number), Some(end)) if !char::from_u32(number).is_some_and(is_allowed) => {
                out.push(char::REPLACEMENT_CHARACTER);
                rest = after.get(end + 1..).unwrap_or_default();
            }
            _ => {
                out.push_str("&#");
                rest = after.get(2..).unwrap_or_default();
            }
        }
    }
    out.extend(
        rest.chars().map(|sign| if is_allowed(sign) { sign } else { char::REPLACEMENT_CHARACTER }),
    );
    out.trim_start_matches('\u{feff}').trim_start().to_owned()
}

/// Takes escapes for terminals and control signs out of a text, and keeps so many characters of its end.
pub(super) fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 4));
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            // After U+FFFD, too: that is what an escape becomes on its way through XML.
            '\u{1b}' | char::REPLACEMENT_CHARACTER if signs.peek() == Some(&'[') => {
                signs.next();
                while signs
                    .next_if(|sign| matches!(sign, '0'..='9' | ';' | ':' | '?' | ' '))
                    .is_some()
                {}
                signs.next_if(char::is_ascii_alphabetic);
            }
            '\r' if signs.peek() == Some(&'\n') => {}
            '\n' | '\t' => out.push(sign),
            sign if sign.is_control() || !is_allowed(sign) => out.push(char::REPLACEMENT_CHARACTER),
            sign => out.push(sign),
        }
    }
    let count = out.chars().count();
    if count > most { out.chars().skip(count - most).collect() } else { out }
}

/// Cuts the texts of a case to what is kept of them.
pub(super) fn tidy(case: &mut Case) {
    case.name = clean(&case.name, NAME);
    case.class = clean(&case.class, NAME);
    case.message = clean(&case.message, MESSAGE);
    case.output = clean(&case.output, OUTPUT);
}
