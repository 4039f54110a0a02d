//! What of the environment reaches workflows: secrets by name, and the few variables that every program needs.

use std::collections::BTreeMap;

/// The variables that commands get beside their own.
const HANDED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "TMP",
    "TEMP",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
];
/// The beginnings of further ones.
const FAMILIES: &[&str] = &["LC_", "SSL_CERT_"];

/// Gives the environment that commands get beside their own.
pub(crate) fn of_commands() -> BTreeMap<String, String> {
    let wanted = |name: &str| {
        HANDED_ON.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
    };
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| wanted(name)).collect()
}

/// Finds a secret.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the rim: the environment is read here"
)]
pub(super) fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Gives the name of who sits at the terminal.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the rim: the environment is read here"
)]
pub(crate) fn user() -> String {
    let known =
        ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    known.filter(|name| !name.is_empty()).unwrap_or_else(|| "someone".to_owned())
}
