//! Words that say what comes before what.

/// Which side of a statement comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// What stands on the left needs what stands on the right: `depends on`, `after`.
    Needs,
    /// As `Needs`, and with `all user stories` only where nothing else is said.
    NeedsAtLeast,
    /// What stands on the left comes before what stands on the right: `before`, `→`.
    Before,
    /// As `Before`, and with `all user stories` only where nothing else is said.
    Blocks,
    /// As `Before`, and both sides are tasks.
    Arrow,
}

/// Finds a verb at the beginning of some words in lower case; gives how many words it takes.
pub(crate) fn verb(words: &[&str]) -> Option<(Verb, usize)> {
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let first = word(0);
    let on = |verb: Verb| {
        let with = ["on", "upon", "for", "by", "from", "of"].contains(&word(1));
        Some((verb, if with { 2 } else { 1 }))
    };
    match first {
        "depend" | "depends" | "dependent" | "depending" | "relies" | "rely" | "builds"
        | "build" | "built"
            if ["on", "upon"].contains(&word(1)) =>
        {
            Some((Verb::Needs, 2))
        }
        "blocked" | "gated" | "preceded" if word(1) == "by" => Some((Verb::Needs, 2)),
        "wait" | "waits" | "waiting" if word(1) == "for" => Some((Verb::Needs, 2)),
        "required" | "needed" if word(1) == "by" || word(1) == "before" || word(1) == "for" => {
            Some((Verb::Before, 2))
        }
        "prerequisite" | "precondition" if ["for", "of", "to"].contains(&word(1)) => {
            Some((Verb::Before, 2))
        }
        "requires" | "require" | "requiring" | "needs" | "awaits" | "follows" | "after"
        | "once" | "until" => Some((Verb::Needs, 1)),
        "depends" | "deps" | "prerequisites" | "prerequisite" | "preconditions"
        | "precondition" | "dependencies" | "dependency"
            if word(1) == ":" =>
        {
            Some((Verb::Needs, 2))
        }
        "before" | "precedes" | "precede" | "unblocks" | "unblock" => Some((Verb::Before, 1)),
        "blocks" | "block" | "blocking" => on(Verb::Blocks),
        "→" => Some((Verb::Arrow, 1)),
        _ => None,
    }
}

/// Whether a word turns what follows into its opposite.
pub(crate) fn is_not(word: &str) -> bool {
    ["not", "no", "never", "cannot", "doesn't", "don't", "isn't", "without"].contains(&word)
}

/// Whether a label introduces what comes before the thing it belongs to: `Depends on: T001`.
pub(crate) fn is_field(label: &str) -> bool {
    let label = label.trim().to_lowercase();
    let starts = [
        "depend",
        "prerequisit",
        "precondition",
        "blocked by",
        "requires",
        "needs",
        "after",
        "deps",
    ];
    label.len() <= 24 && starts.iter().any(|start| label.starts_with(start))
}
