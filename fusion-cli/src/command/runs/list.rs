//! `fusion runs list`.

use fusion_core::error::Result;
use fusion_core::model::RunStatus;
use fusion_core::{Fusion, Working};
use serde_json::{Value, json};

use crate::args::{Global, Listing};
use crate::command::find;
use crate::render::{Color, Out, Table, ago, length, run_status, status_color};

/// How many rows are read at once.
const PAGE: usize = 200;

/// Prints the runs, the newest first.
pub(super) async fn list(args: &Listing, global: &Global, out: &Out) -> Result<u8> {
    let fusion = find::look(global).await?;
    let now = fusion.now_ms();
    let rows = rows(&fusion, args).await?;
    fusion.close().await?;
    if out.json {
        let all: Vec<Value> = rows.iter().map(json).collect();
        Out::value(&json!({"runs": all}));
        return Ok(0);
    }
    let mut table = Table::new(&["run", "workflow", "status", "started", "took", "error"]);
    for (id, row) in &rows {
        let took = row.finished.map(|end| length(end - row.started)).unwrap_or_default();
        let error = row.error.as_deref().and_then(|error| error.lines().next()).unwrap_or_default();
        table.row(vec![
            (Color::Plain, id.as_str().to_owned()),
            (Color::Plain, row.workflow.clone()),
            (status_color(row.status.word()), row.status.word().to_owned()),
            (Color::Dim, ago(row.started, now)),
            (Color::Plain, took),
            (Color::Red, error.to_owned()),
        ]);
    }
    table.print(out);
    Ok(0)
}

async fn rows(fusion: &Fusion, args: &Listing) -> Result<Vec<Working>> {
    let wanted = args.status.as_deref().and_then(RunStatus::from_word);
    let Some(wanted) = wanted else { return some(fusion, args, None, None).await };
    if wanted.is_final() {
        return some(fusion, args, Some(wanted), None).await;
    }
    // What the store notes of a run that has not ended may be older than what its journal says.
    let mut rows = Vec::new();
    for noted in RunStatus::ALL.iter().copied().filter(|status| !status.is_final()) {
        rows.extend(some(fusion, args, Some(noted), Some(wanted)).await?);
    }
    rows.sort_by(|(a, _), (b, _)| b.as_str().cmp(a.as_str()));
    rows.truncate(args.limit);
    Ok(rows)
}

/// Reads rows of a noted status, each with the status that it has now; those with a wanted one if one is given.
async fn some(
    fusion: &Fusion,
    args: &Listing,
    noted: Option<RunStatus>,
    wanted: Option<RunStatus>,
) -> Result<Vec<Working>> {
    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    while rows.len() < args.limit {
        let page = fusion.list(noted, after.as_deref(), PAGE).await?;
        for (id, mut row) in page.items {
            let listed = (args.all || row.parent.is_none())
                && args.workflow.as_ref().is_none_or(|name| *name == row.workflow);
            if !listed || rows.len() >= args.limit {
                continue;
            }
            if !row.status.is_final() {
                let driven = fusion.driver(&id).await?;
                row.status = run_status(&fusion.find(&id).await?.state().await?, driven);
            }
            if wanted.is_none_or(|wanted| wanted == row.status) {
                rows.push((id, row));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(rows)
}

fn json((id, row): &Working) -> Value {
    let mut value = json!({"run": id.as_str()});
    if let (Value::Object(map), Ok(Value::Object(fields))) = (&mut value, serde_json::to_value(row))
    {
        map.extend(fields);
    }
    value
}
