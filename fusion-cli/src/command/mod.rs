//! What each command does.

mod agents;
mod build;
mod chat;
mod completions;
mod components;
mod dashboard;
mod dispatch;
mod doctor;
mod explain;
mod feed;
mod find;
mod follow;
mod graph;
mod interrupt;
mod known;
mod models;
mod plugins;
mod providers;
mod recover;
mod run;
mod runs;
mod runtime;
mod sandbox;
mod schema;
mod simulate;
mod spec;
mod swarm;
mod tasks;
mod team;
mod validate;
mod why;
mod worker;
mod workspace;

pub(crate) use dispatch::run;
