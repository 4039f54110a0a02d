//! `fusion why`: why a run does not move.

use fusion_core::error::Result;
use serde_json::json;

use super::find;
use crate::args::{Global, Named};
use crate::render::{Color, Out};

/// Says it in a sentence, with the chain that leads there.
pub(super) async fn why(named: &Named, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &named.run).await?;
    let answers = run.why().await?;
    fusion.close().await?;
    if out.json {
        let all = answers.iter().map(|why| {
            json!({"sentence": why.sentence, "chain": why.chain, "child": why.child, "hint": why.hint})
        });
        Out::value(&json!({"run": run.id().as_str(), "why": all.collect::<Vec<_>>()}));
        return Ok(0);
    }
    for why in &answers {
        Out::result(&why.sentence);
        for link in &why.chain {
            Out::result(&format!("  {link}"));
        }
        if let Some(hint) = &why.hint {
            Out::print(&out.line().add("  ").paint(Color::Cyan, "try").add(": ").add(hint));
        }
    }
    Ok(0)
}
