//! `fusion runs logs`.

use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::model::{Event, Severity};
use fusion_core::{Fusion, Run, observe};
use serde_json::json;

use crate::args::{Global, Logs};
use crate::command::find;
use crate::command::interrupt::{INTERRUPTED, Interrupt};
use crate::render::{Out, line};

/// How many records are read at once.
const PAGE: usize = 10_000;

/// Prints what happened in a run, an event a line.
pub(super) async fn logs(args: &Logs, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    if let Some(node) = &args.node {
        known(&run, node).await?;
    }
    let mut interrupt = Interrupt::new()?;
    let code = tokio::select! {
        biased;
        () = interrupt.heard() => INTERRUPTED,
        told = tell(&run, args, out) => told.map(|()| 0)?,
    };
    close(&fusion).await?;
    Ok(code)
}

/// Refuses the name of a node that the run does not have: no lines would look as if nothing had happened.
async fn known(run: &Run, name: &str) -> Result<()> {
    let state = run.state().await?;
    let program = state.program();
    if program.find_key(name).is_some() {
        return Ok(());
    }
    let names = program.graph().nodes.iter().map(|node| &*node.id);
    let message = format!("there is no node `{name}` in this run");
    Err(Error::new(Code::UnknownReference, message).hint(nearest::hint(name, names)))
}

async fn tell(run: &Run, args: &Logs, out: &Out) -> Result<()> {
    if args.follow {
        let mut events = run.events(0);
        while let Some(event) = events.next().await? {
            print(&event, args, out);
        }
        return Ok(());
    }
    let program = run.state().await?.program().clone();
    let mut after = 0;
    loop {
        let page = run.journal(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for stamped in &page {
            print(&observe::event(run.id(), &program, stamped), args, out);
        }
    }
}

fn print(event: &Event, args: &Logs, out: &Out) {
    let least = severity(&args.severity);
    let node = args.node.as_deref();
    let of_node = |name: &str| {
        event.node.as_deref().is_some_and(|node| {
            node == name || node.strip_prefix(name).is_some_and(|rest| rest.starts_with('['))
        })
    };
    if event.severity < least || node.is_some_and(|name| !of_node(name)) {
        return;
    }
    if out.json {
        Out::json_line(&json!(event));
    } else {
        Out::result(&line(event));
    }
}

fn severity(word: &str) -> Severity {
    serde_json::from_value(word.into()).unwrap_or(Severity::Debug)
}

async fn close(fusion: &Fusion) -> Result<()> {
    fusion.close().await
}
