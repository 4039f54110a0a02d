//! `fusion agents memory`: what an agent knows beyond one task.

use fusion_core::Fusion;
use fusion_core::coordination::memory::{Fact, Memory};
use fusion_core::error::{Code, Error, Result, nearest};
use serde_json::{Value, json};

use crate::args::Memories;
use crate::render::{Color, Out, Table, clock};

/// How many facts a search shows.
const FOUND: usize = 20;

/// Shows, finds, sets or forgets.
pub(super) async fn memory(fusion: &Fusion, args: &Memories, out: &Out) -> Result<()> {
    let memory = fusion.memories().of(&args.owner)?;
    if let Some(text) = &args.remember {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            Error::new(Code::InvalidInput, format!("`{text}` is no fact"))
                .hint("write KEY=TEXT, or KEY=JSON")
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        memory.remember(key.trim(), &value).await?;
        return said(&format!("{} remembers `{}`", args.owner, key.trim()), out);
    }
    if let Some(key) = &args.forget {
        if !memory.forget(key).await? {
            return Err(unknown(&memory, key).await?);
        }
        return said(&format!("{} has forgotten `{key}`", args.owner), out);
    }
    let facts = match &args.search {
        Some(text) => {
            let found = memory.search(text, FOUND).await?;
            found.into_iter().map(|one| one.fact).collect()
        }
        None => memory.facts().await?,
    };
    let state = memory.saved_state().await?;
    show(&args.owner, &facts, state, out);
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "the end of each of its callers")]
fn said(text: &str, out: &Out) -> Result<()> {
    if out.json {
        Out::value(&json!({ "ok": true }));
    } else {
        out.say(text);
    }
    Ok(())
}

async fn unknown(memory: &Memory, key: &str) -> Result<Error> {
    let facts = memory.facts().await?;
    let known = facts.iter().map(|fact| fact.key.as_str());
    let text = format!("`{}` remembers nothing under `{key}`", memory.owner());
    Ok(Error::new(Code::UnknownReference, text).hint(nearest::hint(key, known)))
}

fn show(owner: &str, facts: &[Fact], state: Option<(u32, Value)>, out: &Out) {
    if out.json {
        let state = state.map(|(version, state)| json!({"version": version, "state": state}));
        return Out::value(&json!({ "owner": owner, "facts": facts, "state": state }));
    }
    if let Some((version, state)) = state {
        out.say(&format!("saved state, version {version}: {state}"));
    }
    if facts.is_empty() {
        return out.say(&format!("{owner} remembers nothing of it"));
    }
    let mut table = Table::new(&["key", "since", "what"]);
    for fact in facts {
        let what = fact.value.as_str().map_or_else(|| fact.value.to_string(), str::to_owned);
        table.row(vec![
            (Color::Cyan, fact.key.clone()),
            (Color::Dim, clock(fact.at)),
            (Color::Plain, what),
        ]);
    }
    table.print(out);
}
