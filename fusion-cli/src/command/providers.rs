//! `fusion providers`: which providers there are, whether one answers, which models it has.

use std::sync::Arc;

use fusion_core::contract::{Call, Provider};
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::chat::{Fault, FaultKind, Model, Request};
use fusion_core::run::Os;
use fusion_providers::plugins::Place;
use fusion_providers::{Found, Http, discover, known, open};
use serde_json::json;

use super::find;
use super::forget::{What, forget};
use crate::args::{Global, Providers};
use crate::project::{keys, plugins, refused, refused_by, settings};
use crate::render::{Color, Out, Table};

/// Does one of them.
pub(super) async fn providers(command: Providers, global: &Global, out: &Out) -> Result<u8> {
    match command {
        Providers::List => list(out).await,
        Providers::Test(model) => test(&model.provider, out).await,
        Providers::Models(named) => models(&named.provider, out).await,
        Providers::Prune(args) => {
            let fusion = find::look(global).await?;
            let code = forget(What::Kept, &fusion, &args, out).await;
            fusion.close().await?;
            code
        }
    }
}

/// Makes the call of a command: nobody but the person waits for it.
pub(super) fn call() -> Result<Call> {
    let env = Os::current().ok_or_else(|| Error::new(Code::Internal, "there is no runtime"))?;
    Ok(Call::new(env))
}

/// Gives the servers of this machine.
async fn here(call: &Call) -> Result<Vec<Found>> {
    discover(call, &keys(), &Http::default()).await.map_err(|fault| refused(&fault))
}

/// Opens a provider by its name; without one, what listens on this machine, else the first that has a key.
pub(super) async fn opened(call: &Call, name: Option<&str>) -> Result<Arc<dyn Provider>> {
    let name = match name {
        Some("local") | None => {
            if let Some(found) = here(call).await?.into_iter().next() {
                return Ok(found.provider);
            }
            let none = "no model listens on this machine";
            if name.is_some() {
                return Err(refused(&Fault::new(FaultKind::Transport, none)));
            }
            let set = known(&keys()).into_iter().find(|one| one.is_set && !one.is_free);
            set.map(|one| one.name).ok_or_else(|| {
                let message = format!("{none}, and no provider has a key");
                refused(&Fault::new(FaultKind::Auth, message))
            })?
        }
        Some(name) => name,
    };
    open(name, &keys(), settings()).map_err(|fault| refused_by(name, &fault))
}

async fn list(out: &Out) -> Result<u8> {
    let (known, here) = (known(&keys()), here(&call()?).await?);
    let commands = settings().commands.list();
    if out.json {
        let all = known.iter().map(|one| {
            let listens = here.iter().any(|found| found.name == one.name);
            json!({"name": one.name, "keys": one.keys, "set": one.is_set, "free": one.is_free, "listens": listens})
        });
        let commands = commands.iter().flatten().map(|one| {
            json!({"name": format!("command:{}", one.name), "keys": one.keys, "set": one.is_installed(), "free": true, "install": one.install})
        });
        Out::value(&json!({"providers": all.chain(commands).collect::<Vec<_>>()}));
        return Ok(0);
    }
    let mut table = Table::new(&["provider", "ready", "key"]);
    for one in &known {
        let found = here.iter().find(|found| found.name == one.name);
        let (color, ready) = match found {
            Some(found) => (Color::Green, format!("listens here, {} models", found.models.len())),
            None if one.is_set => (Color::Green, "yes".to_owned()),
            None if one.is_free => (Color::Dim, "does not listen".to_owned()),
            None => (Color::Dim, "no key".to_owned()),
        };
        let key = one.keys.join(" or ");
        table.row(vec![(Color::Plain, one.name.to_owned()), (color, ready), (Color::Plain, key)]);
    }
    for one in commands.iter().flatten() {
        let (color, ready, how) = if one.is_installed() {
            (Color::Green, "installed", &one.login)
        } else {
            (Color::Dim, "not installed", &one.install)
        };
        let name = (Color::Plain, format!("command:{}", one.name));
        table.row(vec![name, (color, ready.to_owned()), (Color::Plain, how.clone())]);
    }
    table.print(out);
    for fault in commands.iter().filter_map(|one| one.as_ref().err()) {
        out.note(&fault.to_string());
    }
    Ok(0)
}

async fn test(name: &str, out: &Out) -> Result<u8> {
    let call = call()?;
    let provider = opened(&call, Some(name)).await?;
    let mut request = Request::new("").user("Answer with the single word: ready");
    request.sampling.max_output_tokens = Some(200);
    let from = call.env().monotonic_ns();
    let answer = provider.complete(&call, &request).await;
    let answer = answer.map_err(|fault| refused_by(name, &fault))?;
    let ms = (call.env().monotonic_ns() - from) / 1_000_000;
    let place = name.trim().strip_prefix("plugin:").and_then(|own| plugins().named(own).ok());
    let place = place.map(|(listed, _)| listed.place);
    if out.json {
        let (model, usage) = (&answer.model, answer.usage);
        let mut told =
            json!({"ok": true, "model": model, "ms": ms, "text": answer.text(), "usage": usage});
        if let (Some(place), Some(fields)) = (place, told.as_object_mut()) {
            fields.insert("runs".to_owned(), json!(place.as_str()));
        }
        Out::value(&told);
        return Ok(0);
    }
    let model = if answer.model.is_empty() { provider.name() } else { &answer.model };
    let apart = if place == Some(Place::Process) { " from a process of its own" } else { "" };
    out.say(&format!("{model} answered{apart} after {ms} ms: {}", answer.text().trim()));
    Ok(0)
}

async fn models(name: &str, out: &Out) -> Result<u8> {
    let call = call()?;
    let provider = opened(&call, Some(name)).await?;
    let models = provider.models(&call).await.map_err(|fault| refused_by(name, &fault))?;
    if out.json {
        Out::value(&json!({"models": models}));
        return Ok(0);
    }
    let mut table = Table::new(&["model", "context", "read per M", "written per M"]);
    for model in &models {
        let Model { id, context_tokens, price, .. } = model;
        let context = context_tokens.map_or_else(String::new, |tokens| tokens.to_string());
        let usd = |amount: Option<String>| amount.map_or_else(String::new, |usd| format!("${usd}"));
        let read = usd(price.as_ref().map(|price| price.input.to_string()));
        let written = usd(price.as_ref().map(|price| price.output.to_string()));
        let cells = [id.clone(), context, read, written];
        table.row(cells.into_iter().map(|cell| (Color::Plain, cell)).collect());
    }
    table.print(out);
    Ok(0)
}
