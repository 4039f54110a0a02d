//! The agents that tasks may go to.

use std::fs;
use std::path::Path;

use fusion_core::coordination::Card;
use fusion_core::error::{Code, Error, Result};

use super::folder;
use super::plugins::folder_of;

/// The largest card, in bytes.
const MOST: u64 = 256 * 1024;

/// Gives the cards: those of the project's `.fusion/agents`, of the user's `fusion/agents`, and the known ones. Of two of one name
/// the first one counts.
///
/// # Errors
/// `FU0101` for a card that cannot be read.
pub(crate) fn cards() -> Result<Vec<Card>> {
    cards_in(std::env::current_dir().ok().as_deref())
}

/// Gives the cards of a project in another folder than the current one.
///
/// # Errors
/// As [`cards`].
pub(crate) fn cards_in(here: Option<&Path>) -> Result<Vec<Card>> {
    let mut folders: Vec<_> = here.map(folder::agents).into_iter().collect();
    folders.extend(
        folder_of("FUSION_CONFIG", "XDG_CONFIG_HOME", ".config").map(|own| own.join("agents")),
    );
    let is_card = |path: &Path| path.extension().is_some_and(|ending| ending == "json");
    let mut all: Vec<Card> = Vec::new();
    let mut add = |card: Card| {
        if all.iter().all(|other| other.name != card.name) {
            all.push(card);
        }
    };
    for file in folders.iter().flat_map(|folder| folder::files(folder, is_card)) {
        add(read(&file)?);
    }
    Card::known().into_iter().for_each(add);
    Ok(all)
}

fn read(file: &Path) -> Result<Card> {
    let wrong = |what: &str| {
        let error = Error::new(Code::InvalidInput, format!("the card {}: {what}", file.display()));
        error.hint("mend it, or move it away; docs/agents.md says what stands in a card")
    };
    if file.metadata().is_ok_and(|data| data.len() > MOST) {
        return Err(wrong(&format!("it has more than {MOST} bytes")));
    }
    let text = fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?;
    Card::read(&text).map_err(|what| wrong(&what))
}
