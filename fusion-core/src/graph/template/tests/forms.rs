//! The forms in which programs write secrets down.

use std::borrow::Cow;

use proptest::prelude::*;

use crate::graph::template::Redactor;

const KEY: &str = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\"hkiG/9w0BAQ EFA\nASCBKcwggSjAgEA\nAoIB\n-----END KEY-----\n";

fn is_clean(secret: &str, text: &str) {
    let redacted = Redactor::new([secret.to_owned()]).text(text).into_owned();
    assert!(redacted.contains("***"), "{text:?} → {redacted:?}");
    for line in secret.lines().filter(|line| line.len() >= 4) {
        assert!(!redacted.contains(line), "{text:?} → {redacted:?}");
    }
}

#[test]
fn a_secret_of_several_lines_is_found_line_by_line() {
    is_clean(KEY, &KEY.replace('\n', "\r\n"));
    is_clean(KEY, &KEY.lines().map(|line| format!("  > {line}\n")).collect::<Vec<_>>().concat());
    is_clean(KEY, "the last line was AoIB.");
    let inside = serde_json::json!({ "lines": KEY.lines().collect::<Vec<_>>() }).to_string();
    let redacted = Redactor::new([KEY.to_owned()]).text(&inside).into_owned();
    assert_eq!(redacted, r#"{"lines":["***","***","***","***","***"]}"#);
}

#[test]
fn escapes_of_json_and_urls_are_found() {
    let secret = "pa\"ss/wö rd!";
    let once = serde_json::Value::from(secret).to_string();
    let twice = serde_json::Value::from(once.as_str()).to_string();
    for text in [
        once.as_str(),
        twice.as_str(),
        "pa%22ss%2Fw%C3%B6%20rd%21",
        "pa%22ss%2fw%c3%b6%20rd%21",
        "pa%22ss/w%C3%B6%20rd%21",
        "pa%22ss%2Fw%C3%B6+rd%21",
        "pa%22ss%2Fw%C3%B6%20rd!",
    ] {
        let redacted = Redactor::new([secret.to_owned()]).text(text).into_owned();
        assert!(redacted.contains("***"), "{text} → {redacted}");
    }
}

#[test]
fn texts_in_lines_are_found() {
    let secret: String = (0..120).map(|n| char::from(b'!' + n % 90)).collect();
    let base64 = super::reference_base64(secret.as_bytes());
    let hex = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    for (whole, width) in [(&base64, 64), (&base64, 76), (&hex, 60), (&hex.to_uppercase(), 60)] {
        let signs: Vec<char> = whole.chars().collect();
        let lines: Vec<String> = signs.chunks(width).map(|line| line.iter().collect()).collect();
        let redacted = Redactor::new([secret.clone()]).text(&lines.join("\n")).into_owned();
        assert!(lines.iter().all(|line| !redacted.contains(line.as_str())), "{redacted}");
    }
}

#[test]
fn short_secrets_are_left_alone() {
    assert!(Redactor::new(["abc".to_owned()]).is_empty());
    assert_eq!(Redactor::new(["abcd".to_owned()]).text("abc abcd"), "abc ***");
}

/// The bytes of a text in cells of so many, as programs that dump them write a line.
fn line(bytes: &[u8], width: usize, is_turned: bool) -> String {
    let cell = |cell: &[u8]| {
        let mut cell = cell.to_vec();
        if is_turned {
            cell.resize(width, 0);
            cell.reverse();
        }
        cell.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    bytes.chunks(width).map(cell).collect::<Vec<_>>().join(" ")
}

fn signs(bytes: &[u8]) -> String {
    let sign = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
    bytes.iter().map(sign).collect()
}

/// The bytes of a text in columns, as `od -c` writes a line.
fn columns(bytes: &[u8]) -> String {
    let column = |byte: &u8| match *byte {
        0 => "\\0".to_owned(),
        b'\n' => "\\n".to_owned(),
        b' '..=b'~' => char::from(*byte).to_string(),
        other => format!("{other:03o}"),
    };
    bytes.iter().map(|byte| format!("{:>4}", column(byte))).collect::<Vec<_>>().concat()
}

fn octal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!(" {byte:03o}")).collect::<Vec<_>>().concat()
}

