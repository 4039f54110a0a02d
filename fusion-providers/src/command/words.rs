//! From a dialect's words to a command.

use super::dialect::{Dialect, Words};

/// What is filled in; empty texts are absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled<'a> {
    pub(super) prompt: &'a str,
    pub(super) model: &'a str,
    pub(super) system: &'a str,
    pub(super) schema: &'a str,
    pub(super) schema_file: &'a str,
    pub(super) session: &'a str,
    pub(super) mode: &'a [String],
    pub(super) alone: &'a [String],
}

/// Makes the command.
pub(super) fn command(dialect: &Dialect, with: &Filled<'_>) -> Vec<String> {
    let mut argv = Vec::new();
    for words in &dialect.argv {
        match words {
            Words::One(word) if word == "{mode}" => argv.extend_from_slice(with.mode),
            Words::One(word) if word == "{alone}" => argv.extend_from_slice(with.alone),
            Words::One(word) => argv.extend(with.fill(word)),
            Words::All(words) => {
                let filled: Option<Vec<String>> =
                    words.iter().map(|word| with.fill(word)).collect();
                argv.extend(filled.unwrap_or_default());
            }
        }
    }
    argv
}

impl Filled<'_> {
    /// Fills a word; none when what it needs is absent. What was filled in is not looked at again.
    fn fill(&self, word: &str) -> Option<String> {
        let known = [
            ("{prompt}", self.prompt),
            ("{model}", self.model),
            ("{system}", self.system),
            ("{schema}", self.schema),
            ("{schema_file}", self.schema_file),
            ("{session}", self.session),
        ];
        let (mut filled, mut rest) = (String::new(), word);
        while let Some(at) = rest.find('{') {
            let (before, after) = rest.split_at(at);
            filled.push_str(before);
            match known.iter().find_map(|(name, text)| Some((after.strip_prefix(name)?, *text))) {
                Some((_, "")) => return None,
                Some((more, text)) => {
                    filled.push_str(text);
                    rest = more;
                }
                None => {
                    filled.push('{');
                    rest = after.get(1..).unwrap_or_default();
                }
            }
        }
        filled.push_str(rest);
        Some(filled)
    }
}

/// Cuts a line into words, at blanks that no quotes enclose.
///
/// # Errors
/// One sentence, when a quote is left open.
pub(super) fn split(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for sign in line.chars() {
        match quote {
            Some(open) if sign == open => quote = None,
            None if sign == '"' || sign == '\'' => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            None if sign.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a {open} is left open in `{line}`"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_left_out_with_its_group() {
        let dialect = Dialect::read(
            r#"{"dialect": 1, "name": "x", "argv": ["x", "{mode}", ["-m", "{model}"], ["-s", "{session}"], "q={prompt}", "{\"a\": {}}", "{alone}"]}"#,
        )
        .unwrap();
        let mode = ["-r".to_owned(), "-o".to_owned()];
        let with = Filled { prompt: "a {model} b", model: "m", mode: &mode, ..Filled::default() };
        assert_eq!(
            command(&dialect, &with),
            ["x", "-r", "-o", "-m", "m", "q=a {model} b", "{\"a\": {}}"]
        );
        assert_eq!(command(&dialect, &Filled::default()), ["x", "{\"a\": {}}"]);
    }

    #[test]
    fn lines_are_cut_at_blanks_outside_of_quotes() {
        assert_eq!(split(" a  'b c'd \"\" e\"'\"").unwrap(), ["a", "b cd", "", "e'"]);
        assert_eq!(split("a 'b").unwrap_err(), "a ' is left open in `a 'b`");
    }
}
