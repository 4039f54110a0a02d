//! How inputs are made: a few damages to one that is known, drawn from a seed.

/// The longest input, in bytes.
const LONGEST: usize = 48 * 1024;
/// Numbers at which programs trip.
const NUMBERS: [&str; 10] = [
    "0",
    "-1",
    "1",
    "65536",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e400",
    "0.0000001",
];

/// A generator of inputs (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// Draws from `0..bound`; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next().checked_rem(bound as u64).unwrap_or(0)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Makes an input from those that are known.
    pub(crate) fn make(&mut self, known: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
        // The newest are drawn as often as all others: they are where something new was met.
        let newest = known.len().saturating_sub(16);
        let from = if self.below(2) == 0 { known.get(newest..).unwrap_or(known) } else { known };
        let mut bytes = self.pick(from).cloned().unwrap_or_default();
        for _ in 0..=self.below(5) {
            self.damage(&mut bytes, known, words);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, known: &[Vec<u8>], words: &[&str]) {
        let at = self.below(bytes.len() + 1);
        let end = at + self.below((bytes.len() - at).min(64) + 1);
        match self.below(11) {
            0 | 1 => {
                let bit = 1_u8 << self.below(8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bit;
                }
            }
            2 => {
                let drawn = self.next().to_le_bytes();
                let byte = drawn.first().copied().unwrap_or(0);
                bytes.insert(at, byte);
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes.get(at..end).unwrap_or_default().to_vec();
                let most = if self.below(20) == 0 { 400 } else { 3 };
                let times = 1 + self.below(most);
                insert(bytes, at, &piece.repeat(times));
            }
            5 | 6 => {
                if let Some(word) = self.pick(words) {
                    insert(bytes, at, word.as_bytes());
                }
            }
            7 => self.number(bytes, at),
            8 => {
                let other = self.pick(known).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                let length = self.below((other.len() - from).min(400) + 1);
                let piece = other.get(from..from + length).unwrap_or_default();
                drop(bytes.drain(at..end));
                insert(bytes, at, piece);
            }
            9 => {
                let piece: Vec<u8> = bytes.drain(at..end).collect();
                let to = self.below(bytes.len() + 1);
                insert(bytes, to, &piece);
            }
            _ => bytes.truncate(at.max(1)),
        }
    }

    /// Puts a number at which programs trip in the place of the next one.
    fn number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let digits = |byte: &u8| byte.is_ascii_digit();
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(from) = rest.iter().position(digits).map(|offset| at + offset) else { return };
        let rest = bytes.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        let number = self.pick(&NUMBERS).copied().unwrap_or("0");
        bytes.splice(from..from + length, number.bytes());
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let at = at.min(bytes.len());
    bytes.splice(at..at, piece.iter().copied());
}
