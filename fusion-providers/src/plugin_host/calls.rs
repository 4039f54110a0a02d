//! Calls by number. A number is never given twice while a stale one of it may be about, so nobody can name a wrong call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fusion_plugin::abi::CallId;

use super::pending::Pending;

/// The calls that a plugin has not completed.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    /// Which call of this slot it is, from 1 on: the upper half of the number.
    generation: u32,
    call: Option<Arc<Pending>>,
}

impl Calls {
    /// Gives a call its number; none when there are four billion.
    pub(super) fn begin(&self, call: &Arc<Pending>) -> Option<CallId> {
        let mut slots = self.lock();
        let place = if let Some(place) = slots.free.pop() {
            place
        } else {
            let place = u32::try_from(slots.slots.len()).ok()?;
            slots.slots.push(Slot { generation: 1, call: None });
            place
        };
        let slot = slots.slots.get_mut(place as usize)?;
        slot.call = Some(call.clone());
        Some(u64::from(slot.generation) << 32 | u64::from(place))
    }

    /// Gives the call of a number; none for one that is over or never was.
    pub(super) fn find(&self, id: CallId) -> Option<Arc<Pending>> {
        self.lock().slot(id)?.call.clone()
    }

    /// Takes a call out: its number is stale from now on.
    pub(super) fn end(&self, id: CallId) -> Option<Arc<Pending>> {
        let mut slots = self.lock();
        let slot = slots.slot(id)?;
        let call = slot.call.take()?;
        // A slot whose generations are used up is never used again.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            slots.free.push(place_of(id));
        }
        Some(call)
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn slot(&mut self, id: CallId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(place_of(id) as usize)?;
        (u64::from(slot.generation) == id >> 32).then_some(slot)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn place_of(id: CallId) -> u32 {
    id as u32
}