/// A text as `xxd`, `xxd -g1`, `xxd -g4`, `xxd -e`, `hexdump -C`, `hexdump`, `od -x`, `od -An -tx1`, `od -tx4`, `od -c` and
/// `od -b` write it.
fn dumps(bytes: &[u8]) -> Vec<String> {
    let lines = |line: &dyn Fn(usize, &[u8]) -> String| {
        let all = bytes.chunks(16).enumerate();
        all.map(|(at, part)| line(at * 16, part) + "\n").collect::<String>()
    };
    let xxd = |width, is_turned| {
        lines(&|at, part| {
            format!("{at:08x}: {:<48}  {}", line(part, width, is_turned), signs(part))
        })
    };
    let canonical = |at: usize, part: &[u8]| {
        let (left, right) = part.split_at(part.len().min(8));
        let halves = format!("{}  {}", line(left, 1, false), line(right, 1, false));
        format!("{at:08x}  {halves:<49}  |{}|", signs(part))
    };
    vec![
        xxd(2, false),
        xxd(1, false),
        xxd(4, false),
        xxd(4, true),
        lines(&canonical),
        lines(&|at, part| format!("{at:07x} {}", line(part, 2, true))),
        lines(&|at, part| format!("{at:07o} {}", line(part, 2, true))),
        lines(&|at, part| format!("{at:07o} {}", line(part, 4, true))),
        lines(&|at, part| format!("{at:06x} {}", line(part, 1, false))),
        lines(&|_, part| format!(" {}", line(part, 1, false))),
        lines(&|_, part| format!(" {}", line(part, 1, false))).replace('\n', ""),
        line(bytes, 1, false),
        line(bytes, 1, false).to_uppercase(),
        line(bytes, 1, false).replace(' ', ":"),
        line(bytes, 1, false).replace(' ', "-"),
        line(bytes, 1, false)
            .split(' ')
            .map(|cell| format!("0x{cell}, "))
            .collect::<Vec<_>>()
            .concat(),
        line(bytes, 1, false)
            .split(' ')
            .map(|cell| format!("\\x{cell}"))
            .collect::<Vec<_>>()
            .concat(),
        lines(&|at, part| format!("{at:07o}{}", columns(part))),
        lines(&|_, part| columns(part)),
        lines(&|at, part| format!("{at:07o}{}", octal(part))),
        octal(bytes),
        octal(bytes).replace(' ', "\\"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_secret_in_a_dump_is_found(
        before in "[ -~\n]{0,40}", secret in "[!-~][ -~äß]{6,40}[!-~]", after in "[ -~\n]{0,40}", crlf: bool
    ) {
        let redactor = Redactor::new([secret.clone()]);
        let bytes = format!("{before}{secret}{after}").into_bytes();
        for (kind, text) in dumps(&bytes).into_iter().enumerate() {
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            let redacted = redactor.text(&text).into_owned();
            prop_assert!(redacted.contains("***"), "{kind}: {text}");
            // Nothing that is left says a third of it: neither as numbers nor as characters.
            for part in secret.as_bytes().chunks(secret.len() / 3).filter(|part| part.len() > 3) {
                let numbers = line(part, 1, false);
                prop_assert!(!redacted.contains(&numbers), "{kind}: {numbers} in {redacted}");
            }
        }
    }

    #[test]
    fn a_text_without_the_secret_stays_as_it_is(text in "[ -~\n]{0,200}", bytes in "[a-f0-9 :,\n|x-]{0,200}") {
        let redactor = Redactor::new(["quite another secret".to_owned()]);
        for text in dumps(text.as_bytes()).iter().chain([&text, &bytes]) {
            prop_assert!(matches!(redactor.text(text), Cow::Borrowed(_)), "{text}");
        }
    }
}

#[test]
fn a_dump_keeps_what_is_not_the_secret() {
    let redactor = Redactor::new(["hunter2-and-more".to_owned()]);
    let dump = "00000000: 7573 6572 3a68 756e 7465 7232 2d61 6e64  user:hunter2-and\n\
                00000010: 2d6d 6f72 650a 656e 640a                 -more.end.\nnext 6865\n";
    let clean = "00000000: 7573 6572 ***\n00000010: ***\nnext 6865\n";
    assert_eq!(redactor.text(dump), clean);
    // The last line of `xxd -e`: one cell, and characters that look like another.
    let last = "00000010: 00003030                             00";
    assert_eq!(
        Redactor::new(["2and00".to_owned()])
            .text(&format!("00000000: 6e613261 6e613261 6e613261 646e6132  a2anana2\n{last}"))
            .matches("***")
            .count(),
        2
    );
    let plain = "key: 68 75 6e 74 65 72 32 2d 61 6e 64 2d 6d 6f 72 65, and more";
    assert_eq!(redactor.text(plain), "key: ***, and more");
}

#[test]
fn long_dumps_are_searched_in_pieces() {
    let secret = "0123456789".repeat(1_000);
    let redactor = Redactor::new([secret.clone(), "short one".to_owned()]);
    let noise: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
    let bytes = [&noise, secret.as_bytes(), &noise[..70_000], b"short one", &noise].concat();
    for text in [dumps(&bytes).swap_remove(4), dumps(&bytes).swap_remove(5), line(&bytes, 1, false)]
    {
        let redacted = redactor.text(&text).into_owned();
        let left = redacted.len() * 1_000 / text.len();
        assert!(redacted.contains("***") && (950..=998).contains(&left), "{left}");
        assert!(!redacted.contains(&line(b"234567", 1, false)) && !redacted.contains("3332 3534"));
    }
}
