//! `fusion tasks prune`, `fusion agents prune`, `fusion providers prune`: what is over is forgotten.

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_providers::layer;
use serde_json::json;

use crate::args::Forgetting;
use crate::render::Out;

/// What is forgotten.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// Tasks that are over.
    Tasks,
    /// Agents that were terminated.
    Agents,
    /// What layers of providers keep in the store.
    Kept,
}

impl What {
    fn count(self, count: usize) -> String {
        let (one, many) = match self {
            Self::Tasks => ("task", "tasks"),
            Self::Agents => ("agent", "agents"),
            Self::Kept => ("document", "documents"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// Forgets, after a question on a terminal. Gives the exit code.
pub(super) async fn forget(
    what: What,
    fusion: &Fusion,
    args: &Forgetting,
    out: &Out,
) -> Result<u8> {
    let age = i64::try_from(args.older_than).unwrap_or(i64::MAX);
    let before = fusion.now_ms().saturating_sub(age);
    let prune = async |dry_run| match what {
        What::Tasks => fusion.tasks().prune(before, dry_run).await,
        What::Agents => fusion.agents().prune(before, dry_run).await,
        What::Kept => {
            layer::prune(fusion.store().as_ref(), (before, fusion.now_ms()), dry_run).await
        }
    };
    if args.dry_run {
        let found = prune(true).await?;
        if out.json {
            Out::value(&json!({ "would_delete": found }));
        } else {
            for id in &found {
                Out::result(id);
            }
        }
        return Ok(0);
    }
    if !args.yes {
        let count = prune(true).await?.len();
        if count > 0 && !out.can_ask() {
            let text = format!("{} would be forgotten", what.count(count));
            return Err(Error::new(Code::InvalidInput, text)
                .hint("`--yes` forgets them, `--dry-run` lists them"));
        }
        if count > 0 && !Out::ask(&format!("forget {} for ever?", what.count(count))) {
            return Ok(1);
        }
    }
    let gone = prune(false).await?;
    if out.json {
        Out::value(&json!({ "deleted": gone }));
    } else {
        out.say(&format!("forgot {}", what.count(gone.len())));
    }
    Ok(0)
}
