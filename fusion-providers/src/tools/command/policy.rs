//! Which command lines are allowed. Pure.

use std::fmt;

use crate::mcp::fits;

/// One line of a list: `git` allows every command line of this program, `git status` just this one, `git log *` all that begin so.
/// In any other word one `*` stands for anything: `cargo test --package=*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule(Vec<String>);

impl Rule {
    /// Reads a line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        match words.first() {
            None => Err("a rule of commands is empty: name a program".to_owned()),
            Some(program) if program.contains('*') => {
                Err(format!("`{program}` is no program: which ones are allowed is said one by one"))
            }
            Some(_) => Ok(Self(words)),
        }
    }

    fn allows(&self, argv: &[String]) -> bool {
        match self.0.as_slice() {
            [program] => argv.first() == Some(program),
            [start @ .., rest] if rest == "*" => {
                argv.len() >= start.len()
                    && start.iter().zip(argv).all(|(word, given)| fits(word, given))
            }
            words => {
                words.len() == argv.len()
                    && words.iter().zip(argv).all(|(word, given)| fits(word, given))
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [program] => write!(f, "{program} *"),
            words => f.write_str(&words.join(" ")),
        }
    }
}

/// Refuses what no rule allows, and says what is allowed.
pub(super) fn check(rules: &[Rule], argv: &[String]) -> Result<(), String> {
    if argv.first().is_none_or(String::is_empty) {
        return Err("`command` is empty: give a program and its arguments".to_owned());
    }
    if rules.iter().any(|rule| rule.allows(argv)) {
        return Ok(());
    }
    Err(format!("the policy does not allow `{}`. {}", argv.join(" "), listed(rules)))
}

/// Says what is allowed.
pub(super) fn listed(rules: &[Rule]) -> String {
    let all: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    format!("Allowed: {}.", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_allows_a_program_a_line_or_a_beginning() {
        for (rule, line, holds) in [
            ("git", "git", true),
            ("git", "git push --force", true),
            ("git", "/usr/bin/git status", false),
            ("git", "./git", false),
            ("git", "gitk", false),
            ("git status", "git status", true),
            ("git status", "git status -s", false),
            ("git status", "git", false),
            ("git log *", "git log", true),
            ("git log *", "git log -1 --stat", true),
            ("git log *", "git logs", false),
            ("git log *", "git -c core.pager=x log", false),
            ("cargo test --package=*", "cargo test --package=core", true),
            ("cargo test --package=*", "cargo test --package=core --release", false),
            ("./check.sh", "./check.sh all", true),
        ] {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(check(&[Rule::read(rule).unwrap()], &argv).is_ok(), holds, "{rule}: {line}");
        }
    }

    #[test]
    fn a_refusal_names_the_policy() {
        let rules = [Rule::read("git log *").unwrap(), Rule::read(" ls ").unwrap()];
        let said = check(&rules, &["rm".to_owned(), "-rf".to_owned()]).unwrap_err();
        assert_eq!(said, "the policy does not allow `rm -rf`. Allowed: `git log *`, `ls *`.");
        assert!(check(&rules, &[]).unwrap_err().contains("empty"));
        assert!(check(&[], &["ls".to_owned()]).is_err());
        assert!(Rule::read(" ").is_err());
        assert!(Rule::read("* x").is_err());
    }
}
