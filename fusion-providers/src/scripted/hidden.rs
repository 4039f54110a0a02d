//! What recordings never hold: values of secrets that are known, and what stands behind `Authorization`.

use std::borrow::Cow;

use fusion_core::graph::template::Secrets;

/// The words before a credential, in lower case.
const BEFORE: [&str; 3] = ["bearer ", "basic ", "authorization"];
/// The shortest run that is taken for a credential, in bytes: a shorter one is a word perhaps.
const LEAST: usize = 8;
/// What stands in its place.
const MASK: &str = "***";

/// Secrets, asked anew for each text.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden(Vec<Secrets>);

impl Hidden {
    pub(super) fn add(&mut self, secrets: Secrets) {
        self.0.push(secrets);
    }

    /// Takes all of them out of a line of JSON.
    pub(super) fn out_of(&self, line: &str) -> String {
        let take = |text: String, secrets: &Secrets| match secrets.redactor_if_any() {
            Some(redactor) => redactor.text(&text).into_owned(),
            None => text,
        };
        without_credentials(&self.0.iter().fold(line.to_owned(), take)).into_owned()
    }
}

/// Masks the credentials of headers: `Authorization: Bearer …`, `"authorization":"…"`, `Bearer …`.
fn without_credentials(text: &str) -> Cow<'_, str> {
    // Without one of these words nothing is copied.
    let low = text.to_ascii_lowercase();
    if !BEFORE.iter().any(|word| low.contains(word)) {
        return Cow::Borrowed(text);
    }
    let (mut clean, mut at) = (String::with_capacity(text.len()), 0);
    while let Some((from, to)) = next(&low, at) {
        clean.push_str(text.get(at..from).unwrap_or_default());
        clean.push_str(MASK);
        at = to;
    }
    clean.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(clean)
}

/// Finds the next credential: where it begins and ends.
fn next(low: &str, at: usize) -> Option<(usize, usize)> {
    let mut from = at;
    loop {
        let rest = low.get(from..)?;
        let starts = BEFORE.iter().filter_map(|word| Some((rest.find(word)?, word.len())));
        let (start, len) = starts.min()?;
        let after = rest.get(start + len..)?;
        // Of `authorization` there are further signs: a colon, quotes of JSON, the scheme.
        let gap =
            after.len() - after.trim_start_matches([' ', ':', '=', '"', '\\', ',', '\'']).len();
        let begins = from + start + len + gap;
        let is_header = len == "authorization".len();
        let run = low.get(begins..)?.find(|sign: char| !is_part(sign));
        let ends = run.map_or(low.len(), |run| begins + run);
        let is_scheme = is_header
            && low
                .get(begins..)
                .is_some_and(|rest| rest.starts_with("bearer ") || rest.starts_with("basic "));
        let has_gap = !is_header
            || low.get(from + start + len..begins).is_some_and(|gap| gap.contains([':', '=', '"']));
        if ends - begins >= LEAST && has_gap && !is_scheme {
            return Some((begins, ends));
        }
        from = begins.max(from + start + len);
    }
}

fn is_part(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "-._~+/=:".contains(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_headers_are_masked_and_words_are_left() {
        for (text, clean) in [
            ("a Bearer abcdefgh1234 b", "a Bearer *** b"),
            (r#"{"Authorization":"Bearer abcdefgh1234"}"#, r#"{"Authorization":"Bearer ***"}"#),
            (r#"curl -H \"authorization: sk-12345678\""#, r#"curl -H \"authorization: ***\""#),
            (r#"[["Authorization","Basic dXNlcjpwYXNz"]]"#, r#"[["Authorization","Basic ***"]]"#),
            ("bearer abcdefgh1 BEARER ijklmnop2", "bearer *** BEARER ***"),
            (
                "the bearer of this, without authorization to enter",
                "the bearer of this, without authorization to enter",
            ),
            ("Authorization: none. Ä bearer", "Authorization: none. Ä bearer"),
        ] {
            assert_eq!(without_credentials(text), clean, "{text}");
        }
    }
}
