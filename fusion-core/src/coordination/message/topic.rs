//! Names of topics, and patterns over them.

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::model::limits;

/// The name of a topic, words with dots between them (`build.done`), or in subscriptions a pattern: `*` stands for one
/// word, `**` at the end for one or more.
///
/// ```
/// use fusion_core::coordination::Topic;
///
/// let all = Topic::pattern("build.**").unwrap();
/// assert!(all.takes(&Topic::new("build.linux.done").unwrap()));
/// assert!(!all.takes(&Topic::new("test.done").unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// Takes the name of a topic.
    ///
    /// # Errors
    /// `FU0102` when it is empty, longer than 128 bytes, or has an empty word or another character than `A-Z a-z 0-9 . _ : -`.
    pub fn new(name: &str) -> Result<Self> {
        if name.split('.').all(is_word) && name.len() <= limits::NAME_BYTES {
            return Ok(Self(name.into()));
        }
        let short: String = name.chars().take(60).collect();
        Err(Error::new(Code::InvalidId, format!("`{short}` is no name of a topic"))
            .hint("use words of A-Z a-z 0-9 _ : - with dots between them, at most 128 bytes"))
    }

    /// Takes a name or a pattern.
    ///
    /// # Errors
    /// `FU0102` as [`Topic::new`], and when `**` is not at the end.
    pub fn pattern(text: &str) -> Result<Self> {
        let words: Vec<&str> = text.split('.').collect();
        let last = words.len().saturating_sub(1);
        let fits = |(at, word): (usize, &&str)| match *word {
            "*" => true,
            "**" => at == last,
            word => is_word(word),
        };
        if words.iter().enumerate().all(fits) && text.len() <= limits::NAME_BYTES {
            return Ok(Self(text.into()));
        }
        let short: String = text.chars().take(60).collect();
        Err(Error::new(Code::InvalidId, format!("`{short}` is no topic and no pattern of topics"))
            .hint("`*` stands for one word, `**` at the end for all that follow"))
    }

    /// Tells whether it stands for more than one topic.
    pub fn is_pattern(&self) -> bool {
        self.0.contains('*')
    }

    /// Tells whether a topic is meant by this one.
    pub fn takes(&self, topic: &Self) -> bool {
        let mut words = topic.0.split('.');
        for want in self.0.split('.') {
            match (want, words.next()) {
                ("**", found) => return found.is_some(),
                ("*", Some(_)) => {}
                (want, Some(word)) if want == word => {}
                _ => return false,
            }
        }
        words.next().is_none()
    }

    #[cfg(feature = "engine")]
    pub(crate) fn name(&self) -> Arc<str> {
        self.0.clone()
    }
}

fn is_word(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-');
    !word.is_empty() && word.chars().all(fits)
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_what_they_say() {
        for (pattern, takes, not) in [
            ("a.b", vec!["a.b"], vec!["a", "a.b.c", "a.c"]),
            ("*", vec!["a"], vec!["a.b"]),
            ("a.*.c", vec!["a.b.c"], vec!["a.c", "a.b.d", "a.b.c.d"]),
            ("a.**", vec!["a.b", "a.b.c"], vec!["a", "b.a"]),
            ("**", vec!["a", "a.b.c"], vec![]),
        ] {
            let all = Topic::pattern(pattern).unwrap();
            assert!(takes.iter().all(|topic| all.takes(&Topic::new(topic).unwrap())), "{pattern}");
            assert!(!not.iter().any(|topic| all.takes(&Topic::new(topic).unwrap())), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_topic_is_refused() {
        for text in ["", ".", "a..b", "a b", "a/b", "@bob", &"x".repeat(129)] {
            assert!(Topic::new(text).is_err(), "{text}");
            assert!(Topic::pattern(text).is_err(), "{text}");
        }
        assert!(Topic::new("a.*").is_err());
        assert!(Topic::pattern("**.a").is_err() && Topic::pattern("a*").is_err());
    }
}
