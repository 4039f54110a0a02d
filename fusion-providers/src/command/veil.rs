//! Keys are hidden in what a program says, also when it says one in pieces.

use crate::Key;

/// Hides keys in a text that comes in pieces: what may be the beginning of one is held back until it is clear.
#[derive(Debug, Clone, Default)]
pub(super) struct Veil {
    keys: Vec<Key>,
    held: String,
}

impl Veil {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        Self { keys, held: String::new() }
    }

    /// Hides keys in a whole text.
    pub(super) fn hide(&self, text: &str) -> String {
        self.keys.iter().fold(text.to_owned(), |text, key| key.hide(&text))
    }

    /// Takes a piece, and gives what can be shown now.
    pub(super) fn push(&mut self, piece: &str) -> String {
        if self.keys.is_empty() {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        let held = std::mem::take(&mut self.held);
        let mut clear = self.hide(&held);
        let tail = self.keys.iter().map(|key| key.begins_at_end_of(&clear)).max().unwrap_or(0);
        self.held = clear.split_off(clear.len() - tail);
        clear
    }

    /// Gives what was held back: nothing more comes.
    pub(super) fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_pieces_is_hidden() {
        for pieces in
            [&["a sk-12", "3456 b"][..], &["a s", "k", "-123456", " b"], &["a sk-123456 b"]]
        {
            let mut veil = Veil::new(vec![Key::new("sk-123456")]);
            let mut said: String = pieces.iter().map(|piece| veil.push(piece)).collect();
            said += &veil.rest();
            assert_eq!(said, "a *** b", "{pieces:?}");
        }
        let mut veil = Veil::new(vec![Key::new("sk-123456")]);
        assert_eq!((veil.push("ask-1ä"), veil.push("s")), ("ask-1ä".to_owned(), String::new()));
        assert_eq!(veil.rest(), "s");
    }
}
