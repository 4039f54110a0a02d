//! From what a program writes to the pieces of an answer. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use fusion_core::model::chat::{Chunk, Fault, FaultKind, Usage, Usd};
use fusion_core::model::limits;
use serde_json::Value;

use super::dialect::{Counts, Dialect, Form, Rule, Test};
use super::middle::Middle;
use super::veil::Veil;
use crate::wire::{Lines, TooLong, json};

/// The longest line, in bytes: a program tells in one what a tool gave it.
const LINE_BYTES: usize = 16 * 1024 * 1024;
/// The most that is read of a program, in bytes.
const OUTPUT_BYTES: usize = 256 * 1024 * 1024;
/// How much is shown of what a tool is given, in characters.
const SHOWN: usize = 200;

/// What went wrong, by the program's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) said: String,
    pub(super) status: Option<u16>,
}

/// Reads what a program writes.
#[derive(Debug)]
pub(super) struct Reader {
    dialect: Arc<Dialect>,
    lines: Lines,
    /// What has no meaning before it is whole: a piece of JSON, the bytes of a sign.
    rest: Vec<u8>,
    /// Whether the middle of a text that is too long is left out; else it is refused.
    pub(super) leaves_out: bool,
    middle: Middle,
    bytes: usize,
    /// Only the answer in the end is told.
    only_end: bool,
    /// Whole texts.
    veil: Veil,
    /// Texts and thoughts that come in pieces.
    veils: [Veil; 2],
    /// What came in pieces of the message that is being said.
    open: String,
    /// The next text is another message.
    is_apart: bool,
    has_said: bool,
    last: String,
    answer: Option<String>,
    structured: Option<String>,
    usage: Usage,
    cost: Option<Usd>,
    /// The name of the session.
    pub(super) session: String,
    pub(super) wrong: Option<Wrong>,
    /// The first line that was no event.
    pub(super) garbage: Option<String>,
    /// Nothing more comes.
    pub(super) is_over: bool,
}

impl Reader {
    pub(super) fn new(dialect: Arc<Dialect>, veil: Veil, only_end: bool) -> Self {
        Self {
            dialect,
            lines: Lines::new(LINE_BYTES),
            rest: Vec::new(),
            leaves_out: false,
            middle: Middle::default(),
            bytes: 0,
            only_end,
            veils: [veil.clone(), veil.clone()],
            veil,
            open: String::new(),
            is_apart: false,
            has_said: false,
            last: String::new(),
            answer: None,
            structured: None,
            usage: Usage::default(),
            cost: None,
            session: String::new(),
            wrong: None,
            garbage: None,
            is_over: false,
        }
    }

