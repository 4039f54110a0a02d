//! What a model sees of how a program ended. Pure.

use fusion_core::contract::Exit;
use std::fmt::Write as _;

/// Says how it ended and what it wrote: of each stream at most so many bytes, its beginning and its end.
pub(super) fn told(exit: &Exit, ended: Option<String>, most: usize) -> String {
    let mut said = match (ended, exit.code, exit.signal) {
        (Some(why), ..) => why,
        (None, Some(code), _) => format!("exit code {code}"),
        (None, None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None, None) => "ended".to_owned(),
    };
    // Of the first stream the beginning is kept, of the second the end: what was left out stands on the other side.
    let out = middle(&exit.stdout, most);
    let dropped = exit.stdout_bytes.saturating_sub(exit.stdout.len() as u64);
    if !out.is_empty() {
        said.extend(["\n--- stdout\n", out.trim_end()]);
    }
    if dropped > 0 {
        let _ = write!(said, "\n[{dropped} bytes more were not kept]");
    }
    let err = middle(&exit.stderr, most);
    if !err.is_empty() {
        said.extend(["\n--- stderr\n", err.trim_end()]);
    }
    said
}

/// Gives a text, or its beginning and its end, as whole lines where there are some.
fn middle(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= most {
        return text.into_owned();
    }
    let (head, tail) = (floor(&text, most / 2), ceil(&text, text.len() - most / 2));
    let head = text.get(..head).unwrap_or_default();
    let tail = text.get(tail..).unwrap_or_default();
    let head = head.rsplit_once('\n').map_or(head, |(lines, _)| lines);
    let tail = tail.split_once('\n').map_or(tail, |(_, lines)| lines);
    let left_out = text.len() - head.len() - tail.len();
    format!("{head}\n[{left_out} bytes left out]\n{tail}")
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let text = (0..100).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let exit =
            Exit { code: Some(2), stdout: text.into(), stdout_bytes: 5_000, ..Exit::default() };
        let said = told(&exit, None, 60);
        assert!(said.starts_with("exit code 2\n--- stdout\nline 0\nline 1\nline 2\n"), "{said}");
        assert!(said.contains("line 99\n[4211 bytes more were not kept]"), "{said}");
        assert!(said.contains("bytes left out]\nline 9"), "{said}");
    }

    proptest! {
        #[test]
        fn no_output_is_too_odd(bytes: Vec<u8>, most in 0_usize..64) {
            let said = middle(&bytes, most);
            prop_assert!(said.len() <= most.max(3 * bytes.len()) + 40);
        }
    }
}
