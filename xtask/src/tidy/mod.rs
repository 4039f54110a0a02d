//! The tidy test: what keeps edges, sizes, words and maps true, one file per rule.

mod attributes;
mod edges;
mod examples;
mod finding;
mod gate;
mod links;
mod lock;
mod manifests;
mod map;
mod paths;
mod shape;
mod sizes;
mod words;

pub(crate) use finding::Finding;
pub(crate) use gate::run;
pub(crate) use sizes::functions;
