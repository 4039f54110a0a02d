//! Secrets in plain text, by the names of settings and by the forms of well-known keys.

use super::finding::{Findings, Look, words};

/// What the names of secrets end with.
const ENDINGS: &str = "PASSWORD PASSWD PASSPHRASE PASS SECRET TOKEN API_KEY APIKEY SECRET_KEY PRIVATE_KEY ACCESS_KEY ENCRYPTION_KEY SIGNING_KEY \
                       SECRET_KEY_BASE AUTH_KEY CREDENTIALS";
/// Words of values that stand for one, or are those of a service that only this machine reaches.
const HARMLESS: &str = "change changeme me your my the a an here replace with set this to password passwd pass pwd secret secrets token key api example \
                        sample placeholder dummy fake mock test tests testing tester dev develop development local localhost default demo admin \
                        administrator root user username guest postgres postgresql mysql mariadb mongo mongodb redis rabbitmq minio minioadmin \
                        app application db database none null empty todo insert value xxx string foo bar baz insecure unsafe not for production \
                        in only ci build true false yes no on off it must be please use random generate jwt django enter some";
/// What well-known keys begin with, and how long they are at least.
const FORMS: [(&str, usize); 12] = [
    ("AKIA", 20),
    ("ghp_", 36),
    ("gho_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("sk-ant-", 30),
    ("sk-proj-", 30),
    ("sk_live_", 24),
    ("xoxb-", 24),
    ("xoxp-", 24),
    ("AIza", 35),
    ("-----BEGIN", 20),
];

/// Looks at a file of settings; one that shows which there are holds none.
pub(super) fn environment(look: &Look<'_>, found: &mut Findings) {
    let shows =
        ["example", "sample", "template", "dist", "defaults", "schema", "test", "tests", "ci"];
    if words(look.file()).iter().any(|word| shows.contains(&word.as_str())) {
        return;
    }
    for (number, line) in (1..).zip(look.text.lines()) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((key, value)) = line.split_once('=') {
            setting((key, value), number, found);
        }
    }
}

/// Looks at one setting.
pub(super) fn setting((key, value): (&str, &str), line: usize, found: &mut Findings) {
    let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']).trim());
    if is_empty(value) {
        return;
    }
    let is_form =
        FORMS.iter().any(|(begin, length)| value.starts_with(begin) && value.len() >= *length);
    let is_secret =
        is_form || (is_named(key) && is_said(value)) || password_of(value).is_some_and(is_said);
    if is_secret && !value.contains("EXAMPLE") {
        found.say(
            ("devops/secret", line),
            format!("the value of `{key}` stands here in plain text"),
            "take it from the environment or from a store of secrets: `${NAME}`",
        );
    }
}

/// Whether a value comes from elsewhere.
fn is_empty(value: &str) -> bool {
    value.is_empty()
        || value.contains(['$', '<', '{'])
        || value.starts_with('/')
        || value.starts_with("file:")
}

/// Whether a name is one of a secret: `DB_PASSWORD`, `apiKey`; `TOKEN_TTL` and `PASSWORD_FILE` are none.
fn is_named(key: &str) -> bool {
    let name = words(key).join("_").to_uppercase();
    ENDINGS.split_whitespace().any(|ending| {
        name.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    }) && !name.contains("PUBLIC")
}

/// Whether a value may be one that somebody keeps to himself: not made of words that stand for one.
fn is_said(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let is_known = |word: &String| {
        let plain = word.trim_end_matches(|sign: char| sign.is_ascii_digit());
        plain.is_empty()
            || plain.chars().all(|sign| sign == 'x')
            || HARMLESS.split_whitespace().any(|own| own == plain)
    };
    let all = words(value);
    value.len() >= 6
        && !all.iter().all(is_known)
        && !value.contains("...")
        && !value.contains("changeme")
        && !value.contains("change-me")
}

/// The password in an address: `secret` of `postgres://user:secret@host/db`.
fn password_of(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (who, _) = rest.split('/').next()?.rsplit_once('@')?;
    let (user, password) = who.split_once(':')?;
    (password != user && !password.is_empty()).then_some(password)
}
