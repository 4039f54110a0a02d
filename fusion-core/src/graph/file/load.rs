//! YAML text to a tree: one document, bounded in depth and size, keys unique.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::scalar::plain;
use super::tree::{Body, Entry, Tree};
use crate::error::{Code, Error};
use crate::graph::check::{Places, Report, Spot};
use crate::model::limits;

/// The names of control characters that get into files.
const NAMES: [(u32, &str); 6] = [
    (0x00, "a NUL character"),
    (0x07, "a bell character"),
    (0x08, "a backspace"),
    (0x0b, "a vertical tab"),
    (0x0c, "a form feed"),
    (0x1b, "an escape character"),
];

/// A list or map that is still being read.
struct Open {
    anchor: usize,
    tree: Tree,
    /// The key whose value comes next.
    key: Option<(Box<str>, Spot)>,
}

/// A tree, and how many values it has.
type Sized = (Tree, usize);

struct Loader<'r, 'p> {
    source: &'r str,
    report: &'r mut Report<'p>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Sized>,
    values: usize,
    root: Option<Tree>,
}

/// Reads a text as one YAML document; reports what is wrong with it. Gives nothing when there is no way to go on.
pub(super) fn load(source: &str, places: &Places, report: &mut Report<'_>) -> Option<Tree> {
    if let Some(error) = control(source, places) {
        report.push(error);
        return None;
    }
    let mut loader = Loader {
        source,
        report,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        values: 0,
        root: None,
    };
    let mut documents = 0;
    for event in Parser::new_from_str(source) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                loader.refuse_text(&error, places);
                return None;
            }
        };
        documents += usize::from(matches!(event, Event::DocumentStart(_)));
        let step = if documents > 1 {
            let error = Error::new(Code::Syntax, "there is a second document");
            Err(error.hint("a workflow file is one document: take what follows `---` away"))
        } else {
            loader.take(event, span)
        };
        if let Err(error) = step {
            loader.report.push(error.at(places.place(spot(span.start))));
            return None;
        }
    }
    loader.root
}

/// Refuses control characters: nobody sees them, and for the parser a NUL is the end of the file.
fn control(source: &str, places: &Places) -> Option<Error> {
    let is_odd = |byte: &u8| *byte < b' ' && !b"\t\n\r".contains(byte);
    let at = source.bytes().position(|byte| is_odd(&byte))?;
    let (before, rest) = source.split_at_checked(at)?;
    let sign = u32::from(rest.chars().next()?);
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let ends = before.matches('\n').count() + before.matches('\r').count();
    let spot =
        Spot { line: 1 + ends - before.matches("\r\n").count(), column: line.chars().count() + 1 };
    let name = NAMES
        .iter()
        .find(|(code, _)| *code == sign)
        .map_or("a control character", |(_, name)| name);
    let message = format!("this is no YAML: {name} (U+{sign:04X}) is not allowed in a file");
    let hint = format!("take it away, or write `\\u{sign:04x}` in a text in double quotes");
    Some(Error::new(Code::Syntax, message).hint(hint).at(places.place(spot)))
}

fn spot(marker: Marker) -> Spot {
    Spot { line: marker.line(), column: marker.col() + 1 }
}

