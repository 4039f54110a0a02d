//! Server-sent events, as the HTML standard has them, from pieces of bytes that may be cut anywhere.

use super::{Lines, TooLong};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// What kind it is; empty when the sender does not say.
    pub name: String,
    /// Its data: the lines of it, joined by line ends.
    pub data: String,
}

/// Reads events. Bytes that are no UTF-8 become replacement characters; ids and pauses are not kept, as no protocol here
/// takes a stream up again.
///
/// ```
/// use fusion_providers::wire::Sse;
///
/// let (mut sse, mut events) = (Sse::new(1024), Vec::new());
/// for piece in [&b"event: a\nda"[..], b"ta: 1\ndata: 2\r", b"\n\r\n: nothing\n"] {
///     sse.push(piece, &mut events).unwrap();
/// }
/// assert_eq!((events[0].name.as_str(), events[0].data.as_str()), ("a", "1\n2"));
/// ```
#[derive(Debug, Clone)]
pub struct Sse {
    lines: Lines,
    open: Open,
}

/// The event that is not whole yet.
#[derive(Debug, Clone)]
struct Open {
    event: Event,
    has_data: bool,
    most: usize,
}

impl Sse {
    /// Makes a reader of events whose lines, and whose data, have at most so many bytes.
    pub fn new(most: usize) -> Self {
        let open = Open { event: Event::default(), has_data: false, most };
        Self { lines: Lines::new(most), open }
    }

    /// Takes more bytes, and adds the events that are whole now.
    ///
    /// # Errors
    /// When a line or an event is too long; then nothing more can be taken.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLong> {
        let Self { lines, open } = self;
        lines.push(bytes, |line| open.line(line, events))
    }

    /// Adds the last event when the sender left out the empty line that ends it.
    ///
    /// # Errors
    /// When it is too long.
    pub fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), TooLong> {
        let Self { lines, open } = self;
        lines.finish(|line| open.line(line, events))?;
        open.line(b"", events)
    }
}

impl Open {
    fn line(&mut self, line: &[u8], events: &mut Vec<Event>) -> Result<(), TooLong> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                events.push(event);
            }
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.data(value),
            b"event" => {
                self.event.name = String::from_utf8_lossy(value).into_owned();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn data(&mut self, value: &[u8]) -> Result<(), TooLong> {
        if self.event.data.len() + value.len() > self.most {
            return Err(TooLong { most: self.most });
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.event.data.push('\n');
        }
        self.event.data.push_str(&String::from_utf8_lossy(value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]], most: usize) -> Result<Vec<Event>, TooLong> {
        let (mut sse, mut events) = (Sse::new(most), Vec::new());
        for piece in pieces {
            sse.push(piece, &mut events)?;
        }
        sse.finish(&mut events)?;
        Ok(events)
    }

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn the_forms_of_the_standard() {
        for (text, events) in [
            ("data: a\n\n", vec![event("", "a")]),
            ("data:a\rdata: b\r\r", vec![event("", "a\nb")]),
            ("data: a\r\ndata:\r\n\r\n", vec![event("", "a\n")]),
            ("\u{feff}data:  a\n\n", vec![event("", " a")]),
            ("data: \u{feff}a\n\n", vec![event("", "\u{feff}a")]),
            (": ping\nid: 3\nretry: 5\n\nevent: x\n\ndata: 1\n\n", vec![event("", "1")]),
            ("event: x\ndata: {\"a\":\n\ndata", vec![event("x", "{\"a\":"), event("", "")]),
            ("data: cut off", vec![event("", "cut off")]),
            ("", vec![]),
        ] {
            assert_eq!(read(&[text.as_bytes()], 100).unwrap(), events, "{text:?}");
        }
    }

    #[test]
    fn lines_and_events_are_bounded() {
        let long = vec![b'x'; 1_000];
        assert_eq!(read(&[b"data: ", &long], 1_005), Err(TooLong { most: 1_005 }));
        assert!(read(&[b"data: ", &long], 1_006).is_ok());
        let lines = "data: 0123456789\n".repeat(100);
        assert_eq!(read(&[lines.as_bytes()], 500), Err(TooLong { most: 500 }));
        assert_eq!(read(&[&b"\xff".repeat(30)], 20), Err(TooLong { most: 20 }));
    }

    proptest! {
        #[test]
        fn it_is_the_same_however_the_bytes_are_cut(
            words in proptest::collection::vec("(data|event|id|:|: | |\r\n|\n|\r|ä|💥|\u{feff}|[a-z]{0,3})", 0..60),
            raw in proptest::collection::vec(any::<u8>(), 0..6),
            cuts in proptest::collection::vec(0_usize..200, 0..20),
        ) {
            let bytes = [words.concat().into_bytes(), raw, words.concat().into_bytes()].concat();
            let whole = read(&[&bytes], 1_000).unwrap();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&read(&single, 1_000).unwrap(), &whole);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(&read(&pieces, 1_000).unwrap(), &whole);
        }
    }
}
