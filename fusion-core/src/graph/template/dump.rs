//! Secrets in dumps of bytes: hexadecimal in cells (`68 65 6c`, `6865 6c6c`, `0x68, 0x65`, `68:65`), with offsets before
//! and characters behind, and with the bytes of a cell in the machine's order, as `hexdump` and `od -x` write them. And bytes
//! in columns of four characters, as `od -c`, `od -b` and `hexdump -c` write them: a sign, an escape, or three octal digits.
//!
//! Every line is cut into runs of cells. The longest run of a line goes on where that of the line before ended, so that a
//! secret is found across lines; then what the cells say is searched as text. All of it is one walk over the text, and what
//! is kept meanwhile is bounded.

use std::mem::take;
use std::ops::Range;

/// How wide a column of `od -c` and `od -b` is.
const COLUMN: usize = 4;
/// The fewest digits of an offset before such columns.
const COLUMN_OFFSET: usize = 7;
/// How many cells are read before they are searched: a line may be as long as the whole text.
const CELLS: usize = 4096;
/// How many bytes are searched at once, at least.
const BLOCK: usize = 64 * 1024;
/// The shortest text that can have a value in it, in bytes: two digits for each byte.
const SHORTEST: usize = 8;
/// The widest cell, in digits.
const WIDEST: usize = 32;
/// The shortest number at the beginning of a line that is taken for an offset when a colon follows, in digits.
const OFFSET: usize = 6;
/// The most spaces between two cells.
const GAP: usize = 8;
/// After how many bytes `hexdump -C` leaves a wider gap.
const HALF: usize = 8;

/// Finds the places of values in what the dumps of a text say; the places are in order and do not overlap.
pub(super) fn find(text: &str, values: &[String]) -> Vec<Range<usize>> {
    let longest = values.iter().map(String::len).max().unwrap_or(0);
    if longest == 0 || text.len() < SHORTEST {
        return Vec::new();
    }
    let mut search =
        Search { text, values, longest, chains: Default::default(), found: Vec::new() };
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        search.line(from, line.trim_end_matches(['\n', '\r']));
        from += line.len();
    }
    search.break_off();
    merged(search.found)
}

fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|place| place.start);
    let mut all: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for place in found {
        match all.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => all.push(place),
        }
    }
    all
}

/// Adds a place to those found; what stands between two cells of a line goes with them.
fn note(found: &mut Vec<Range<usize>>, text: &str, place: &Range<usize>) {
    if let Some(last) = found.last_mut()
        && last.start <= place.start
        && place.start <= last.end + 2 * GAP
        && !text.get(last.end..place.start).is_some_and(|between| between.contains('\n'))
    {
        last.end = last.end.max(place.end);
        return;
    }
    found.push(place.clone());
}

struct Search<'t> {
    text: &'t str,
    values: &'t [String],
    /// The length of the longest value, in bytes.
    longest: usize,
    /// What the cells say as they stand, and with the bytes of each cell turned round.
    chains: [Chain; 2],
    found: Vec<Range<usize>>,
}

/// Bytes that follow each other, and where in the text each of them stands.
#[derive(Default)]
struct Chain {
    /// Each byte as the character of the same number.
    said: String,
    /// For each byte of `said` the place to blank out.
    places: Vec<Range<usize>>,
}

/// Cells of one width with equal gaps between them.
#[derive(Default)]
struct Run {
    cells: Vec<Range<usize>>,
    /// How many digits a cell has.
    width: usize,
    /// What stands between two cells, in bytes.
    gap: usize,
    /// How many of its first cells were taken in already.
    taken: usize,
}

impl Run {
    fn digits(&self) -> usize {
        self.cells.iter().map(Range::len).sum()
    }

    fn add(&mut self, cell: Range<usize>) {
        match self.cells.last() {
            None => self.width = cell.len(),
            Some(last) if self.gap == 0 => self.gap = cell.start - last.end,
            Some(_) => {}
        }
        self.cells.push(cell);
    }

    /// Tells whether this is a long number alone, before shorter ones: it says where they stand.
    fn is_offset_before(&self, cell: &Range<usize>) -> bool {
        self.cells.len() == 1 && self.width >= OFFSET && cell.len() < self.width
    }
}

