//! The calls of JavaScript bodies that are open. A call has a number with a generation in it: an answer that comes twice, or
//! after the engine gave the call up, finds nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fusion_core::contract::{Context, Output};
use fusion_core::model::Failure;
use tokio::sync::oneshot;

/// How many bits of a number are the place; the rest, up to the 53 bits of a JavaScript number, are the generation.
const PLACE_BITS: u32 = 24;
const GENERATIONS: u32 = 1 << (53 - PLACE_BITS);

/// What JavaScript says to an open call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// How the body ended.
    Done(Result<Output, Failure>),
    /// The body wants to hear of its cancellation; what it says next comes there.
    Listens(oneshot::Receiver<Answer>),
}

#[derive(Debug)]
struct Open {
    context: Context,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

/// All open calls of one bridge.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<Table>);

impl Slots {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a call: its number, and where its answer comes.
    pub(crate) fn open(&self, context: Context) -> (u64, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        let mut table = self.table();
        let place = if let Some(place) = table.free.pop() {
            place
        } else {
            table.slots.push(Slot::default());
            u32::try_from(table.slots.len() - 1).unwrap_or(u32::MAX)
        };
        let mut number = u64::from(place);
        if let Some(slot) = table.slots.get_mut(place as usize) {
            slot.open = Some(Open { context, answer });
            number |= u64::from(slot.generation) << PLACE_BITS;
        }
        (number, answered)
    }

    /// Closes a call and answers it. Tells whether it was open.
    pub(crate) fn answer(&self, number: u64, result: Result<Output, Failure>) -> bool {
        // The answer wakes a task, which may want the table.
        match self.take(number) {
            Some(open) => open.answer.send(Answer::Done(result)).is_ok(),
            None => false,
        }
    }

    /// Closes a call. Tells whether it was open.
    pub(crate) fn close(&self, number: u64) -> bool {
        self.take(number).is_some()
    }

    /// Lets the engine tell an open call of its cancellation.
    pub(crate) fn listen(&self, number: u64) {
        let (answer, answered) = oneshot::channel();
        let before = {
            let mut table = self.table();
            let Some(open) = find(&mut table, number) else { return };
            // Asking shows the engine that the body wants to know: it is given time to end.
            let _ = open.context.is_cancelled();
            std::mem::replace(&mut open.answer, answer)
        };
        let _ = before.send(Answer::Listens(answered));
    }

    /// Gives what an open call knows of its attempt.
    pub(crate) fn context(&self, number: u64) -> Option<Context> {
        find(&mut self.table(), number).map(|open| open.context.clone())
    }

    fn take(&self, number: u64) -> Option<Open> {
        let mut table = self.table();
        find(&mut table, number)?;
        let place = place_of(number)?;
        let slot = table.slots.get_mut(place as usize)?;
        slot.generation = (slot.generation + 1) % GENERATIONS;
        let open = slot.open.take();
        table.free.push(place);
        open
    }
}

fn place_of(number: u64) -> Option<u32> {
    u32::try_from(number & ((1 << PLACE_BITS) - 1)).ok()
}

fn find(table: &mut Table, number: u64) -> Option<&mut Open> {
    let slot = table.slots.get_mut(place_of(number)? as usize)?;
    if u64::from(slot.generation) != number >> PLACE_BITS {
        return None;
    }
    slot.open.as_mut()
}
