//! `fusion agents`: who there is, and who should do a task.

use std::io::BufRead as _;

use fusion_core::coordination::{Card, Routed, Router};
use fusion_core::error::{Code, Error, Result};
use serde_json::json;

use crate::args::{Agents, Match, Wish};
use crate::project::cards;
use crate::render::{Color, Out, Table};

/// Does one of them.
pub(super) fn agents(command: Agents, out: &Out) -> Result<u8> {
    let cards = cards()?;
    match command {
        Agents::List => list(&cards, out),
        Agents::Match(args) => find(&args, cards, out)?,
        // The others need a store: `team` does them.
        _ => {}
    }
    Ok(0)
}

fn list(cards: &[Card], out: &Out) {
    if out.json {
        return Out::value(&json!({ "agents": cards }));
    }
    let mut table = Table::new(&["agent", "complexity", "speed", "cost", "good at"]);
    for card in cards {
        let mut good: Vec<(&String, &f64)> = card.capabilities.iter().collect();
        good.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let good: Vec<&str> = good.into_iter().map(|(name, _)| name.as_str()).collect();
        let (complexity, speed, cost) = (card.complexity, card.speed, card.cost);
        let words = [&card.name, complexity.as_str(), speed.as_str(), cost.as_str()];
        let good = good.join(", ");
        let cells = words.into_iter().chain([good.as_str()]);
        table.row(cells.map(|cell| (Color::Plain, cell.to_owned())).collect());
    }
    table.print(out);
}

fn find(args: &Match, cards: Vec<Card>, out: &Out) -> Result<()> {
    let router = Router::new(cards);
    let aim = Wish::aim(args.optimize_for);
    if !args.stdin {
        tell(&router.route(&args.text.join(" "), aim), out);
        return Ok(());
    }
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| {
            Error::new(Code::InvalidInput, "the tasks on standard input cannot be read")
                .because(error)
        })?;
        if !line.trim().is_empty() {
            tell(&router.route(&line, aim), out);
        }
    }
    Ok(())
}

fn tell(routed: &Routed, out: &Out) {
    if out.json {
        Out::json_line(&json!(routed));
    } else {
        out.say(&routed.reason);
    }
}
