//! From the workspace to rules: reads a file that a task left, and says what they find.

use std::fs;
use std::path::Path;

use super::finding::{Beside, Finding, Look};
use super::judge::judge;
use super::set::Set;
use crate::check::inside;

/// The most findings that are told of a file: with more an agent loses the thread.
const MOST: usize = 8;
/// The largest file that is read, in bytes.
const PAGE: u64 = 1024 * 1024;

/// Says what is wrong with a file by the rules that count, in words for whoever mends it; none when nothing is, and for what is no text.
pub(in crate::check) fn look_by(rules: &[&str], folder: &Path, name: &str) -> Option<String> {
    if rules.is_empty() {
        return None;
    }
    let path = inside(folder, name)?;
    // What is larger was hardly written by hand; a rule says nothing about it.
    path.metadata().ok().filter(|about| about.is_file() && about.len() <= PAGE)?;
    let text = fs::read_to_string(path).ok()?;
    let beside = |path: &str| at(folder, path);
    let look = Look { name, text: text.strip_prefix('\u{feff}').unwrap_or(&text), beside: &beside };
    let counts = |rule: &str| rules.contains(&rule);
    let sets = Set::all().filter(|set| set.rules().iter().any(|rule| counts(rule.id)));
    let found = sets.flat_map(|set| judge(set, &look)).filter(|one| counts(one.rule));
    said(&found.collect::<Vec<_>>())
}

fn said(found: &[Finding]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = found.iter().take(MOST).map(Finding::to_string).collect();
    if let Some(more) = found.len().checked_sub(MOST).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    Some(lines.join("\n"))
}

/// What is at a path of a workspace. What leads out of it is not for us to judge, and counts as there.
fn at(folder: &Path, path: &str) -> Beside {
    if path.is_empty() {
        return Beside::Something;
    }
    let Some(whole) = inside(folder, path) else { return Beside::Something };
    let Ok(about) = whole.metadata() else { return Beside::Nothing };
    let is_page = path.rsplit('.').next().is_some_and(super::docs::is_page);
    if !is_page || about.is_dir() || about.len() > PAGE {
        return Beside::Something;
    }
    fs::read_to_string(whole).map_or(Beside::Something, Beside::Text)
}
