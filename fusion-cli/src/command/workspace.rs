//! `fusion workspace`: the folders of agents, their snapshots, their end.

use fusion_core::error::{Code, Error, Result};
use fusion_core::workspace::{Change, Changed, Snapshot, Workspace, Workspaces};
use serde_json::{Value, json};

use crate::args::{Archiving, Between, Cleaning, Restoring, Workspace as Verb};
use crate::project::workspaces;
use crate::render::{Color, Out, Table};

/// Does one of them.
pub(super) fn workspace(verb: Verb, out: &Out) -> Result<u8> {
    let all = workspaces()?;
    match verb {
        Verb::List => list(&all, out)?,
        Verb::Show(which) => show(&all.find(&which.agent)?, out)?,
        Verb::Snapshot(which) => snapshot(&all.find(&which.agent)?, out)?,
        Verb::Diff(args) => diff(&all.find(&args.agent)?, &args, out)?,
        Verb::Restore(args) => restore(&all.find(&args.agent)?, &args, out)?,
        Verb::Archive(args) => archive(&all, &args, out)?,
        Verb::Clean(args) => clean(all.find(&args.agent)?, &args, out)?,
    }
    Ok(0)
}

fn list(all: &Workspaces, out: &Out) -> Result<()> {
    let mut found = Vec::new();
    for agent in all.list()? {
        let workspace = all.find(&agent)?;
        found.push((workspace.usage()?, workspace.snapshots()?.len(), workspace));
    }
    if out.json {
        let found: Vec<Value> = found
            .iter()
            .map(|(usage, snapshots, one)| {
                json!({"agent": one.agent(), "path": one.path(), "usage": usage, "quota": one.quota(), "snapshots": snapshots})
            })
            .collect();
        Out::value(&json!({ "workspaces": found }));
        return Ok(());
    }
    if found.is_empty() {
        out.say("no agent has a workspace here");
        return Ok(());
    }
    let mut table = Table::new(&["agent", "files", "bytes", "snapshots", "path"]);
    for (usage, snapshots, one) in &found {
        let path = one.path().display().to_string();
        let (files, bytes) = (usage.files.to_string(), usage.bytes.to_string());
        let words = [one.agent().to_owned(), files, bytes, snapshots.to_string(), path];
        table.row(words.map(|word| (Color::Plain, word)).into());
    }
    table.print(out);
    Ok(())
}

fn show(one: &Workspace, out: &Out) -> Result<()> {
    let (usage, quota, now) = (one.usage()?, one.quota(), one.now()?);
    let snapshots = one.snapshots()?;
    if out.json {
        Out::value(&json!({
            "agent": one.agent(), "path": one.path(), "usage": usage, "quota": quota, "snapshots": snapshots,
            "entries": now.entries.keys().collect::<Vec<_>>(), "left_out": now.left_out,
        }));
        return Ok(());
    }
    out.say(&format!("{} in {}", one.agent(), one.path().display()));
    out.say(&format!(
        "{} of {} bytes, {} of {} files",
        usage.bytes, quota.bytes, usage.files, quota.files
    ));
    let known: Vec<String> = snapshots.iter().map(u64::to_string).collect();
    out.say(&format!(
        "snapshots: {}",
        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    ));
    for path in now.entries.keys() {
        out.say(&format!("  {path}"));
    }
    for path in &now.left_out {
        out.say(&format!("  {path} (is left out of snapshots)"));
    }
    Ok(())
}

fn snapshot(one: &Workspace, out: &Out) -> Result<()> {
    let taken = one.snapshot()?;
    if out.json {
        Out::value(&told_of(&taken));
    } else {
        let (count, bytes) = (taken.entries.len(), taken.bytes());
        out.say(&format!(
            "snapshot {} of {}: {count} paths, {bytes} bytes",
            taken.number,
            one.agent()
        ));
        if !taken.left_out.is_empty() {
            out.note(&format!("left out: {}", taken.left_out.join(", ")));
        }
    }
    Ok(())
}

fn diff(one: &Workspace, args: &Between, out: &Out) -> Result<()> {
    let from = match args.from.or(one.snapshots()?.last().copied()) {
        Some(number) => one.kept(number)?,
        None => return Err(none(one)),
    };
    let to = args.to.map_or_else(|| one.now(), |number| one.kept(number))?;
    let changes = one.diff(&from, &to);
    if out.json {
        let to = (to.number > 0).then_some(to.number);
        Out::value(
            &json!({"agent": one.agent(), "from": from.number, "to": to, "changes": changes}),
        );
    } else {
        say(&changes, out);
    }
    Ok(())
}

fn restore(one: &Workspace, args: &Restoring, out: &Out) -> Result<()> {
    let changes = one.restore(&one.kept(args.snapshot)?)?;
    if out.json {
        Out::value(&json!({"agent": one.agent(), "snapshot": args.snapshot, "changes": changes}));
    } else {
        say(&changes, out);
        out.say(&format!("{} is what it was in snapshot {}", one.agent(), args.snapshot));
    }
    Ok(())
}

fn archive(all: &Workspaces, args: &Archiving, out: &Out) -> Result<()> {
    let file = args.file.display();
    if args.unpack {
        let one = all.create(&args.agent)?;
        let usage = one.unpack(&args.file)?;
        if out.json {
            Out::value(&json!({"agent": one.agent(), "file": args.file, "usage": usage}));
        } else {
            out.say(&format!(
                "{} has {} files of {file}, {} bytes",
                one.agent(),
                usage.files,
                usage.bytes
            ));
        }
        return Ok(());
    }
    let one = all.find(&args.agent)?;
    let held = one.archive(&args.file)?;
    if out.json {
        let count = held.entries.len();
        Out::value(
            &json!({"agent": one.agent(), "file": args.file, "paths": count, "bytes": held.bytes(), "hash": held.hash(), "left_out": held.left_out}),
        );
    } else {
        out.say(&format!("{file} holds {} paths, {} bytes", held.entries.len(), held.bytes()));
    }
    Ok(())
}

fn clean(one: Workspace, args: &Cleaning, out: &Out) -> Result<()> {
    let agent = one.agent().to_owned();
    let what = match args.snapshot {
        Some(number) => format!("snapshot {number} of {agent}"),
        None => format!("the workspace of {agent} with its snapshots"),
    };
    if !args.yes {
        let message = format!("{what} would be removed, and nothing brings it back");
        return Err(Error::new(Code::InvalidInput, message)
            .hint("say `--yes`; `fusion workspace archive` keeps it in a file before"));
    }
    match args.snapshot {
        Some(number) => one.forget(number)?,
        None => one.destroy()?,
    }
    if out.json {
        Out::value(&json!({"agent": agent, "snapshot": args.snapshot, "removed": true}));
    } else {
        out.say(&format!("{what} is removed"));
    }
    Ok(())
}

fn told_of(taken: &Snapshot) -> Value {
    json!({
        "number": taken.number, "paths": taken.entries.len(), "bytes": taken.bytes(), "hash": taken.hash(),
        "left_out": taken.left_out,
    })
}

fn none(one: &Workspace) -> Error {
    Error::new(Code::InvalidInput, format!("`{}` has no snapshot to compare with", one.agent()))
        .hint("`fusion workspace snapshot AGENT` takes one")
}

fn say(changes: &[Change], out: &Out) {
    if changes.is_empty() {
        out.say("nothing is different");
    }
    for change in changes {
        let word = match change.kind {
            Changed::Added => "added  ",
            Changed::Removed => "removed",
            Changed::Content => "changed",
            Changed::Mode => "mode   ",
        };
        out.say(&format!("{word} {}", change.path));
    }
}
