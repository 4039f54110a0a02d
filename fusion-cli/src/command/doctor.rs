//! `fusion doctor`: examines the store and the machine.

use std::path::{Path, PathBuf};

use fusion_core::Fusion;
use fusion_core::contract::{Durability, Status};
use fusion_core::error::Result;
use fusion_core::model::limits;
use fusion_core::record::sqlite;
use serde_json::{Value, json};

use super::find;
use crate::args::{Doctor, Global};
use crate::render::{Color, Out, Table};

/// One thing that was looked at.
struct Check {
    name: &'static str,
    fine: bool,
    found: String,
}

/// The limits that people meet, with their units.
const LIMITS: &[(&str, u64, &str)] = &[
    ("payload", limits::PAYLOAD_BYTES, "bytes"),
    ("payload in the journal", limits::INLINE_BYTES as u64, "bytes"),
    ("workflow file", limits::FILE_BYTES as u64, "bytes"),
    ("depth of a workflow file", limits::FILE_DEPTH as u64, "levels"),
    ("values in a workflow file", limits::FILE_VALUES as u64, "values"),
    ("nodes of a graph", limits::GRAPH_NODES as u64, "nodes"),
    ("items of a map", limits::MAP_ITEMS as u64, "items"),
    ("rounds of a loop", limits::REPEAT_ROUNDS as u64, "rounds"),
    ("attempts of a node", limits::ATTEMPTS as u64, "attempts"),
    ("depth of sub-workflows", limits::CHILD_DEPTH as u64, "runs"),
    ("bodies of a run at once", limits::BODIES_IN_FLIGHT as u64, "bodies"),
    ("commands at once, per CPU", limits::COMMANDS_PER_CPU as u64, "commands"),
    ("standard output that is kept", limits::STDOUT_BYTES as u64, "bytes"),
    ("standard error that is kept", limits::STDERR_BYTES as u64, "bytes"),
    ("time to end before a kill", limits::KILL_GRACE_MS, "ms"),
    ("lease of a process", limits::LEASE_MS.unsigned_abs(), "ms"),
    ("runs of a process at once", limits::RUNS_DRIVEN as u64, "runs"),
    ("longest timer", limits::TIMER_MS, "ms"),
];

/// Prints what was found; exit code 1 when something is wrong.
pub(super) async fn doctor(args: &Doctor, global: &Global, out: &Out) -> Result<u8> {
    let fusion = find::look(global).await?;
    let status = fusion.status(!args.shallow).await?;
    let sessions = sessions(&fusion).await?;
    fusion.close().await?;
    let mut checks = vec![durability(&status), whole(&status, args.shallow)];
    checks.extend(folder(&status.url));
    checks.extend(["sh", "git"].map(program));
    let level = super::sandbox::level().await;
    // Only commands that ask for it need it, and those are refused without it.
    checks.push(Check { name: "sandbox of commands", fine: true, found: level.to_string() });
    let fine = checks.iter().all(|check| check.fine);
    if out.json {
        let checks = checks
            .iter()
            .map(|check| json!({"name": check.name, "ok": check.fine, "found": check.found}));
        let facts: serde_json::Map<String, Value> = status
            .facts
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let limits = LIMITS
            .iter()
            .map(|(name, value, unit)| json!({"name": name, "value": value, "unit": unit}));
        Out::value(&json!({
            "ok": fine,
            "version": env!("CARGO_PKG_VERSION"),
            "store": {"url": status.url, "durability": promise(status.durability), "facts": facts, "problems": status.problems},
            "checks": checks.collect::<Vec<_>>(),
            "sandbox": {"level": level.name(), "layers": level},
            "sessions": sessions,
            "limits": limits.collect::<Vec<_>>(),
        }));
    } else {
        print(&status, &checks, &sessions, out);
    }
    Ok(u8::from(!fine))
}

fn print(status: &Status, checks: &[Check], sessions: &[Value], out: &Out) {
    Out::result(&format!("fusion {}", env!("CARGO_PKG_VERSION")));
    Out::result(&format!("store {}", status.url));
    for check in checks {
        let (color, word) =
            if check.fine { (Color::Green, "ok   ") } else { (Color::Red, "wrong") };
        let found = format!(" {}: {}", check.name, check.found);
        Out::print(&out.line().paint(color, word).add(&found));
    }
    for problem in &status.problems {
        Out::result(&format!("      {problem}"));
    }
    Out::result("");
    let mut facts = Table::new(&["fact", "value"]);
    for (name, value) in &status.facts {
        facts.row(vec![(Color::Plain, name.clone()), (Color::Plain, value.clone())]);
    }
    facts.print(out);
    Out::result("");
    let mut known = Table::new(&["process", "alive until", "state"]);
    for session in sessions {
        let text =
            |name: &str| session.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        known.row(vec![
            (Color::Plain, text("who")),
            (Color::Plain, text("until")),
            (Color::Plain, text("state")),
        ]);
    }
    known.print(out);
    Out::result("");
    let mut limits = Table::new(&["limit", "value"]);
    for (name, value, unit) in LIMITS {
        limits.row(vec![
            (Color::Plain, (*name).to_owned()),
            (Color::Plain, format!("{value} {unit}")),
        ]);
    }
    limits.print(out);
}

async fn sessions(fusion: &Fusion) -> Result<Vec<Value>> {
    let now = fusion.now_ms();
    let all = fusion.sessions().await?;
    let described = all.into_iter().map(|(_, until, who, dead)| {
        let state = if dead {
            "ended"
        } else if until < now {
            "silent"
        } else {
            "alive"
        };
        json!({"who": who, "until": crate::render::clock(until), "state": state})
    });
    Ok(described.collect())
}

fn promise(durability: Durability) -> &'static str {
    match durability {
        Durability::Sync => "sync",
        Durability::Relaxed => "relaxed",
        Durability::Volatile => "volatile",
    }
}

fn durability(status: &Status) -> Check {
    let found = match status.durability {
        Durability::Sync => "sync: what is acknowledged survives a power cut",
        Durability::Relaxed => "relaxed: a power cut may drop the last moments",
        Durability::Volatile => "volatile: nothing survives the process",
    };
    Check { name: "durability, read back", fine: true, found: found.to_owned() }
}

fn whole(status: &Status, shallow: bool) -> Check {
    let count = status.problems.len();
    let found = match (count, shallow) {
        (0, true) => "not read (`--shallow`)".to_owned(),
        (0, false) => "every record, entry, document and blob was read".to_owned(),
        (n, _) => format!("{n} problems"),
    };
    Check { name: "store", fine: count == 0, found }
}

/// Checks that the store's folder can be written, by writing.
fn folder(url: &str) -> Option<Check> {
    let path = sqlite::Options::parse(url).ok().filter(|_| !url.starts_with("memory"))?.path;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let probe = folder.join(format!(".fusion-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe));
    let found = match &written {
        Ok(()) => format!("{} can be written", folder.display()),
        Err(error) => format!("{} cannot be written: {error}", folder.display()),
    };
    Some(Check { name: "folder", fine: written.is_ok(), found })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the rim: the environment is read here"
)]
fn program(name: &'static str) -> Check {
    let path = std::env::var("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file));
    // `git` is only needed by workflows that name it.
    let fine = found.is_some() || name != "sh";
    let told =
        found.map_or_else(|| "not in the PATH".to_owned(), |file| file.display().to_string());
    Check { name, fine, found: told }
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file() || file.with_extension("exe").is_file()
}
