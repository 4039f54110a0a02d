//! Templates: texts with `{{ … }}` that a run fills in, and the expressions of conditions (MiniJinja).
//!
//! | word | holds |
//! |---|---|
//! | `nodes.NAME` | the output of a node; `nodes["a-b"]` for names with `-` or `.` |
//! | `inputs.NAME` | an input of the run |
//! | `secrets.NAME` | a secret; it never reaches journal, events, logs or errors |
//! | `item`, `index` | in a map: the item and its place, from 0 |
//! | `round`, `previous`, `output` | in a repeat: the round, from 1, the last output, and (in `until` and in checks) this one |
//!
//! A text that is one whole `{{ expression }}` keeps the JSON type of its value; in any other text, lists and maps
//! are written as JSON and `null` as nothing. What is not there is an error that names the nearest right word; only a
//! skipped node is `null`, and so is everything inside it: `nodes.a.stdout or nodes.b.stdout` works.
//!
//! Filters, beside those of MiniJinja (`default first items join last length lines lower map max min reject replace
//! round select sort split sum title trim unique upper …`): `fromjson`, `tojson` (`tojson(indent=2)`), `quote` (one
//! word of a shell), `regex_replace(pattern, with)`, `truncate(characters)`; the test `matching(pattern)`.
//!
//! An evaluation is bounded in its steps, in the bytes that it makes and in the values that it walks over
//! (`TEMPLATE_FUEL`, `TEMPLATE_BYTES`, `TEMPLATE_VALUES` of [`limits`](crate::model::limits)): then it fails with class
//! `limit`. That may take seconds; a [`Brief`] stops an evaluation that takes more than a moment.

mod brief;
mod budget;
mod compile;
mod convert;
mod dump;
mod engine;
mod filter;
mod flaw;
mod guard;
mod parsed;
pub(crate) mod pattern;
mod redact;
mod reference;
mod render;
mod rewrite;
mod scan;
mod scope;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use compile::{has_tags, whole};
pub(crate) use parsed::Parsed;
pub(crate) use scan::{Form, Use, What};

pub use brief::Brief;
pub use flaw::Flaw;
pub use redact::{Redactor, Secrets};
pub use reference::References;
pub use render::Templates;
pub use scope::{Data, Found, Scope};
