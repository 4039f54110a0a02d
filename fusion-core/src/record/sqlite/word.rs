//! Values that are nearly always the same, as the file keeps them: a number of one byte, or none, in their place.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

/// Words that have a number: their places here. Files keep these numbers, so words are only added, at the end.
const WORDS: [&str; 12] = [
    "run",
    "runs",
    "pending",
    "running",
    "waiting",
    "paused",
    "succeeded",
    "failed",
    "cancelled",
    "cache",
    "durations",
    "workflow",
];

/// A text in a column of words: one of the known ones as its number, every other as itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'text>(pub(super) &'text str);

impl ToSql for Word<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = (0_i64..).zip(WORDS).find(|(_, word)| *word == self.0);
        Ok(match number {
            Some((number, _)) => ToSqlOutput::from(number),
            None => ToSqlOutput::from(self.0),
        })
    }
}

/// A text from a column of words. What is damaged is read as a text that nobody wrote, so that the checksum tells.
#[derive(Debug)]
pub(super) struct Worded(pub(super) String);

impl FromSql for Worded {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let known = |number: i64| WORDS.get(usize::try_from(number).ok()?).copied();
        Ok(Self(match value {
            ValueRef::Integer(number) => {
                known(number).map_or_else(|| format!("\u{0}{number}"), str::to_owned)
            }
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => "\u{0}".to_owned(),
        }))
    }
}

/// Gives an SQL expression that turns a column of texts into one of words.
pub(super) fn from_text(column: &str) -> String {
    let words =
        (0..).zip(WORDS).map(|(number, word): (usize, _)| format!(" WHEN '{word}' THEN {number}"));
    format!("CASE {column}{} ELSE {column} END", words.collect::<String>())
}

/// When an entry is due. Never is an empty text, which sorts after every number and takes no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due(pub(super) i64);

impl ToSql for Due {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(if self.0 == i64::MAX { ToSqlOutput::from("") } else { ToSqlOutput::from(self.0) })
    }
}

impl FromSql for Due {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value {
            ValueRef::Integer(due) => due,
            ValueRef::Text(b"") => i64::MAX,
            _ => i64::MIN,
        }))
    }
}

/// The key that no other entry has: the name of the entry's stream is kept as that stream's number.
#[derive(Debug)]
pub(super) enum Dedup<'text> {
    /// It has none.
    None,
    /// The name of this stream, which is the entry's.
    Stream(i64),
    /// Any other text.
    Text(Cow<'text, str>),
}

impl<'text> Dedup<'text> {
    /// Chooses the form of a key for an entry of a stream.
    pub(super) fn of(key: Option<&'text str>, stream: Option<(i64, &str)>) -> Self {
        match (key, stream) {
            (None, _) => Self::None,
            (Some(key), Some((id, name))) if name == key => Self::Stream(id),
            (Some(key), _) => Self::Text(Cow::Borrowed(key)),
        }
    }
}

impl ToSql for Dedup<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::None => ToSqlOutput::from(rusqlite::types::Null),
            Self::Stream(id) => ToSqlOutput::from(*id),
            Self::Text(text) => ToSqlOutput::from(text.as_ref()),
        })
    }
}

impl FromSql for Dedup<'static> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::None,
            ValueRef::Integer(id) => Self::Stream(id),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned().into()),
            _ => Self::Text("\u{0}".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn words_and_other_texts_come_back() {
        let file = Connection::open_in_memory().unwrap();
        let mut texts = WORDS.to_vec();
        texts.extend(["", "0", "6", "Run", "run ", "inbox/x"]);
        for text in texts {
            let (kind, Worded(back)) = file
                .query_row("SELECT typeof(?1), ?1", [Word(text)], |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?))
                })
                .unwrap();
            assert_eq!((back.as_str(), kind == "integer"), (text, WORDS.contains(&text)));
            let sql = format!("SELECT {} IS ?2 FROM (SELECT ?1 AS t)", from_text("t"));
            assert!(file.query_row(&sql, (text, Word(text)), |row| row.get::<_, bool>(0)).unwrap());
        }
        assert_eq!(WORDS.get(6), Some(&"succeeded"), "as an index of 0003.sql says");
    }

    #[test]
    fn damage_becomes_what_nobody_wrote() {
        for value in [ValueRef::Integer(-1), ValueRef::Integer(99), ValueRef::Blob(b"run")] {
            let Worded(text) = Worded::column_result(value).unwrap();
            assert!(text.starts_with('\u{0}'), "{text:?}");
        }
        assert_eq!(Due::column_result(ValueRef::Text(b"1")), Ok(Due(i64::MIN)));
        assert_eq!(Due::column_result(ValueRef::Text(b"")), Ok(Due(i64::MAX)));
    }
}
