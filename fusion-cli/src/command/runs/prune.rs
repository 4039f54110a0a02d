//! `fusion runs prune`: deletes runs that have ended.

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::{RunId, RunRow, RunStatus};
use serde_json::json;

use crate::args::{Global, Pruning};
use crate::command::find;
use crate::render::Out;

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// Deletes what is named, after a question on a terminal.
pub(super) async fn prune(args: &Pruning, global: &Global, out: &Out) -> Result<u8> {
    let names_none = args.runs.is_empty() && args.older_than.is_none() && args.status.is_empty();
    if names_none && !args.vacuum {
        return Err(Error::new(Code::InvalidInput, "nothing says which runs to delete")
            .hint("name runs, or give `--older-than 30d` or `--status`"));
    }
    let fusion = find::look(global).await?;
    let ids = chosen(&fusion, args).await?;
    let listed: Vec<&str> = ids.iter().map(RunId::as_str).collect();
    let kept =
        if args.cached { fusion.prune_cached(before(&fusion, args), true).await? } else { 0 };
    if args.dry_run {
        fusion.close().await?;
        if out.json {
            Out::value(&json!({"would_delete": listed, "would_forget": kept}));
        } else {
            for id in &listed {
                Out::result(id);
            }
            if args.cached {
                out.say(&format!("and {}", outputs(kept)));
            }
        }
        return Ok(0);
    }
    let what = if kept > 0 {
        format!("{} and {}", runs(ids.len()), outputs(kept))
    } else {
        runs(ids.len())
    };
    if ids.len() + kept > 0 && !args.yes && !confirmed(&what, out)? {
        fusion.close().await?;
        return Ok(1);
    }
    for id in &ids {
        fusion.prune(id).await?;
    }
    if args.cached {
        fusion.prune_cached(before(&fusion, args), false).await?;
    }
    if args.vacuum {
        fusion.compact().await?;
    }
    fusion.close().await?;
    if out.json {
        Out::value(&json!({"deleted": listed, "forgot": kept, "vacuumed": args.vacuum}));
    } else {
        out.say(&format!("deleted {what}"));
    }
    Ok(0)
}

fn confirmed(what: &str, out: &Out) -> Result<bool> {
    if !out.can_ask() {
        return Err(Error::new(Code::InvalidInput, format!("{what} would be deleted"))
            .hint("`--yes` deletes them, `--dry-run` lists them"));
    }
    Ok(Out::ask(&format!("delete {what} for ever?")))
}

/// The time before which what ended, or was kept, is old.
fn before(fusion: &Fusion, args: &Pruning) -> i64 {
    let age = i64::try_from(args.older_than.unwrap_or(0)).unwrap_or(i64::MAX);
    fusion.now_ms().saturating_sub(age)
}

fn outputs(count: usize) -> String {
    format!("{count} kept {}", if count == 1 { "output" } else { "outputs" })
}

fn runs(count: usize) -> String {
    format!("{count} {}", if count == 1 { "run" } else { "runs" })
}

async fn chosen(fusion: &Fusion, args: &Pruning) -> Result<Vec<RunId>> {
    let mut ids = Vec::new();
    for text in &args.runs {
        ids.push(find::find(fusion, text).await?.id().clone());
    }
    if args.older_than.is_none() && args.status.is_empty() {
        return Ok(ids);
    }
    let before = before(fusion, args);
    let statuses: Vec<RunStatus> =
        args.status.iter().filter_map(|word| RunStatus::from_word(word)).collect();
    let old = |row: &RunRow| {
        row.status.is_final()
            && row.finished.is_some_and(|end| end <= before)
            && (statuses.is_empty() || statuses.contains(&row.status))
    };
    let mut after: Option<String> = None;
    loop {
        let page = fusion.list(None, after.as_deref(), PAGE).await?;
        ids.extend(page.items.into_iter().filter(|(_, row)| old(row)).map(|(id, _)| id));
        after = page.next;
        if after.is_none() {
            ids.sort();
            ids.dedup();
            return Ok(ids);
        }
    }
}
