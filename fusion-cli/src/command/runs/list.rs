//! `fusion runs list`.

use fusion_core::error::Result;
use fusion_core::model::RunStatus;
use fusion_core::{Fusion, Working};
use serde_json::{Value, json};

use crate::args::{Global, Listing};
use crate::command::find;
use crate::render::{Color, Out, Table, ago, length, status_color};

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
    let status = args.status.as_deref().and_then(RunStatus::from_word);
    let wanted = |(_, row): &Working| {
        (args.all || row.parent.is_none())
            && args.workflow.as_ref().is_none_or(|name| *name == row.workflow)
    };
    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    while rows.len() < args.limit {
        let page = fusion.list(status, after.as_deref(), PAGE).await?;
        let room = args.limit - rows.len();
        rows.extend(page.items.into_iter().filter(wanted).take(room));
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
