//! The keys that put layers over the model of a node or an agent: who answers instead, with which keys, how fast, for how much.

use super::shape::Shape::{Int, List, Money, Object, OneOf, Text};
use super::shape::{Field, Table};
use super::table::{MANY, key, must};

pub(super) const FALLBACK: Field = key(
    "fallback",
    OneOf(&[List(&Text), Text]),
    "Who is asked next when a model fails, in this order: names of providers.",
);
pub(super) const KEYS: Field = key(
    "keys",
    List(&Text),
    "Variables that have a key of the service each; they take turns, and one that fails rests.",
);
pub(super) const RATE: Field = key(
    "rate",
    Object(&RATES),
    "How fast the service may be asked, by all processes on the store together.",
);
pub(super) const BUDGET: Field = key(
    "budget",
    Object(&LIMITS),
    "What may be spent, in US dollars: a call that could cost more is not made.",
);
pub(super) const PRICE: Field = key(
    "price",
    Object(&PRICES),
    "What a model costs that does not say it itself, in US dollars for a million tokens.",
);

/// How fast a service may be asked.
pub(crate) static RATES: Table = Table {
    name: "rate",
    about: "How much may be asked in a minute, by all processes on the store together; each model has its own gate.",
    one_of: &[],
    keys: &[
        key("requests", Int(1, MANY), "Requests a minute."),
        key("tokens", Int(1, MANY), "Tokens a minute, read and written."),
        key(
            "account",
            Text,
            "Who asks with the same account shares the gate; the name of the provider by default.",
        ),
    ],
};

/// What may be spent.
pub(crate) static LIMITS: Table = Table {
    name: "budget",
    about: "What may be spent, in US dollars. Before a call the most that it may cost is held, afterwards what it did cost is booked.",
    one_of: &[],
    keys: &[
        key("run", Money, "By one run."),
        key("agent", Money, "By the agent, in all its life."),
        key("day", Money, "By all on the store together, in a day of UTC."),
    ],
};

/// What a model costs.
pub(crate) static PRICES: Table = Table {
    name: "price",
    about: "What a model costs, in US dollars for a million tokens.",
    one_of: &[],
    keys: &[
        must("input", Money, "For what is read."),
        must("output", Money, "For what is written, reasoning included."),
        key(
            "cached_read",
            Money,
            "For what is read from the provider's cache; as `input` without it.",
        ),
        key("cached_write", Money, "For what is put into it; as `input` without it."),
        key("request", Money, "For each request, whatever its size."),
    ],
};
