//! Tests of templates: types, texts, skipped nodes, messages, secrets.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::Payload;

mod bombs;
mod forms;
mod patterns;

struct Run {
    secrets: Secrets,
    extra: Vec<(&'static str, Data)>,
}

impl Run {
    fn new() -> Self {
        let secrets = Secrets::new(|name| (name == "KEY").then(|| "s3cr3t/t+ken".to_owned()));
        Self {
            secrets,
            extra: vec![("item", json!({"name": "x"}).into()), ("index", json!(7).into())],
        }
    }
}

impl Scope for Run {
    fn node(&self, name: &str) -> Found {
        let output = match name {
            "log" => {
                json!({"stdout": "a\nb\n", "lines": ["a", "b", "c"], "json": {"z": 1, "a": [1.0, 2]}})
            }
            "big" => json!(u64::MAX),
            "a-b" => json!("dashed"),
            "quiet" => return Found::Skipped,
            "bytes" => return Found::Output(Payload::from_bytes(vec![0xff, 0xfe]).into()),
            _ => return Found::Unknown,
        };
        Found::Output(Payload::value(&output).into())
    }

    fn inputs(&self) -> Data {
        json!({"limit": 3, "repo": ".", "none": null, "yes": true}).into()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.secrets.get(name)
    }

    fn extra(&self) -> &[(&'static str, Data)] {
        &self.extra
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests can write `json!` in place")]
fn render(value: Value) -> Value {
    Templates::new().render(&value, &Run::new()).unwrap()
}

fn fails(text: &str) -> String {
    Templates::new().render(&json!(text), &Run::new()).unwrap_err().message
}

#[test]
fn one_whole_expression_keeps_its_type() {
    for (text, value) in [
        ("{{ inputs.limit }}", json!(3)),
        ("{{ nodes.big }}", json!(u64::MAX)),
        ("  {{- nodes.log.lines -}} ", json!(["a", "b", "c"])),
        ("{{ nodes.log.json }}", json!({"z": 1, "a": [1.0, 2]})),
        ("{{ nodes.log.lines[:2] }}", json!(["a", "b"])),
        ("{{ nodes[\"a-b\"] }}", json!("dashed")),
        ("{{ nodes.quiet }}", Value::Null),
        ("{{ inputs.none }}", Value::Null),
        ("{{ {\"a\": {\"b\": inputs.yes}} }}", json!({"a": {"b": true}})),
        ("{{ item.name ~ index }}", json!("x7")),
        ("{{ inputs.limit / 2 }}", json!(1.5)),
        ("{{ '{\"a\": [1]}' | fromjson }}", json!({"a": [1]})),
        ("no tags } at { all", json!("no tags } at { all")),
    ] {
        assert_eq!(render(json!(text)), value, "{text}");
    }
    assert_eq!(render(json!({"k": ["{{ index }}", 1, null]})), json!({"k": [7, 1, null]}));
    assert_eq!(render(json!("{{ nodes.log.json }}")).to_string(), r#"{"z":1,"a":[1.0,2]}"#);
}

#[test]
fn other_texts_are_texts() {
    for (text, value) in [
        ("{{ inputs.limit }}{{ index }}", "37"),
        ("n={{ nodes.log.lines }}\n", "n=[\"a\",\"b\",\"c\"]\n"),
        ("<{{ inputs.none }}{{ nodes.quiet.stdout }}>", "<>"),
        ("{% for l in nodes.log.lines %}{{ l }};{% endfor %}", "a;b;c;"),
        ("{{ nodes.log.lines | join(\",\") }}!", "a,b,c!"),
        (
            "{{ nodes.log | tojson }}.",
            r#"{"stdout":"a\nb\n","lines":["a","b","c"],"json":{"z":1,"a":[1.0,2]}}."#,
        ),
        (
            "{{ \"it's\" | quote }} {{ \"plain\" | quote }} {{ \"\" | quote }}",
            r"'it'\''s' plain ''",
        ),
        ("{{ \"a1b22\" | regex_replace(\"[0-9]+\", \"#\") }}!", "a#b#!"),
        ("{{ \"größe\" | truncate(3) }}!", "grö…!"),
        ("{{ [1, 2] | tojson(indent=1) }}!", "[\n 1,\n 2\n]!"),
    ] {
        assert_eq!(render(json!(text)), json!(value), "{text}");
    }
    let text = Templates::new().text("{{ nodes.log.lines }}", &Run::new()).unwrap();
    assert_eq!(text, r#"["a","b","c"]"#);
}

#[test]
fn a_skipped_node_is_null_all_the_way_down() {
    assert_eq!(render(json!("{{ nodes.quiet.a.b.c or nodes.log.stdout }}")), json!("a\nb\n"));
    assert_eq!(render(json!("{{ nodes.quiet.a.b | default(5) }}")), json!(5));
    assert_eq!(render(json!("{{ nodes.quiet is none }}")), json!(true));
    assert_eq!(render(json!("{{ [nodes.quiet] | tojson }}")), json!("[null]"));
    assert_eq!(render(json!("{{ nodes.quiet.lines | length }}")), json!(0));
}

#[test]
fn conditions() {
    let check = |text: &str| Templates::new().condition(text, &Run::new());
    for (text, holds) in [
        ("inputs.limit > 0 and nodes.log.stdout", true),
        ("{{ inputs.limit == 4 }}", false),
        ("nodes.quiet.approved", false),
        ("not nodes.quiet", true),
        ("item.name is matching('^x$')", true),
        ("'b' in nodes.log.lines", true),
        ("inputs.none", false),
    ] {
        assert_eq!(check(text).unwrap(), holds, "{text}");
    }
    assert!(check("nodes.log.approved").is_err());
    assert_eq!(Templates::new().value("index + 1", &Run::new()).unwrap(), json!(8));
}

#[test]
fn messages_name_the_nearest_word() {
    for (text, part) in [
        ("{{ nodes.log.stdou }}", "`nodes.log` has no `stdou`: did you mean `stdout`?"),
        ("{{ nodes.log.stdou }}!", "`nodes.log` has no `stdou`: did you mean `stdout`?"),
        ("{{ nodes.log.stdou | upper }}", "did you mean `stdout`?"),
        ("{{ inputs.limt + 1 }}", "`inputs` has no `limt`: did you mean `limit`?"),
        ("{{ inputs.repo.x }}", "`inputs.repo` is a string and has no `x`"),
        ("{{ nodes.nowhere }}", "no output of a node `nowhere`"),
        ("{{ nodes.bytes }}", "is bytes, not text or JSON"),
        ("{{ secrets.NOPE }}", "the secret `NOPE` is not set"),
        ("{{ itm }}", "there is no `itm`: did you mean `item`?"),
        ("{{ index | uper }}", "uper"),
        ("{{ 1 + }}", "unexpected"),
        ("echo ${#x}", "`{#` begins a comment"),
        ("{{ \"x\" | regex_replace(\"(\", \"\") }}", "unclosed group"),
        ("{{ nodes.log", "in `{{ nodes.log`"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "steps"),
    ] {
        let message = fails(text);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn references_are_known_before_the_run() {
    let found = References::of_value(&json!({
        "a": "{{ nodes.a.x }} {{ nodes['b-c'].y[nodes.d:] }} {# nodes.comment #}",
        "b": ["{% raw %}{{ nodes.raw }}{% endraw %}{% set nodes_x = nodes.e %}{{ f(nodes=1) if false }}"],
        "c": "nodes.plain",
        "d": "{{ x.nodes.attr or \"nodes.text\" }}{{ {\"a\": {\"b\": nodes.f}} }}{{ inputs.i }}{{ secrets.S }}",
    }))
    .unwrap();
    assert_eq!(Vec::from_iter(&found.nodes), ["a", "b-c", "d", "e", "f"]);
    assert_eq!(Vec::from_iter(&found.inputs), ["i"]);
    assert_eq!(Vec::from_iter(&found.secrets), ["S"]);
    assert!(!found.all_inputs);
    assert!(References::of_expression("inputs | length").unwrap().all_inputs);
    let flaw = References::of_text("ab {{ c d }}").unwrap_err();
    assert_eq!(flaw.range, Some(8..9), "{flaw:?}");
}

#[test]
fn a_secret_that_was_handed_out_is_redacted_in_every_form() {
    let run = Run::new();
    let out = Templates::new().render(&json!("Bearer {{ secrets.KEY }}"), &run).unwrap();
    assert_eq!(out, json!("Bearer s3cr3t/t+ken"));
    let redactor = run.secrets.redactor();
    for text in [
        "x s3cr3t/t+ken y",
        "s3cr3t%2Ft%2Bken",
        "733363723374",
        "czNjcjN0L3Qra2Vu",         // base64 of it alone
        "dXNlcjpzM2NyM3QvdCtrZW4=", // base64 of user:…
    ] {
        let redacted = redactor.text(text);
        if text.starts_with("7333") {
            assert_eq!(redacted, text, "half a secret is not the secret");
        } else {
            assert!(redacted.contains("***"), "{text} → {redacted}");
        }
    }
    let mut value = json!({"s3cr3t/t+ken": ["a s3cr3t/t+ken"], "n": 1});
    assert!(redactor.json(&mut value));
    assert_eq!(value, json!({"***": ["a ***"], "n": 1}));
    let failure = Templates::new()
        .render(&json!("{{ secrets.KEY | int }} {{ secrets.KEY.x.y }}"), &run)
        .unwrap_err();
    assert!(!failure.message.contains("s3cr3t"), "{}", failure.message);
    assert!(Redactor::new(["abc".to_owned()]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_text_panics(text in r#"(\{\{|\}\}|\{%|%\}|\{#|#\}|nodes|inputs|secrets|log|item|[a-z'"\[\]().|+*/~ -]|for|in|if|endif|endfor|set|is|not|[0-9]|\\|ä|\n){0,24}"#) {
        let _ = References::of_text(&text);
        let _ = References::of_expression(&text);
        let _ = Templates::new().render(&json!(text), &Run::new());
        let _ = Templates::new().condition(&text, &Run::new());
    }

    #[test]
    fn base64_of_a_secret_inside_anything_is_found(before in "[a-z]{0,5}", secret in "[ -~]{9,20}", after in "[a-z]{0,5}") {
        let redactor = Redactor::new([secret.clone()]);
        let text = reference_base64(format!("{before}{}{after}", secret.trim()).as_bytes());
        prop_assume!(secret.trim().len() >= 9);
        prop_assert!(redactor.text(&text).contains("***"), "{}", text);
    }
}

/// The obvious encoder, bit by bit.
fn reference_base64(bytes: &[u8]) -> String {
    let signs: Vec<char> =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: Vec<usize> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| usize::from(byte >> at & 1)))
        .collect();
    bits.chunks(6)
        .map(|six| signs[(0..6).fold(0, |sum, at| sum * 2 + six.get(at).copied().unwrap_or(0))])
        .collect()
}
