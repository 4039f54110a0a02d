//! Version ranges as people write them.

use std::fmt;
use std::str::FromStr;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::ResolveError;

/// A set of versions, written as Cargo and npm users do.
///
/// `^1.2` (and plain `1.2`): compatible; `~1.2`: patch releases; `>=1, <2` or `>=1 <2`: all must
/// hold; `1.2 - 1.4`: between, both included; `1.2.x`, `*`: wildcards; `=1.2.3`: exactly;
/// `A || B`: either. A pre-release is inside only when the range names a pre-release of the same
/// `major.minor.patch`.
///
/// ```
/// use fusion_core::graph::resolve::Range;
///
/// let range: Range = ">=1.2 <2 || 3.x".parse()?;
/// assert!(range.contains(&"1.9.0".parse().unwrap()));
/// assert!(range.contains(&"3.4.5".parse().unwrap()));
/// assert!(!range.contains(&"2.0.0".parse().unwrap()));
/// assert!(!range.contains(&"1.5.0-beta.1".parse().unwrap()));
/// # Ok::<(), fusion_core::graph::resolve::ResolveError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Range {
    text: String,
    any_of: Vec<VersionReq>,
}

impl Range {
    /// The range `*`: every version that isn't a pre-release.
    pub fn any() -> Self {
        Self { text: "*".to_owned(), any_of: vec![VersionReq::STAR] }
    }

    /// The range as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the range is `*`, alone or as an alternative.
    pub fn is_any(&self) -> bool {
        self.any_of.contains(&VersionReq::STAR)
    }

    /// Whether the version is inside.
    pub fn contains(&self, version: &Version) -> bool {
        self.any_of.iter().any(|all_of| all_of.matches(version))
    }
}

impl FromStr for Range {
    type Err = ResolveError;

    fn from_str(text: &str) -> Result<Self, ResolveError> {
        let wrong = |reason: String| ResolveError::Range { text: text.to_owned(), reason };
        let mut any_of = Vec::new();
        for part in text.split("||") {
            if part.trim().is_empty() {
                let place = if text.contains("||") { " beside `||`" } else { "" };
                return Err(wrong(format!("nothing is written{place}")));
            }
            let comparators = comparators(part).ok_or_else(|| {
                wrong("` - ` stands between two versions and beside nothing else".to_owned())
            })?;
            any_of.push(VersionReq::parse(&comparators).map_err(|e| wrong(e.to_string()))?);
        }
        Ok(Self { text: text.trim().to_owned(), any_of })
    }
}

/// Brings npm's spelling (spaces for "and", ` - ` for "between") to commas.
fn comparators(part: &str) -> Option<String> {
    let words: Vec<&str> = part.split_whitespace().collect();
    if let [low, "-", high] = words.as_slice() {
        return Some(format!(">={low}, <={high}"));
    }
    if words.contains(&"-") {
        return None;
    }
    let mut out = String::new();
    for word in words {
        // An operator may stand apart from its version: `>= 1.2`.
        let continues = out.is_empty() || out.ends_with(['<', '>', '=', '^', '~', ',']);
        if !continues && !word.starts_with(',') {
            out.push(',');
        }
        out.push_str(word);
    }
    Some(out)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Range {
    type Error = ResolveError;

    fn try_from(text: String) -> Result<Self, ResolveError> {
        text.parse()
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.text
    }
}
