//! From text to checked graphs.

use std::collections::BTreeMap;

use super::decode::graph;
use super::fit::top;
use super::load::load;
use super::table::FILE;
use super::tree::{Body, Tree};
use crate::error::{Code, Error, Place, Result};
use crate::graph::check::{
    At, Named, Places, Report, Spot, Warning, examine, named, normalise, warnings,
};
use crate::model::{Graph, limits};

/// The version of the file format that this engine reads.
const FORMAT: i64 = 1;

/// A workflow file that was read and checked.
#[derive(Debug, Clone)]
pub struct File {
    /// The workflow.
    pub graph: Graph,
    /// The further workflows that its `workflow:` nodes may name.
    pub workflows: BTreeMap<String, Graph>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
    /// What its workflows name and do not hold: steps, agents, models, other workflows.
    pub named: Vec<Named>,
}

/// Reads the bytes of a workflow file.
///
/// # Errors
/// As [`parse`], and `FU0201` for what is not UTF-8.
pub fn parse_bytes(bytes: &[u8], file: &str) -> Result<File> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.split(|byte| *byte == b'\n').count();
        let column =
            String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        let place = Place { file: file.into(), line, column };
        Error::new(Code::FileUnreadable, "the file is not UTF-8 text")
            .at(place)
            .hint("save it as UTF-8")
    })?;
    parse(text, file)
}

/// Reads a workflow file: YAML, or JSON, which is YAML too.
///
/// ```
/// let text = "fusion: 1\nname: hello\nnodes:\n  greet:\n    comand: [echo, hi]\n";
/// let error = fusion_core::graph::file::parse(text, "hello.yaml").unwrap_err();
/// assert_eq!(error.to_string(), "hello.yaml:5:5: FU0203: node `greet` has no key `comand`");
/// assert_eq!(error.hint_text(), Some("did you mean `command`?"));
/// ```
///
/// # Errors
/// Everything that is wrong with it, joined, each with its place: `FU0102`, `FU0106`, `FU0202` to `FU0208`.
pub fn parse(text: &str, file: &str) -> Result<File> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > limits::FILE_BYTES {
        let message = format!(
            "the file {file} has {} bytes; the most are {}",
            text.len(),
            limits::FILE_BYTES
        );
        let hint = "put data into a file of its own, and let a node read it";
        return Err(Error::new(Code::Limit, message).hint(hint));
    }
    let mut places = Places::of_file(file, text);
    let tree = tree(text, &places)?;
    format(&tree, &places)?;
    note(&tree, String::new(), tree.spot, &mut places);
    read(&tree, &places)
}

/// Reads the text; what is wrong with single values of it does not stop the rest, but what is no YAML does.
fn tree(text: &str, places: &Places) -> Result<Tree> {
    let mut report = Report::new(places);
    let tree = load(text, places, &mut report);
    report.finish()?;
    let nothing = || {
        let error = Error::new(Code::Syntax, "the file is empty");
        error.at(places.place(Spot { line: 1, column: 1 }))
    };
    let tree = tree.filter(|tree| !tree.is_null()).ok_or_else(nothing)?;
    if matches!(tree.body, Body::Map(_)) {
        return Ok(tree);
    }
    let message = format!("a workflow file is a map of keys, found {}", tree.found());
    Err(Error::new(Code::WrongType, message).at(places.place(tree.spot)))
}

/// Refuses files of another format before their keys confuse anyone.
fn format(tree: &Tree, places: &Places) -> Result<()> {
    let version = tree.get("fusion");
    let newer = version.and_then(Tree::number).and_then(serde_json::Number::as_i64);
    let (Some(version), Some(newer)) = (version, newer.filter(|newer| *newer > FORMAT)) else {
        return Ok(());
    };
    let message =
        format!("the file is written for format {newer}; this engine reads format {FORMAT}");
    let error = Error::new(Code::WrongType, message).at(places.place(version.spot));
    Err(error.hint("install a newer version of Fusion"))
}

/// Notes where every value is: scalars at themselves, lists and maps at their key.
fn note(tree: &Tree, path: String, spot: Spot, places: &mut Places) {
    for (index, item) in tree.items().iter().enumerate() {
        note(item, format!("{path}/{index}"), item.spot, places);
    }
    for entry in tree.entries() {
        let key = entry.key.replace('~', "~0").replace('/', "~1");
        let inner = matches!(entry.value.body, Body::List(_) | Body::Map(_));
        let spot = if inner { entry.spot } else { entry.value.spot };
        note(&entry.value, format!("{path}/{key}"), spot, places);
    }
    places.note(path, spot);
}

fn read(tree: &Tree, places: &Places) -> Result<File> {
    let mut report = Report::new(places);
    top(tree, &FILE, &mut report);
    let name = tree.get("name").and_then(Tree::word).unwrap_or_else(|| "workflow".to_owned());
    let mut graph = self::graph(&name, tree, None, &mut report);
    let mut all = report;
    examine(&graph, &mut all);
    let mut found = all.into_errors();
    let mut workflows = BTreeMap::new();
    let mut warned = Vec::new();
    let mut names = named(&graph, places);
    let further = At::top("workflows");
    for entry in tree.get("workflows").map(Tree::entries).unwrap_or_default() {
        let mut report = Report::new(places);
        let at = further.name(&entry.key);
        let mut graph = self::graph(&entry.key, &entry.value, Some(&at), &mut report);
        found.extend(report.into_errors());
        let inner = places.under(&at.pointer());
        let mut report = Report::new(&inner);
        examine(&graph, &mut report);
        found.extend(report.into_errors());
        warned.extend(warnings(&graph, &inner));
        names.extend(named(&graph, &inner));
        normalise(&mut graph);
        workflows.insert(entry.key.to_string(), graph);
    }
    if let Some(error) = Error::join(found) {
        return Err(error);
    }
    warned.extend(warnings(&graph, places));
    normalise(&mut graph);
    Ok(File { graph, workflows, warnings: warned, named: names })
}

/// Reads a text as plain data: YAML, or JSON, which is YAML too.
///
/// # Errors
/// `FU0106`, `FU0202`, `FU0204` and `FU0208`, each with its place.
pub fn value(text: &str, file: &str) -> Result<serde_json::Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let places = Places::of_file(file, text);
    let mut report = Report::new(&places);
    let tree = load(text, &places, &mut report);
    report.finish()?;
    Ok(tree.map_or(serde_json::Value::Null, |tree| tree.json()))
}

/// Gives the file as JSON, as the schema sees it.
#[cfg(test)]
pub(crate) fn as_json(text: &str) -> serde_json::Value {
    value(text, "w.yaml").unwrap()
}
