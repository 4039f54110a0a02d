//! `fusion models`: the files of models on this machine.

use std::time::Duration;

use fusion_core::contract::Timeouts;
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_providers::weights::{Held, Source, Wanted, known};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::interrupt::{INTERRUPTED, Interrupt};
use super::providers::call;
use crate::args::{Models, Pull};
use crate::project::weights;
use crate::render::{Color, Out, Table};

/// A large file over a slow line may take so long, in milliseconds.
const LONGEST_MS: u64 = 24 * 3_600_000;

/// Does one of them.
pub(super) async fn models(command: Models, out: &Out) -> Result<u8> {
    match command {
        Models::List => list(out),
        Models::Pull(args) => pull(&args, out).await,
        Models::Remove { name } => remove(&name, out),
    }
}

fn list(out: &Out) -> Result<u8> {
    let weights = weights()?;
    let here = weights.list();
    let more = known().iter().filter(|one| here.iter().all(|held| held.name != one.name));
    if out.json {
        let known: Vec<Value> = more
            .map(|one| {
                json!({"name": one.name, "about": one.about, "license": one.license, "bytes": one.bytes})
            })
            .collect();
        let here: Vec<Value> = here.iter().map(told_of).collect();
        Out::value(&json!({"models": here, "known": known, "folder": weights.folder()}));
        return Ok(0);
    }
    let mut table = Table::new(&["model", "size", "state"]);
    for held in &here {
        let state = (Color::Green, "here".to_owned());
        table.row(vec![(Color::Plain, held.name.clone()), (Color::Plain, size(held.bytes)), state]);
    }
    for one in more {
        let state = (
            Color::Dim,
            format!("`fusion models pull {}`: {}, {}", one.name, one.about, one.license),
        );
        table.row(vec![(Color::Plain, one.name.clone()), (Color::Plain, size(one.bytes)), state]);
    }
    table.print(out);
    Ok(0)
}

async fn pull(args: &Pull, out: &Out) -> Result<u8> {
    let source = Source::of(&args.source).map_err(|fault| wrong(&fault))?;
    let sha256 = args
        .sha256
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error| Error::new(Code::InvalidInput, format!("--sha256: {error}")))?;
    let wanted = Wanted { name: args.name.as_deref(), sha256, again: args.again };
    let call = call()?.timeouts(Timeouts { total_ms: LONGEST_MS, ..Timeouts::default() });
    let bar = out.is_live().then(bar);
    if bar.is_none() {
        out.note(&match &source {
            Source::Known(known) => format!("gets {}, {}, by pip", known.name, size(known.bytes)),
            Source::Url(url) => format!("gets {url}"),
            Source::File(file) => format!("copies {}", file.display()),
        });
    }
    let mut told = |came: u64, of: Option<u64>| {
        if let Some(bar) = &bar {
            if let Some(of) = of {
                bar.set_length(of);
            }
            bar.set_position(came);
        }
    };
    let weights = weights()?;
    let mut interrupt = Interrupt::new()?;
    let pulled = tokio::select! {
        pulled = weights.pull(&call, &source, &wanted, &mut told) => pulled,
        () = interrupt.heard() => return Ok(INTERRUPTED),
    };
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let held = pulled.map_err(|fault| wrong(&fault))?;
    if out.json {
        Out::value(&told_of(&held));
    } else {
        let (name, size, file) = (&held.name, size(held.bytes), held.file.display());
        out.say(&format!("{name} is here, {size}: {file}"));
        out.note(&format!("the plugin `local` answers with it: `fusion chat -p plugin:local:{name}`; docs/plugins.md says how to get the plugin"));
    }
    Ok(0)
}

fn remove(name: &str, out: &Out) -> Result<u8> {
    let gone = weights()?.remove(name).map_err(|fault| wrong(&fault))?;
    if out.json {
        Out::value(&told_of(&gone));
    } else {
        out.say(&format!("{} is gone, {}", gone.name, size(gone.bytes)));
    }
    Ok(0)
}

/// Says what is wrong, and what to do.
fn wrong(fault: &Fault) -> Error {
    let code = match fault.kind() {
        FaultKind::InvalidRequest => Code::InvalidInput,
        _ => Code::NoAnswer,
    };
    let hint = "`fusion models list` shows what is here and what is known by name; a URL or the path of a GGUF file will do";
    let hint = fault.detail_text().unwrap_or(hint);
    Error::new(code, fault.message()).hint(hint)
}

fn told_of(held: &Held) -> Value {
    json!({"name": held.name, "bytes": held.bytes, "file": held.file})
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template(
        "{spinner} {bytes} of {total_bytes} {bytes_per_sec} {elapsed}",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A size for people.
fn size(bytes: u64) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 1_000.0 { format!("{mb:.1} MB") } else { format!("{:.1} GB", mb / 1e3) }
}
