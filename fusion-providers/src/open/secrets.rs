//! Which values are secrets: keys that are set, keys that are asked for, headers that say who one is.

use fusion_core::graph::template::Secrets;

use super::Keys;
use crate::Settings;

/// The shortest key that is looked for in texts, in bytes: servers of one's own are given keys such as `none` or `ollama`, which
/// are words.
const LEAST: usize = 12;
/// What stands in the names of headers and variables whose values are secrets.
const NAMES: [&str; 6] = ["auth", "key", "token", "secret", "cookie", "password"];
/// What variables end with that say where something is.
const PLACES: [&str; 4] = ["_URL", "_HOST", "_HOME", "_DIR"];

/// Gives the secrets that are known before anything is asked: the values of these variables, and what the settings hold.
pub(super) fn known<'a>(
    keys: &Keys,
    settings: &Settings,
    names: impl Iterator<Item = &'a &'static str>,
) -> Secrets {
    let secrets = Secrets::none();
    let set = names.filter_map(|name| keys.get(name));
    let own = settings.key.iter().map(|key| key.expose().to_owned());
    let headers = settings.headers.iter().filter(|(name, _)| names_secret(name));
    for value in set.chain(own).chain(headers.map(|(_, value)| value.clone())) {
        remember(&secrets, &value);
    }
    secrets
}

/// Tells whether a header or a variable of this name has a secret.
pub(crate) fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|word| name.contains(word))
}

/// Remembers which keys are asked for from now on.
pub(crate) fn watched(keys: Keys, secrets: Secrets) -> Keys {
    Keys::new(move |name| {
        let value = keys.get(name)?;
        if !PLACES.iter().any(|end| name.ends_with(end)) {
            remember(&secrets, &value);
        }
        Some(value)
    })
}

/// Remembers a value that is long enough to be a secret and no word.
pub(crate) fn remember(secrets: &Secrets, value: &str) {
    if value.len() >= LEAST {
        secrets.remember(value);
    }
}
