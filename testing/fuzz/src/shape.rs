//! What an input met, as a number that is the same for all inputs that met the same.

/// A hash over what was met, blind to all but the first letters outside of quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape(u64);

impl Shape {
    pub(crate) fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, number: u64) {
        for byte in number.to_le_bytes() {
            self.byte(byte);
        }
    }

    /// Adds words without what differs from input to input.
    pub(crate) fn words(&mut self, words: &str) {
        let mut quoted = false;
        for byte in words.bytes().take(120) {
            if matches!(byte, b'`' | b'"') {
                quoted = !quoted;
            } else if !quoted && byte.is_ascii_alphabetic() {
                self.byte(byte);
            }
        }
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
}

/// Gives the order of magnitude: inputs that differ in it are different.
pub(crate) fn magnitude(count: usize) -> u64 {
    u64::from(usize::BITS - count.leading_zeros())
}