    /// Takes more bytes, and adds what they say.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        let most = match self.dialect.output {
            Form::Lines => OUTPUT_BYTES,
            Form::Text if self.leaves_out => usize::MAX,
            Form::Text | Form::Json => limits::ANSWER_BYTES,
        };
        if self.bytes > most {
            return Err(malformed(format!("it wrote more than {most} bytes")));
        }
        match self.dialect.output {
            Form::Lines => self.read_lines(Some(bytes), out),
            Form::Json => {
                self.rest.extend_from_slice(bytes);
                Ok(())
            }
            Form::Text => {
                let head = if self.leaves_out { self.middle.head(bytes) } else { bytes };
                self.rest.extend_from_slice(head);
                // The line ends behind an answer are none of it.
                let whole = self.rest.get(..whole_signs(&self.rest)).unwrap_or_default();
                let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
                let whole = whole.iter().rposition(|byte| !is_end(byte)).map_or(0, |at| at + 1);
                let text = String::from_utf8_lossy(self.rest.get(..whole).unwrap_or_default());
                let text = text.into_owned();
                self.rest.drain(..whole);
                self.delta(&text, out);
                Ok(())
            }
        }
    }

    /// Takes note that nothing more comes.
    pub(super) fn finish(&mut self, out: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        let rest = std::mem::take(&mut self.rest);
        match self.dialect.output {
            Form::Lines => self.read_lines(None, out)?,
            Form::Json => match serde_json::from_slice(&rest) {
                Ok(Value::Array(events)) => events.iter().for_each(|event| self.event(event, out)),
                Ok(event) => self.event(&event, out),
                Err(_) => self.note_garbage(&rest),
            },
            Form::Text => {
                let all = [rest, self.middle.end()].concat();
                let text = String::from_utf8_lossy(&all);
                self.delta(text.trim_end_matches(['\n', '\r']), out);
            }
        }
        Ok(())
    }

    /// Adds what only the end tells: the answer, if none of it was told before, tokens and cost.
    pub(super) fn conclude(&mut self, out: &mut VecDeque<Chunk>) {
        let [texts, thoughts] = &mut self.veils;
        let (text, thought) = (texts.rest(), thoughts.rest());
        tell(thought, out, |text| Chunk::Reasoning { text });
        tell(text, out, |text| Chunk::Text { text });
        if !self.has_said || self.only_end {
            let answer = self.structured.take().unwrap_or_else(|| self.last_words());
            tell(self.veil.hide(&answer), out, |text| Chunk::Text { text });
        }
        if self.usage != Usage::default() || self.cost.is_some() {
            out.push_back(Chunk::Usage { usage: self.usage, cost: self.cost });
        }
    }

    /// Gives the answer as the program told it in the end, else its last message.
    pub(super) fn last_words(&self) -> String {
        let last = if self.open.is_empty() { &self.last } else { &self.open };
        self.veil.hide(self.answer.as_ref().unwrap_or(last).trim_end())
    }

    /// Tells whether there is no word of an answer.
    pub(super) fn is_silent(&self) -> bool {
        !self.has_said && self.structured.is_none() && self.last_words().is_empty()
    }

    /// Hides keys in a text.
    pub(super) fn hide(&self, text: &str) -> String {
        self.veil.hide(text)
    }

    fn read_lines(&mut self, bytes: Option<&[u8]>, out: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        let mut found = Vec::new();
        let each = |line: &[u8]| {
            found.push(line.to_vec());
            Ok(())
        };
        let cut = match bytes {
            Some(bytes) => self.lines.push(bytes, each),
            None => self.lines.finish(each),
        };
        for line in found {
            match serde_json::from_slice::<Value>(&line) {
                Ok(event @ Value::Object(_)) if !self.is_over => self.event(&event, out),
                Ok(Value::Object(_)) => {}
                _ => self.note_garbage(&line),
            }
        }
        cut.map_err(|TooLong { most }| malformed(format!("a line is longer than {most} bytes")))
    }

    fn note_garbage(&mut self, line: &[u8]) {
        if self.garbage.is_none() && !line.trim_ascii().is_empty() {
            let text: String = String::from_utf8_lossy(line).trim().chars().take(SHOWN).collect();
            self.garbage = Some(self.hide(&text));
        }
    }

    fn event(&mut self, event: &Value, out: &mut VecDeque<Chunk>) {
        let dialect = self.dialect.clone();
        let fits = |rule: &&Rule| rule.when.iter().all(|(path, test)| test.passes(at(event, path)));
        for rule in dialect.events.iter().filter(fits) {
            if rule.each.is_empty() {
                self.apply(rule, event, out);
                continue;
            }
            let fits = |item: &&Value| {
                rule.of.iter().all(|(path, test): (_, &Test)| test.passes(at(item, path)))
            };
            for item in json::list(event, &rule.each).iter().filter(fits) {
                self.apply(rule, item, out);
            }
        }
    }

    fn apply(&mut self, rule: &Rule, value: &Value, out: &mut VecDeque<Chunk>) {
        let text = |path: &str| words(value, path).filter(|text| !text.is_empty());
        if let Some(piece) = text(&rule.reasoning) {
            self.reason(&piece, out);
        }
        if let Some(piece) = text(&rule.delta) {
            self.delta(&piece, out);
        }
        if let Some(message) = text(&rule.text) {
            self.message(message, out);
        }
        if let Some(tool) = text(&rule.tool) {
            self.tool(&tool, &text(&rule.input).unwrap_or_default(), out);
        }
        self.answer = text(&rule.answer).or_else(|| self.answer.take());
        self.structured = text(&rule.structured).or_else(|| self.structured.take());
        let (session, model) = (text(&rule.session), text(&rule.model));
        if let Some(session) = session.filter(|_| self.session.is_empty()) {
            self.session = self.hide(&session);
            out.push_back(Chunk::Begun { id: self.session.clone(), model: String::new() });
        }
        if let Some(model) = model {
            out.push_back(Chunk::Begun { id: String::new(), model: self.hide(&model) });
        }
        self.count(rule, value);
        if !rule.error.is_empty() && self.wrong.is_none() {
            let said = text(&rule.error).unwrap_or_default();
            let status = json::some_count(value, &rule.status).filter(|_| !rule.status.is_empty());
            let status = status.and_then(|status| u16::try_from(status).ok());
            self.wrong = Some(Wrong { said: self.hide(&said), status });
        }
        self.is_over |= rule.end;
    }

    fn delta(&mut self, piece: &str, out: &mut VecDeque<Chunk>) {
        self.open.push_str(piece);
        self.say(piece, out);
    }

    /// Tells of a whole message what was not told in pieces.
    fn message(&mut self, message: String, out: &mut VecDeque<Chunk>) {
        let open = std::mem::take(&mut self.open);
        if let Some(more) = message.strip_prefix(&open) {
            self.say(more, out);
        } else {
            self.is_apart = true;
            self.say(&message, out);
        }
        self.last = message;
        self.is_apart = true;
    }

    fn say(&mut self, piece: &str, out: &mut VecDeque<Chunk>) {
        if piece.is_empty() || self.only_end {
            return;
        }
        let apart = std::mem::take(&mut self.is_apart) && self.has_said;
        self.has_said = true;
        let [texts, _] = &mut self.veils;
        let shown = texts.push(&if apart { format!("\n\n{piece}") } else { piece.to_owned() });
        tell(shown, out, |text| Chunk::Text { text });
    }

    fn reason(&mut self, piece: &str, out: &mut VecDeque<Chunk>) {
        let [_, thoughts] = &mut self.veils;
        tell(thoughts.push(piece), out, |text| Chunk::Reasoning { text });
    }

    /// Shows a tool that the program uses among its thoughts: it is none of the caller's.
    fn tool(&mut self, name: &str, input: &str, out: &mut VecDeque<Chunk>) {
        if !self.open.is_empty() {
            self.last = std::mem::take(&mut self.open);
        }
        self.is_apart = true;
        // What was cut could be a part of a key.
        let shown: String = self.hide(input).chars().take(SHOWN).collect();
        let line = format!("[{} {shown}", self.hide(name));
        self.reason(&format!("{}]\n", line.trim_end()), out);
    }

    fn count(&mut self, rule: &Rule, value: &Value) {
        if let Some(counts) = &rule.usage {
            let usage = usage(counts, value);
            self.usage = if rule.adds { self.usage.plus(usage) } else { self.usage.max(usage) };
        }
        let cost = (!rule.cost.is_empty()).then(|| json::usd(value, &rule.cost)).flatten();
        if let Some(cost) = cost {
            let known = self.cost.unwrap_or(Usd::ZERO);
            self.cost = Some(if rule.adds { known.plus(cost) } else { known.max(cost) });
        }
    }
}

