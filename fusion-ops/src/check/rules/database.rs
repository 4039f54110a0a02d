//! Rules for migrations and other SQL.

use fusion_core::error::nearest;

use super::finding::{Findings, Look, words};
use super::sql::{Script, Statement, read};

/// Words that a statement may begin with.
const VERBS: &str = "CREATE ALTER DROP TRUNCATE INSERT UPDATE DELETE SELECT WITH GRANT REVOKE BEGIN COMMIT ROLLBACK START SAVEPOINT \
                     RELEASE SET PRAGMA COMMENT ANALYZE VACUUM REINDEX EXPLAIN MERGE REPLACE UPSERT CALL EXEC EXECUTE DO DECLARE COPY \
                     LOCK UNLOCK USE SHOW VALUES REFRESH RENAME ATTACH DETACH CLUSTER DEFINE REMOVE GO IF END PRINT RAISE RETURN LOAD \
                     OPTIMIZE FLUSH SECURITY IMPORT LET WHILE FOR TABLE ABORT RESET DISCARD NOTIFY LISTEN UNLISTEN PREPARE DEALLOCATE \
                     CHECKPOINT REASSIGN DELIMITER HANDLER KILL PURGE REPAIR SOURCE SYSTEM MSCK INSTALL";
/// What else a table may be made of than columns of its own.
const MADE: [&[&str]; 6] =
    [&["AS"], &["LIKE"], &["CLONE"], &["PARTITION", "OF"], &["INHERITS"], &["DUPLICATE", "KEY"]];
/// Words before `TABLE` that make one that holds no rows of its own, or none for long.
const PASSING: [&str; 7] =
    ["TEMP", "TEMPORARY", "VIRTUAL", "EXTERNAL", "FOREIGN", "UNLOGGED", "TRANSIENT"];

/// Looks at a file of SQL.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    if look.ending() != "sql" || look.text.contains("{%") || look.text.contains("{{") {
        return;
    }
    let script = read(look.text);
    // What follows a quote that is not closed cannot be read.
    if closed(&script, found) {
        statements(&script, look, found);
        keys(&script, found);
        losses(&script, look, found);
    }
}

fn closed(script: &Script<'_>, found: &mut Findings) -> bool {
    if let Some((sign, line)) = &script.open {
        let wrong = format!("what begins here with {sign} is not closed");
        found.say(("database/closed", *line), wrong, "close it");
        return false;
    }
    for statement in &script.up {
        let mut open: Vec<usize> = Vec::new();
        for token in &statement.tokens {
            if token.is("(") {
                open.push(token.line);
            } else if token.is(")") && open.pop().is_none() {
                found.say(
                    ("database/closed", token.line),
                    "this `)` closes nothing",
                    "take it away, or open it before",
                );
                return false;
            }
        }
        if let Some(line) = open.last() {
            found.say(
                ("database/closed", *line),
                "this `(` is not closed",
                "close it before the statement ends",
            );
            return false;
        }
    }
    true
}

/// Statements whose first word is nearly one of SQL; a word that is like none is another dialect's.
fn statements(script: &Script<'_>, look: &Look<'_>, found: &mut Findings) {
    let bodies = ["FUNCTION", "PROCEDURE", "TRIGGER", "PACKAGE", "DELIMITER"];
    let has_body = |one: &Statement<'_>| bodies.iter().any(|word| one.has(&[word]));
    if script.up.iter().any(has_body) || look.text.lines().any(|line| line.starts_with('\\')) {
        return;
    }
    for statement in &script.up {
        let Some(first) = statement.tokens.first() else { continue };
        let word = first.text.to_uppercase();
        let known: Vec<&str> = VERBS.split_whitespace().collect();
        if known.contains(&word.as_str()) || !word.chars().all(char::is_alphabetic) {
            continue;
        }
        if let Some(near) = nearest::nearest(&word, known) {
            let wrong = format!("no statement begins with `{}`", first.text);
            found.say(("database/statement", first.line), wrong, format!("did you mean `{near}`?"));
        }
    }
}

/// The name of the table that a statement makes, and whether it is one with rows of its own.
fn made(statement: &Statement<'_>) -> Option<(String, bool)> {
    if !statement.is(0, "CREATE") {
        return None;
    }
    let table = statement.tokens.iter().take(5).position(|token| token.is_word("TABLE"))?;
    let mut at = table + 1;
    if statement.is(at, "IF") {
        at += 3;
    }
    let (name, behind) = statement.name(at);
    let passes = (1..table).any(|at| PASSING.iter().any(|word| statement.is(at, word)));
    // Only what stands outside of the columns tells what it is made of, and `LIKE` alone in them.
    let (mut depth, mut plain) = (0_usize, Statement::default());
    for (at, token) in statement.tokens.iter().enumerate().skip(behind) {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 || (at == behind + 1 && token.is_word("LIKE")) {
            plain.tokens.push(*token);
        }
    }
    let engine = plain.has(&["ENGINE"]) && plain.has(&["ORDER", "BY"]);
    let of_others = MADE.iter().any(|words| plain.has(words)) || engine;
    let is_typed = statement.is(behind, "OF");
    let has_columns = statement.tokens.iter().skip(behind).any(|token| token.is("("));
    Some((name, !passes && !of_others && !is_typed && has_columns))
}

