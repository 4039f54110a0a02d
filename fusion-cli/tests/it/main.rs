//! The command from outside: the real program, its exit code, what it prints, what it leaves behind.

#![cfg(test)]

mod agents;
mod bad_file;
mod bad_run;
mod bad_store;
mod build;
mod cards;
mod components;
mod control;
mod dashboard;
mod display;
mod help;
mod interrupt;
mod look;
mod models;
mod plugins;
mod run;
mod spec;
mod support;
mod team;
mod terminal;
mod weights;
mod workspace;
