//! The text of a program that says too much: its beginning and its end are kept, and how much is left out between them is said.

use std::collections::VecDeque;

use fusion_core::model::limits;

/// What is kept of the end, in bytes.
const TAIL_BYTES: usize = 1024 * 1024;
/// What is kept of the beginning, in bytes: with the end and what is said between them, it is an answer that others take.
const HEAD_BYTES: usize = limits::ANSWER_BYTES - 2 * TAIL_BYTES;

/// Sorts what comes into the beginning and the end.
#[derive(Debug, Default)]
pub(super) struct Middle {
    head: usize,
    tail: VecDeque<u8>,
    cut: usize,
}

impl Middle {
    /// Gives what of a piece belongs to the beginning, and keeps the rest for the end.
    pub(super) fn head<'b>(&mut self, piece: &'b [u8]) -> &'b [u8] {
        let (head, rest) = piece.split_at(piece.len().min(HEAD_BYTES - self.head));
        self.head += head.len();
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..over);
        self.cut += over;
        head
    }

    /// Gives the end, and before it how much was left out. The first line of what was cut is left out whole: it might begin within a key.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let mut tail: Vec<u8> = std::mem::take(&mut self.tail).into();
        if self.cut == 0 {
            return tail;
        }
        let line = tail.iter().position(|byte| *byte == b'\n').map_or(TAIL_BYTES / 2, |at| at + 1);
        self.cut += line.min(tail.len());
        tail.drain(..line.min(tail.len()));
        let mut end = format!("\n\n[{} bytes were left out here]\n\n", self.cut).into_bytes();
        end.extend(tail);
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_whole_and_of_the_rest_both_ends_are_kept() {
        let (mut small, mut large) = (Middle::default(), Middle::default());
        assert_eq!(small.head(b"all of it"), b"all of it");
        assert_eq!(small.end(), b"");
        let piece = b"0123456789abcde\n".repeat(64 * 1024);
        let mut head = 0;
        for _ in 0..70 {
            head += large.head(&piece).len();
        }
        large.head(b"the last words");
        let end = String::from_utf8(large.end()).unwrap();
        assert_eq!(head, HEAD_BYTES);
        assert!(end.ends_with("abcde\nthe last words"));
        let (note, rest) = end.strip_prefix("\n\n[").unwrap().split_once("]\n\n").unwrap();
        let cut: usize = note.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(head + cut + rest.len(), 70 * piece.len() + 14);
        assert!(head + end.len() < limits::ANSWER_BYTES);
    }
}
