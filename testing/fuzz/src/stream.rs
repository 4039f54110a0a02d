//! Streams of events: the same events however the bytes are cut, and none larger than it may be.

use fusion_providers::wire::{Event, Sse, TooLong};

use crate::shape::{Shape, magnitude};

/// Pieces of streams.
pub(crate) const WORDS: &[&str] = &[
    "data: ",
    "data:",
    "data",
    "event: ",
    "id: 1\n",
    "retry: 5\n",
    ": ping\n",
    "\n\n",
    "\r\n\r\n",
    "\r\r",
    "\r",
    "\n",
    "\u{feff}",
    "[DONE]",
    "{\"choices\":[{\"delta\":{\"content\":\"é\"}}]}",
    "💥",
    " ",
    ":",
];

/// The longest event that the target takes, in bytes.
const MOST: usize = 256;

fn read<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Event>, Result<(), TooLong>) {
    let (mut sse, mut events) = (Sse::new(MOST), Vec::new());
    let work = || {
        for piece in pieces {
            sse.push(piece, &mut events)?;
        }
        sse.finish(&mut events)
    };
    let done = work();
    (events, done)
}

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let mut shape = Shape::new();
    let whole = read(std::iter::once(bytes));
    for size in [1, 2, 3, 7, 64] {
        let cut = read(bytes.chunks(size));
        if cut != whole {
            return Err(format!("whole {whole:?}, in pieces of {size} {cut:?}"));
        }
    }
    // A byte that is no UTF-8 becomes a character of three.
    if let Some(event) = whole.0.iter().find(|event| event.data.len() > 3 * MOST) {
        return Err(format!("an event of {} bytes", event.data.len()));
    }
    if whole.0.iter().any(|event| event.name.contains(['\n', '\r']) || event.data.contains('\r')) {
        return Err(format!("a line end within a line: {whole:?}"));
    }
    shape.number(u64::from(whole.1.is_err()));
    shape.number(magnitude(whole.0.len()));
    for event in whole.0.iter().take(8) {
        shape.number(magnitude(event.name.len()));
        shape.number(magnitude(event.data.len()));
        shape.number(magnitude(event.data.matches('\n').count()));
    }
    Ok(shape.value())
}
