//! `fusion explain`: the page of an error code.

use fusion_core::error::{Code, Error, Result, nearest};
use serde_json::json;

use crate::render::Out;

/// Prints the page of a code, or all codes.
pub(super) fn explain(code: Option<&str>, out: &Out) -> Result<u8> {
    let Some(text) = code else {
        let titles = Code::ALL.iter().map(|code| (code.text(), title(*code)));
        if out.json {
            let all = titles.map(|(code, title)| json!({"code": code, "title": title}));
            Out::value(&all.collect());
        } else {
            titles.for_each(|(code, title)| Out::result(&format!("{code}  {title}")));
        }
        return Ok(0);
    };
    let Some(code) = Code::from_text(text) else {
        let wanted = text.to_ascii_uppercase();
        let hint = nearest::hint(&wanted, Code::ALL.iter().map(|code| code.text()));
        return Err(
            Error::new(Code::InvalidInput, format!("there is no error code `{text}`")).hint(hint)
        );
    };
    if out.json {
        Out::value(&json!({"code": code.text(), "title": title(code), "page": code.page()}));
    } else {
        Out::text(code.page());
    }
    Ok(0)
}

fn title(code: Code) -> &'static str {
    let heading = code.page().lines().next().unwrap_or_default();
    heading.split_once(": ").map_or(heading, |(_, title)| title)
}
