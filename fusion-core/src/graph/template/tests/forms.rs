//! The forms in which programs write secrets down.

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
