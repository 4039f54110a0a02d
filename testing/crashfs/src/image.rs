//! The content of one file: what the disk surely holds, and what so far only the cache holds.

#[cfg(test)]
mod tests;

use crate::rng::Rng;

/// The size that a disk writes whole or not at all, in bytes.
pub(crate) const SECTOR_BYTES: usize = 512;

/// One change that no sync has made sure yet.
#[derive(Debug)]
enum Change {
    Write { offset: usize, data: Box<[u8]> },
    Truncate { len: usize },
}

/// One file.
#[derive(Debug, Default)]
pub(crate) struct Image {
    durable: Vec<u8>,
    current: Vec<u8>,
    pending: Vec<Change>,
}

impl Image {
    /// Makes a file whose content is on the disk already.
    pub(crate) fn stored(bytes: &[u8]) -> Self {
        Self { durable: bytes.to_vec(), current: bytes.to_vec(), pending: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.current
    }

    /// Copies what is there into `into`, and returns how much that was.
    pub(crate) fn read(&self, offset: usize, into: &mut [u8]) -> usize {
        let rest = self.current.get(offset..).unwrap_or_default();
        let count = rest.len().min(into.len());
        for (to, from) in into.iter_mut().zip(rest) {
            *to = *from;
        }
        count
    }

    pub(crate) fn write(&mut self, offset: usize, data: &[u8]) {
        put(&mut self.current, offset, data);
        self.pending.push(Change::Write { offset, data: data.into() });
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.current.resize(len, 0);
        self.pending.push(Change::Truncate { len });
    }

    pub(crate) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            match change {
                Change::Write { offset, data } => put(&mut self.durable, offset, &data),
                Change::Truncate { len } => self.durable.resize(len, 0),
            }
        }
    }

    /// Flips bits of one byte wherever the byte is, as a worn-out disk does; says whether there is such a byte.
    pub(crate) fn flip(&mut self, offset: usize, bits: u8) -> bool {
        let mut found = false;
        for byte in
            [&mut self.durable, &mut self.current].into_iter().filter_map(|b| b.get_mut(offset))
        {
            *byte ^= bits;
            found = true;
        }
        found
    }

    /// Writes some of the changes, forgets the others, and goes on showing them all.
    pub(crate) fn fail_sync(&mut self, rng: &mut Rng) {
        self.settle(rng);
    }

    /// Leaves what the disk holds once the power is back.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) {
        self.settle(rng);
        self.current.clone_from(&self.durable);
    }

    /// Empties the list of changes into the durable bytes by chance.
    fn settle(&mut self, rng: &mut Rng) {
        let odds = Odds::draw(rng);
        for change in self.pending.drain(..) {
            match change {
                Change::Truncate { len } if odds.keeps(rng) => self.durable.resize(len, 0),
                Change::Truncate { .. } => {}
                Change::Write { offset, data } => {
                    let end = offset.saturating_add(data.len());
                    if rng.one_in(4) {
                        put_torn(&mut self.durable, offset, &data, rng);
                    } else if odds.keeps(rng) {
                        put(&mut self.durable, offset, &data);
                    } else if end > self.durable.len() && rng.one_in(4) {
                        grow_only(&mut self.durable, end, rng);
                    }
                }
            }
        }
    }
}

/// How much of the unsynced changes of one file survives. Files draw apart, since the worst states are those in which one
/// file kept everything and another nothing.
#[derive(Debug)]
enum Odds {
    None,
    All,
    Percent(u64),
}

impl Odds {
    fn draw(rng: &mut Rng) -> Self {
        match rng.below(4) {
            0 => Self::None,
            1 => Self::All,
            _ => Self::Percent(rng.below(101)),
        }
    }

    fn keeps(&self, rng: &mut Rng) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Percent(percent) => rng.below(100) < *percent,
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset.saturating_add(data.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(place) = bytes.get_mut(offset..end) {
        place.copy_from_slice(data);
    }
}

fn put_torn(bytes: &mut Vec<u8>, offset: usize, data: &[u8], rng: &mut Rng) {
    let (mut offset, mut data) = (offset, data);
    while !data.is_empty() {
        let to_boundary = SECTOR_BYTES - offset % SECTOR_BYTES;
        let (piece, rest) = data.split_at(to_boundary.min(data.len()));
        if rng.one_in(2) {
            put(bytes, offset, piece);
        }
        offset = offset.saturating_add(piece.len());
        data = rest;
    }
}

/// The new size reached the disk and the data did not: the blocks show zeros, or what they held for another file.
fn grow_only(bytes: &mut Vec<u8>, end: usize, rng: &mut Rng) {
    let old = bytes.len();
    bytes.resize(end, 0);
    if rng.one_in(2) {
        rng.fill(bytes.get_mut(old..).unwrap_or_default());
    }
}