fn keys(script: &Script<'_>, found: &mut Findings) {
    for statement in &script.up {
        let Some((name, true)) = made(statement) else { continue };
        let keys =
            [&["PRIMARY", "KEY"][..], &["NOT", "NULL", "UNIQUE"], &["UNIQUE", "NOT", "NULL"]];
        if keys.iter().any(|words| statement.has(words)) {
            continue;
        }
        let later = |other: &&Statement<'_>| {
            let names = |token: &super::token::Token<'_>| {
                token.text.trim_matches(['"', '`']).to_lowercase() == name
            };
            other.is(0, "ALTER") && other.has(&["PRIMARY", "KEY"]) && other.tokens.iter().any(names)
        };
        if script.up.iter().find(later).is_none() {
            found.say(
                ("database/primary-key", statement.line()),
                format!("the table `{name}` has no primary key"),
                "name the columns that tell its rows apart: `PRIMARY KEY (…)`",
            );
        }
    }
}

/// What a statement takes away for good, in words, with its name.
fn taken(statement: &Statement<'_>) -> Option<(String, String)> {
    let kinds = ["TABLE", "SCHEMA", "DATABASE"];
    if statement.is(0, "TRUNCATE") {
        let at = if statement.is(1, "TABLE") { 2 } else { 1 };
        let (name, _) = statement.name(at);
        return Some((format!("the rows of `{name}`"), name));
    }
    if statement.is(0, "DROP") {
        let kind = kinds.iter().find(|kind| statement.is(1, kind))?;
        let at = if statement.is(2, "IF") { 4 } else { 2 };
        let (name, _) = statement.name(at);
        return Some((format!("the {} `{name}`", kind.to_lowercase()), name));
    }
    if statement.is(0, "ALTER") && statement.has(&["DROP", "COLUMN"]) {
        let at =
            statement.tokens.windows(2).position(
                |two| matches!(two, [a, b] if a.is_word("DROP") && b.is_word("COLUMN")),
            )? + 2;
        let at = if statement.is(at, "IF") { at + 2 } else { at };
        return Some((format!("the column `{}`", statement.name(at).0), String::new()));
    }
    None
}

fn losses(script: &Script<'_>, look: &Look<'_>, found: &mut Findings) {
    if script.has_down || is_way_back(look) || has_way_back(look) {
        return;
    }
    for statement in &script.up {
        let Some((what, name)) = taken(statement).filter(|_| !statement.has_note) else { continue };
        let is_anew = |other: &Statement<'_>| made(other).is_some_and(|(other, _)| other == name);
        // Dropped to be made anew, as scripts do that set up a database; or of a table that only passes.
        if !script.up.iter().any(is_anew) {
            found.say(
                ("database/data-loss", statement.line()),
                format!("it takes away {what}, and there is no way back"),
                "write the way back (a file `….down.sql`, or below `-- migrate:down`), or above it a comment that says why nothing is lost",
            );
        }
    }
}

/// Whether a file undoes what another one does.
fn is_way_back(look: &Look<'_>) -> bool {
    let file = look.file();
    let undoes = |word: &String| {
        ["down", "rollback", "revert", "undo", "teardown", "drop", "reset", "clean", "cleanup"]
            .contains(&word.as_str())
    };
    let is_flyway = file.starts_with('U') && file.contains("__");
    is_flyway || words(look.name).iter().any(undoes)
}

/// Whether the file that undoes this one is beside it.
fn has_way_back(look: &Look<'_>) -> bool {
    let there = |name: String| {
        let folder = look.folder();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        (look.beside)(&path) != super::finding::Beside::Nothing
    };
    let file = look.file();
    let Some(name) = file.strip_suffix(".sql") else { return false };
    let whole = name.strip_suffix(".up").or_else(|| name.strip_suffix("_up"));
    let undo = file.strip_prefix('V').map(|rest| format!("U{rest}"));
    let base = whole.unwrap_or(name);
    (file == "up.sql" && there("down.sql".to_owned()))
        || ["down", "rollback", "undo"]
            .iter()
            .any(|word| there(format!("{base}.{word}.sql")) || there(format!("{base}_{word}.sql")))
        || undo.is_some_and(there)
}