impl Search<'_> {
    /// Reads a line that begins at a place of the text.
    fn line(&mut self, at: usize, line: &str) {
        if self.columns(at, line) {
            return;
        }
        let mut rest = Cells { line, at: 0, has_offset: false };
        let (mut longest, mut run) = (Run::default(), Run::default());
        while let Some(cell) = rest.next() {
            if run.cells.len() >= CELLS {
                // It is one run with what comes: it is taken in piece by piece.
                self.take_in(&run, at, line);
                run.cells.drain(..run.cells.len() - 1);
                run.taken = 1;
            }
            if !rest.continues(&run, &cell) {
                let done = take(&mut run);
                let is_first = longest.cells.is_empty() && !rest.has_offset;
                if !(is_first && done.is_offset_before(&cell)) {
                    self.keep(&mut longest, done, at, line);
                }
            }
            run.add(cell);
        }
        if run.taken > 0 {
            return self.take_in(&run, at, line);
        }
        self.keep(&mut longest, run, at, line);
        if longest.cells.is_empty() {
            self.break_off();
        } else {
            self.take_in(&longest, at, line);
        }
    }

    /// Takes in a line of columns; `false` when it is none.
    fn columns(&mut self, at: usize, line: &str) -> bool {
        let digits = line.bytes().take_while(u8::is_ascii_hexdigit).count();
        let from = if digits >= COLUMN_OFFSET { digits } else { 0 };
        let columns = line.as_bytes().get(from..).unwrap_or_default().chunks(COLUMN);
        if columns.len() == 0 || !columns.clone().all(|column| said_in(column).is_some()) {
            return false;
        }
        for (column, start) in columns.zip((at + from..).step_by(COLUMN)) {
            let [forward, _] = &mut self.chains;
            forward.push(said_in(column).unwrap_or_default(), &(start..start + COLUMN));
            self.search_if_full();
        }
        true
    }

    /// Keeps the longer of two runs; the other one is searched by itself.
    fn keep(&mut self, longest: &mut Run, mut run: Run, at: usize, line: &str) {
        if run.taken > 0 {
            self.take_in(&run, at, line);
            return self.break_off();
        }
        if run.digits() > longest.digits() {
            std::mem::swap(longest, &mut run);
        }
        if run.cells.len() > 1 {
            let before = take(&mut self.chains);
            self.take_in(&run, at, line);
            self.break_off();
            self.chains = before;
        }
    }

    /// Adds what the cells of a run say to what was said before.
    fn take_in(&mut self, run: &Run, at: usize, line: &str) {
        // Behind a wide gap the same bytes stand as characters.
        let last = run.cells.last().map_or(0, |cell| cell.end);
        let has_signs = line.get(last..).is_some_and(|rest| rest.starts_with("  "));
        for cell in run.cells.iter().skip(run.taken) {
            let end = if has_signs { line.len() } else { cell.end };
            let place = at + cell.start..at + end;
            let digits = line.get(cell.clone()).unwrap_or_default().as_bytes();
            let bytes = || digits.chunks(2).filter_map(byte);
            let [forward, turned] = &mut self.chains;
            bytes().for_each(|byte| forward.push(byte, &place));
            if run.width > 2 {
                bytes().rev().for_each(|byte| turned.push(byte, &place));
            }
        }
        if run.width <= 2 {
            // Cells of one byte cannot be turned round.
            self.search(1, 0);
        }
        self.search_if_full();
    }

    fn search_if_full(&mut self) {
        for chain in 0..self.chains.len() {
            let is_full = |chain: &Chain| chain.said.len() >= BLOCK.max(4 * self.longest);
            if self.chains.get(chain).is_some_and(is_full) {
                self.search(chain, 2 * self.longest);
            }
        }
    }

    /// Ends what was said: what comes is something else.
    fn break_off(&mut self) {
        for chain in 0..self.chains.len() {
            self.search(chain, 0);
        }
    }

    /// Looks for the values in a chain, and lets go of all but its last bytes.
    fn search(&mut self, chain: usize, keep: usize) {
        let Some(chain) = self.chains.get_mut(chain) else { return };
        if chain.said.is_empty() {
            return;
        }
        for value in self.values {
            for (start, _) in chain.said.match_indices(value.as_str()) {
                let places = chain.places.get(start..start + value.len()).unwrap_or_default();
                for place in places {
                    note(&mut self.found, self.text, place);
                }
            }
        }
        let mut cut = chain.said.len().saturating_sub(keep);
        while !chain.said.is_char_boundary(cut) {
            cut -= 1;
        }
        chain.said.drain(..cut);
        chain.places.drain(..cut);
    }
}

