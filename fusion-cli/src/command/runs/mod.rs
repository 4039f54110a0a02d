//! `fusion runs`: everything on runs.

mod control;
mod dispatch;
mod export;
mod fork;
mod list;
mod logs;
mod prune;
mod replay;
mod resolve;
mod retry;
mod show;
mod watch;

pub(super) use dispatch::runs;
