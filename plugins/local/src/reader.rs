//! From the model's words to chunks: whole signs, calls of tools, the words that end an answer.

use fusion_core::model::chat::{Chunk, Finish};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What surrounds a call of a tool.
const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

/// What is read out of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Text.
    Text,
    /// Text with calls of tools in it.
    Tools,
    /// One call of a tool, and nothing else.
    Call,
}

/// Reads an answer as it comes.
#[derive(Debug)]
pub(crate) struct Reader {
    mode: Mode,
    stops: Vec<String>,
    /// Bytes of a sign that is not whole yet.
    bytes: Vec<u8>,
    /// Text that may be the beginning of something that is no text.
    held: String,
    is_in_call: bool,
    calls: u32,
}

#[derive(Deserialize)]
struct Call<'a> {
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl Reader {
    pub(crate) fn new(mode: Mode, stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Self { mode, stops, bytes: Vec::new(), held: String::new(), is_in_call: false, calls: 0 }
    }

    /// Reads on. `true` when a word came that ends the answer.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.take_signs();
        if self.mode == Mode::Call {
            return false;
        }
        loop {
            if self.is_in_call {
                let Some((call, rest)) = self.held.split_once(CLOSE) else { return false };
                let (call, rest) = (call.to_owned(), rest.to_owned());
                self.held = rest;
                self.is_in_call = false;
                self.call(&call, out);
                continue;
            }
            let stop = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
            let open = (self.mode == Mode::Tools).then(|| self.held.find(OPEN)).flatten();
            match (stop, open) {
                (Some(stop), open) if open.is_none_or(|open| stop < open) => {
                    self.held.truncate(stop);
                    self.say(self.held.len(), out);
                    return true;
                }
                (_, Some(open)) => {
                    self.say(open, out);
                    self.held.drain(..OPEN.len());
                    self.is_in_call = true;
                }
                _ => {
                    self.say(self.safe(), out);
                    return false;
                }
            }
        }
    }

    /// Says the rest, and why the answer ended.
    pub(crate) fn finish(mut self, finish: Finish, out: &mut Vec<Chunk>) -> Finish {
        let rest = std::mem::take(&mut self.bytes);
        self.held.push_str(&String::from_utf8_lossy(&rest));
        let held = std::mem::take(&mut self.held);
        if self.mode == Mode::Call || self.is_in_call {
            self.call(&held, out);
        } else if !held.is_empty() {
            out.push(Chunk::text(held));
        }
        if self.calls > 0 && finish == Finish::Stop { Finish::ToolCalls } else { finish }
    }

    /// Moves whole signs from the bytes to the text; bytes that never make a sign become U+FFFD.
    fn take_signs(&mut self) {
        loop {
            let (valid, wrong) = match std::str::from_utf8(&self.bytes) {
                Ok(_) => (self.bytes.len(), None),
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            let whole: Vec<u8> = self.bytes.drain(..valid).collect();
            self.held.push_str(&String::from_utf8_lossy(&whole));
            match wrong {
                Some(length) => {
                    self.bytes.drain(..length);
                    self.held.push('\u{fffd}');
                }
                None => return,
            }
        }
    }

    /// How much of the held text is surely text: no marker begins at its end.
    fn safe(&self) -> usize {
        let tools = (self.mode == Mode::Tools).then_some(OPEN);
        let marks = self.stops.iter().map(String::as_str).chain(tools);
        let begins = |mark: &str| {
            let tails = self.held.char_indices().map(|(at, _)| at);
            tails
                .rev()
                .take_while(|at| self.held.len() - at < mark.len())
                .filter(|at| self.held.get(*at..).is_some_and(|tail| mark.starts_with(tail)))
                .last()
        };
        marks.filter_map(begins).min().unwrap_or(self.held.len())
    }

    fn say(&mut self, until: usize, out: &mut Vec<Chunk>) {
        if until > 0 {
            out.push(Chunk::text(self.held.drain(..until).collect::<String>()));
        }
    }

    /// Tells a call; what is none is told as the text that it is.
    fn call(&mut self, text: &str, out: &mut Vec<Chunk>) {
        let Ok(call) = serde_json::from_str::<Call<'_>>(text.trim()) else {
            if !text.trim().is_empty() {
                out.push(Chunk::text(text));
            }
            return;
        };
        // Some models write the arguments as a text with JSON in it.
        let raw = call.arguments.map_or("{}", RawValue::get);
        let text = match serde_json::from_str::<Value>(raw) {
            Ok(Value::String(text)) => text,
            _ => raw.to_owned(),
        };
        let index = self.calls;
        self.calls += 1;
        out.push(Chunk::Call {
            index,
            id: format!("call_{index}"),
            name: call.name,
            signature: None,
        });
        out.push(Chunk::Arguments { index, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is said when the bytes come one by one, and why it ended.
    fn read(mode: Mode, ends: &[&str], said: &[u8]) -> (String, Vec<(String, String)>, Finish) {
        let stops: Vec<String> = ends.iter().map(|&stop| stop.to_owned()).collect();
        let mut reader = Reader::new(mode, &stops);
        let mut out = Vec::new();
        for byte in said {
            if reader.push(&[*byte], &mut out) {
                break;
            }
        }
        let finish = reader.finish(Finish::Stop, &mut out);
        let (mut text, mut calls) = (String::new(), Vec::new());
        for chunk in out {
            match chunk {
                Chunk::Text { text: piece } => text.push_str(&piece),
                Chunk::Call { name, .. } => calls.push((name, String::new())),
                Chunk::Arguments { text, .. } => calls.last_mut().unwrap().1 = text.clone(),
                other => panic!("{other:?}"),
            }
        }
        (text, calls, finish)
    }

    #[test]
    fn signs_are_whole_and_broken_ones_are_marked() {
        let said = "naïve 🦀".as_bytes();
        assert_eq!(read(Mode::Text, &[], said).0, "naïve 🦀");
        assert_eq!(read(Mode::Text, &[], b"a\xffb\xf0\x9f").0, "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn a_stop_word_ends_it_and_is_not_said() {
        assert_eq!(
            read(Mode::Text, &["END", "stop"], b"on E EN and sto stop more").0,
            "on E EN and sto "
        );
        assert_eq!(read(Mode::Text, &["aab"], b"aaab").0, "a");
    }

    #[test]
    fn calls_are_taken_out_of_the_text() {
        let said = br#"Well. <tool_call>
{"name": "add", "arguments": {"a": 1}}
</tool_call><tool_call>{"name": "no"}</tool_call> <tool"#;
        let (text, calls, finish) = read(Mode::Tools, &[], said);
        assert_eq!(text, "Well.  <tool");
        let call = |name: &str, arguments: &str| (name.to_owned(), arguments.to_owned());
        assert_eq!(calls, [call("add", r#"{"a": 1}"#), call("no", "{}")]);
        assert_eq!(finish, Finish::ToolCalls);
    }

    #[test]
    fn a_call_that_is_none_is_text() {
        let (text, calls, finish) = read(Mode::Tools, &[], b"<tool_call>add(1)</tool_call>");
        assert_eq!((text.as_str(), calls.len(), finish), ("add(1)", 0, Finish::Stop));
        let (text, calls, _) = read(Mode::Call, &[], br#"{"name":"add","arguments":"{\"a\":1}"}"#);
        assert_eq!((text.as_str(), calls[0].1.as_str()), ("", r#"{"a":1}"#));
    }
}