impl Chain {
    fn push(&mut self, byte: u8, place: &Range<usize>) {
        let sign = char::from(byte);
        self.said.push(sign);
        self.places.extend(std::iter::repeat_n(place.clone(), sign.len_utf8()));
    }
}

/// Writes a value in the form in which it is searched for.
pub(super) fn searched(value: &str) -> String {
    value.bytes().map(char::from).collect()
}

/// The byte that a column stands for.
fn said_in(column: &[u8]) -> Option<u8> {
    match column {
        [b' ', b' ', b' ', sign] => Some(*sign),
        [b' ', b' ', b'\\', b'0'] => Some(0),
        [b' ', b' ', b'\\', sign] => {
            let place = b"abtnvfr".iter().position(|escape| escape == sign)?;
            u8::try_from(place + 7).ok()
        }
        [b' ', digits @ ..] if digits.len() == 3 => {
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
        }
        _ => None,
    }
}

fn byte(digits: &[u8]) -> Option<u8> {
    let value =
        |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    match digits {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    }
}

/// The cells of a line, one after the other.
struct Cells<'l> {
    line: &'l str,
    at: usize,
    /// An offset with a colon stood before: then a wide gap ends the bytes.
    has_offset: bool,
}

impl Cells<'_> {
    /// Finds the next cell.
    fn next(&mut self) -> Option<Range<usize>> {
        let bytes = self.line.as_bytes();
        loop {
            let word = bytes.get(self.at..)?.iter().position(u8::is_ascii_alphanumeric)? + self.at;
            let is_in =
                |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
            let length = bytes.get(word..)?.iter().position(|byte| !is_in(byte));
            let end = length.map_or(bytes.len(), |length| word + length);
            self.at = end;
            let whole = bytes.get(word..end)?;
            // `0x68`, and `\x68` without anything between it and the next one.
            let prefix = match whole {
                [b'0', b'x' | b'X', ..] => 2,
                [b'x', ..] if word > 0 && bytes.get(word - 1) == Some(&b'\\') => 1,
                _ => 0,
            };
            let digits = whole.get(prefix..).unwrap_or_default();
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
                continue;
            }
            let is_offset = digits.len() >= OFFSET
                && bytes.get(end) == Some(&b':')
                && bytes.get(end + 1).is_none_or(u8::is_ascii_whitespace);
            if is_offset {
                self.has_offset = true;
            } else if digits.len().is_multiple_of(2) && digits.len() <= WIDEST {
                return Some(word + prefix..end);
            }
        }
    }

    /// Tells whether a cell belongs to a run.
    fn continues(&self, run: &Run, cell: &Range<usize>) -> bool {
        let Some(last) = run.cells.last() else { return true };
        let between = self.line.get(last.end..cell.start).unwrap_or_default();
        let bare = between.trim_end_matches("0x").trim_end_matches("0X").trim_end_matches("\\x");
        let is_gap = match bare {
            "" | "," | ":" | "-" | "%" | ", " | "\t" => true,
            spaces if spaces.bytes().all(|byte| byte == b' ') => {
                let is_first = run.cells.len() == 1;
                let is_half = run.width == 2 && run.cells.len() == HALF && spaces.len() == 2;
                match spaces.len() {
                    1 => is_first || run.gap == between.len(),
                    wide => {
                        !self.has_offset && wide <= GAP && (is_half || is_first || run.gap == wide)
                    }
                }
            }
            _ => false,
        };
        // The last one may be cut short, and nothing comes behind it. A long number alone before it is an offset.
        let may_be_short = self.has_offset || run.cells.len() > 1;
        let fits = cell.len() == run.width || (may_be_short && cell.len() < run.width);
        is_gap && last.len() == run.width && fits
    }
}
