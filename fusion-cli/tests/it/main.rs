//! The command from outside: the real program, its exit code, what it prints, what it leaves behind.

#![cfg(test)]

mod agents;
mod bad_file;
mod bad_run;
mod bad_store;
mod build;
mod build_agents;
mod build_proof;
mod build_rules;
mod build_ticks;
mod cards;
mod components;
mod control;
mod dashboard;
mod display;
mod help;
mod init;
mod init_cut;
mod interrupt;
mod look;
mod models;
mod modes;
mod plugins;
mod run;
mod spec;
mod support;
mod team;
mod terminal;
mod testing;
mod testing_python;
mod weights;
mod workspace;