impl Loader<'_, '_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        let at = spot(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let body = self.scalar(&text, style, tag.as_deref(), at)?;
                self.complete(Tree { spot: at, body }, 1, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Body::List(Vec::new()), anchor, tag.as_deref(), at)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Body::Map(Vec::new()), anchor, tag.as_deref(), at)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut done) = self.open.pop() else { return Ok(()) };
                merge(&mut done.tree)?;
                self.complete(done.tree, 0, done.anchor)
            }
            Event::Alias(anchor) => {
                let Some((tree, size)) = self.anchors.get(&anchor) else {
                    let error =
                        Error::new(Code::Syntax, "the alias stands inside of what it repeats");
                    return Err(error.hint("write the value out"));
                };
                let size = *size;
                // Before the copy is made: a bomb must not go off.
                if self.values + size > limits::FILE_VALUES {
                    return Err(too_many());
                }
                let tree = tree.clone();
                self.complete(Tree { spot: at, ..tree }, size, 0)
            }
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        body: Body,
        anchor: usize,
        tag: Option<&Tag>,
        at: Spot,
    ) -> Result<(), Error> {
        untagged(tag)?;
        if self.open.len() >= limits::FILE_DEPTH {
            let message = format!("the file is nested deeper than {} levels", limits::FILE_DEPTH);
            return Err(Error::new(Code::Limit, message));
        }
        self.values += 1;
        self.open.push(Open { anchor, tree: Tree { spot: at, body }, key: None });
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: Spot,
    ) -> Result<Body, Error> {
        let text_tag = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        if !text_tag {
            untagged(tag)?;
        }
        let key = self
            .open
            .last()
            .is_some_and(|open| matches!(open.tree.body, Body::Map(_)) && open.key.is_none());
        if key || text_tag || style != ScalarStyle::Plain {
            return Ok(Body::Text(text.into()));
        }
        Ok(plain(text).unwrap_or_else(|(message, hint)| {
            let place = self.report.places().place(at);
            self.report.push(Error::new(Code::WrongType, message).hint(hint).at(place));
            Body::Text(text.into())
        }))
    }

    /// Puts a finished value where it belongs.
    fn complete(&mut self, tree: Tree, size: usize, anchor: usize) -> Result<(), Error> {
        self.values += size;
        if self.values > limits::FILE_VALUES {
            return Err(too_many());
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (tree.clone(), count(&tree)));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(tree);
            return Ok(());
        };
        match &mut open.tree.body {
            Body::List(items) => items.push(tree),
            Body::Map(entries) => {
                if let Some((key, spot)) = open.key.take() {
                    entries.push(Entry { key, spot, value: tree });
                } else {
                    let key = tree.word().ok_or_else(|| self.odd_key(&tree))?;
                    if let Some(open) = self.open.last_mut() {
                        open.key = Some((key.into(), tree.spot));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn odd_key(&self, tree: &Tree) -> Error {
        let line = self.source.lines().nth(tree.spot.line.saturating_sub(1)).unwrap_or_default();
        if line.contains("{{") {
            let error = Error::new(Code::Syntax, "a `{{` without quotes begins a map in YAML");
            return error.hint("quote the template: \"{{ … }}\"");
        }
        Error::new(Code::Syntax, format!("a key must be a text, found {}", tree.found()))
    }

    fn refuse_text(&mut self, error: &ScanError, places: &Places) {
        let at = spot(*error.marker());
        let mut said = Error::new(Code::Syntax, format!("this is no YAML: {}", error.info()));
        let near = self.source.lines().skip(at.line.saturating_sub(2)).take(2);
        let near: Vec<&str> = near.collect();
        let bare = |line: &&str| {
            let before = line.split("{{").next().unwrap_or_default();
            line.contains("{{") && !before.contains(['"', '\''])
        };
        if error.info().contains("tab") {
            said = said.hint("indent with spaces: YAML allows no tabs there");
        } else if near.iter().any(bare) {
            said = said.hint("quote the template: \"{{ … }}\"");
        } else if near.iter().any(|line| line.matches(": ").count() > 1) {
            said = said.hint("quote a text that has `: ` in it");
        }
        self.report.push(said.at(places.place(at)));
    }
}

fn untagged(tag: Option<&Tag>) -> Result<(), Error> {
    let Some(tag) = tag else { return Ok(()) };
    let error =
        Error::new(Code::Syntax, format!("the tag `{tag}` means nothing in a workflow file"));
    Err(error.hint("take it away"))
}

fn too_many() -> Error {
    let message =
        format!("the file has more than {} values, its aliases written out", limits::FILE_VALUES);
    Error::new(Code::Limit, message)
        .hint("take aliases of aliases away, or map over a list that a node gives")
}

fn count(tree: &Tree) -> usize {
    let items: usize = tree.items().iter().map(count).sum();
    let entries: usize = tree.entries().iter().map(|entry| count(&entry.value)).sum();
    1 + items + entries
}

/// Carries out `<<: *other` (keys of the map itself win) and refuses keys that are given twice.
fn merge(tree: &mut Tree) -> Result<(), Error> {
    let Body::Map(entries) = &mut tree.body else { return Ok(()) };
    let mut seen: BTreeMap<&str, Spot> = BTreeMap::new();
    for entry in &*entries {
        if let Some(first) = seen.insert(&entry.key, entry.spot) {
            let message = format!(
                "the key `{}` is given twice: in line {} and in line {}",
                entry.key, first.line, entry.spot.line
            );
            return Err(Error::new(Code::Duplicate, message).hint("take one of them away"));
        }
    }
    if !seen.contains_key("<<") {
        return Ok(());
    }
    let (others, mut own): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(entries).into_iter().partition(|entry| &*entry.key == "<<");
    for other in others {
        let sources = match other.value.body {
            Body::List(items) => items,
            _ => vec![other.value],
        };
        for source in sources {
            let Body::Map(more) = source.body else {
                return Err(Error::new(Code::Syntax, "`<<` takes a map, or a list of maps"));
            };
            for entry in more {
                if own.iter().all(|known| known.key != entry.key) {
                    own.push(entry);
                }
            }
        }
    }
    *entries = own;
    Ok(())
}
