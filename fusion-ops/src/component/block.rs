//! Lines of components in files that several share, between two marks.

use fusion_core::error::{Code, Error, Result};

use super::name::Shown;

/// How a kind of file writes remarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    open: &'static str,
    close: &'static str,
}

/// Finds how remarks are written in a file, by its ending.
pub(super) fn style(path: &str) -> Result<Style> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
    let (open, close) = match ending.as_str() {
        "md" | "markdown" | "html" | "htm" | "xml" | "svg" => ("<!-- ", " -->"),
        "sql" | "lua" | "hs" => ("-- ", ""),
        "js" | "mjs" | "cjs" | "ts" | "jsx" | "tsx" | "go" | "rs" | "java" | "kt" | "c" | "cpp"
        | "h" | "cs" | "swift" | "dart" | "scss" | "proto" => ("// ", ""),
        "css" => ("/* ", " */"),
        "json" | "lock" | "csv" => {
            let message = format!("lines cannot be put into {}: it has no remarks", Shown(path));
            return Err(Error::new(Code::InvalidInput, message)
                .hint("bring a file of your own instead of a block"));
        }
        _ => ("# ", ""),
    };
    Ok(Style { open, close })
}

impl Style {
    fn first(self, owner: &str) -> String {
        format!("{}>>> fusion component {owner}{}\n", self.open, self.close)
    }

    fn last(self, owner: &str) -> String {
        format!("{}<<< fusion component {owner}{}\n", self.open, self.close)
    }
}

/// Where the lines of a component stand in a text: all with the marks, and what is between.
fn find(
    text: &str,
    style: Style,
    owner: &str,
) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let (first, last) = (style.first(owner), style.last(owner));
    let mut from = 0;
    let start = loop {
        let at = from + text.get(from..)?.find(&first)?;
        // The mark stands at the beginning of a line.
        if at == 0 || text.get(..at)?.ends_with('\n') {
            break at;
        }
        from = at + 1;
    };
    let inner = start + first.len();
    let end = inner + text.get(inner..)?.find(&last)?;
    Some((start..end + last.len(), inner..end))
}

/// Gives the lines of a component.
pub(super) fn get<'a>(text: &'a str, style: Style, owner: &str) -> Option<&'a str> {
    find(text, style, owner).and_then(|(_, inner)| text.get(inner))
}

/// Puts the lines of a component in the place of its old ones, or at the end. Says whether a line end had to be put before.
pub(super) fn set(text: &str, style: Style, owner: &str, lines: &str) -> (String, bool) {
    let whole = format!("{}{lines}{}", style.first(owner), style.last(owner));
    if let Some((all, _)) = find(text, style, owner) {
        let mut made = text.to_owned();
        made.replace_range(all, &whole);
        return (made, false);
    }
    let joined = !text.is_empty() && !text.ends_with('\n');
    (format!("{text}{}{whole}", if joined { "\n" } else { "" }), joined)
}

/// Takes the lines of a component away; with the line end before them when it was put there for the last lines that are left.
pub(super) fn cut(text: &str, style: Style, owner: &str, joined: bool) -> String {
    let Some((all, _)) = find(text, style, owner) else { return text.to_owned() };
    let at_end = all.end == text.len();
    let mut made = text.to_owned();
    made.replace_range(all, "");
    if joined && at_end && made.ends_with('\n') {
        made.pop();
    }
    made
}

/// Gives a text in which the lines of components are empty: what people wrote, at the lines where they wrote it.
pub fn without_blocks(text: &str) -> String {
    let mut inside = false;
    let mut made = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let begins = line.contains(">>> fusion component ");
        inside |= begins;
        made.push_str(if inside { "\n" } else { line });
        if line.contains("<<< fusion component ") {
            inside = false;
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_come_and_go() {
        let style = style(".env.example").unwrap();
        let (one, joined) = set("A=1", style, "auth", "SECRET=\n");
        assert!(joined);
        assert_eq!(one, "A=1\n# >>> fusion component auth\nSECRET=\n# <<< fusion component auth\n");
        let (two, joined) = set(&one, style, "db", "URL=\n");
        assert!(!joined);
        assert_eq!(get(&two, style, "auth"), Some("SECRET=\n"));
        let (changed, _) = set(&two, style, "auth", "S=\n");
        assert_eq!(get(&changed, style, "auth"), Some("S=\n"));
        let left = cut(&two, style, "auth", false);
        assert_eq!(cut(&left, style, "db", true), "A=1");
        assert_eq!(without_blocks(&one), "A=1\n\n\n\n");
    }

    #[test]
    fn files_without_remarks_are_refused() {
        assert!(super::style("package.json").is_err());
        assert_eq!(super::style("a.md").unwrap().first("x"), "<!-- >>> fusion component x -->\n");
    }

    proptest! {
        #[test]
        fn what_was_there_comes_back(text in "[a-z\n# <>é]{0,40}", crossed: bool) {
            let style = style("x.env").unwrap();
            let (one, joined) = set(&text, style, "a", "1\n");
            let (two, _) = set(&one, style, "b", "2\n");
            let order = if crossed { ["a", "b"] } else { ["b", "a"] };
            let left = cut(&two, style, order[0], false);
            prop_assert_eq!(cut(&left, style, order[1], joined), text);
        }
    }
}
