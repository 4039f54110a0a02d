//! The agents of a mode: those whose program is installed are spawned, once.

use fusion_core::Fusion;
use fusion_core::coordination::AgentSpec;
use fusion_core::error::Result;
use fusion_core::run::Options;
use serde::Serialize;
use serde_json::json;

use crate::args::Global;
use crate::project::{Moded, Need, cards_in, commands_in, open_in};

/// An agent of the mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::command) struct Enlisted {
    /// What it is called.
    pub agent: String,
    /// Whether its program is installed.
    pub installed: bool,
    /// Whether it was spawned now.
    pub spawned: bool,
}

/// Who knows the agents.
#[derive(Debug, Clone, Copy)]
pub(in crate::command) enum Known<'a> {
    /// The store of the project, or the one that the command line names.
    Store(&'a Global),
    /// An engine that is open.
    Engine(&'a Fusion),
}

/// Spawns the agents of a project's mode that are installed and that its store does not know; with `dry`, only says which these are.
/// One that somebody has terminated stays so.
pub(in crate::command) async fn enlist(
    moded: &Moded,
    known: Known<'_>,
    dry: bool,
) -> Result<Vec<Enlisted>> {
    let commands = commands_in(Some(&moded.root));
    let is_here = |name: &str| commands.find(name).is_ok_and(|(dialect, _)| dialect.is_installed());
    let one = |agent: String| Enlisted { installed: is_here(&agent), agent, spawned: false };
    let mut all: Vec<Enlisted> = moded.agents()?.into_iter().map(one).collect();
    if dry || !all.iter().any(|one| one.installed) {
        return Ok(all);
    }
    let cards = cards_in(Some(&moded.root))?;
    let options = Options { work: false, drive: false, ..Options::default() };
    let (fusion, is_own) = match known {
        Known::Store(global) => (open_in(global, Need::Any, options, &moded.root).await?, true),
        Known::Engine(fusion) => (fusion.clone(), false),
    };
    let there = fusion.agents().list(None).await?;
    for one in all.iter_mut().filter(|one| one.installed) {
        if there.iter().any(|known| known.id == one.agent) {
            continue;
        }
        let own = |name: &str| name.trim_start_matches('@') == one.agent;
        let spec = AgentSpec {
            agent: json!({"program": one.agent, "mode": "edit"}),
            card: cards.iter().find(|card| own(&card.name)).cloned(),
            ..AgentSpec::new(one.agent.clone())
        };
        fusion.agents().spawn(spec).await?;
        one.spawned = true;
    }
    if is_own {
        fusion.close().await?;
    }
    Ok(all)
}