fn usage(counts: &Counts, value: &Value) -> Usage {
    let one = |path: &str| if path.is_empty() { 0 } else { json::count(value, path) };
    let sum = |paths: &[String]| paths.iter().map(|path| one(path)).fold(0, u64::saturating_add);
    Usage {
        input: sum(&counts.input),
        output: sum(&counts.output),
        cached_read: one(&counts.cached_read),
        cached_write: one(&counts.cached_write),
        reasoning: one(&counts.reasoning),
    }
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// Gives what is at a path as text; none for no path and nothing there.
fn words(value: &Value, path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    match value.pointer(path)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn tell(text: String, out: &mut VecDeque<Chunk>, chunk: impl FnOnce(String) -> Chunk) {
    if !text.is_empty() {
        out.push_back(chunk(text));
    }
}

/// Tells how many of the bytes are whole signs; what cannot become one counts as whole.
fn whole_signs(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(3);
    let tail = bytes.get(from..).unwrap_or_default();
    let begun = tail.iter().rposition(|byte| *byte >= 0xC0);
    let Some(at) = begun else { return bytes.len() };
    let first = tail.get(at).copied().unwrap_or_default();
    let needs = if first >= 0xF0 {
        4
    } else if first >= 0xE0 {
        3
    } else {
        2
    };
    if tail.len() - at < needs { from + at } else { bytes.len() }
}

fn malformed(what: String) -> Fault {
    Fault::new(FaultKind::Malformed, what)
}
