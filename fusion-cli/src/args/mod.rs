//! What can be typed: the commands and their options.

mod agents;
mod build;
mod components;
mod dashboard;
mod global;
mod init;
mod models;
mod plugins;
mod runs;
mod spec;
mod swarm;
mod test;
mod top;
mod weights;
mod workspace;

pub(crate) use agents::{Add, Agents, Forgetting, Match, Memories, Spawn, Tasks, Wish};
pub(crate) use build::{Building, Covering};
pub(crate) use components::{
    AddComponents, Changing, Components, ListComponents, RemoveComponents, ShowComponent,
    UpgradeComponents, Verb as ComponentsVerb, VerifyComponents,
};
pub(crate) use dashboard::Dashboard;
pub(crate) use global::Global;
pub(crate) use init::Initial;
pub(crate) use models::{Chat, Providers};
pub(crate) use plugins::Plugins;
pub(crate) use runs::{
    Answering, Exporting, Forking, Listing, Logs, Named, Pruning, Replaying, Resolving, Retrying,
    RunsCommand, Showing, Signalling, Why,
};
pub(crate) use spec::{Analyzing, Creating, Planning, Spec, Validating};
pub(crate) use swarm::{Deploy, Swarm};
pub(crate) use test::{Reported, TestVerb, Testing};
pub(crate) use top::{Cli, Command, Doctor, Draw, Recover, RunArgs, Simulate, Validate, Worker};
pub(crate) use weights::{Models, Pull};
pub(crate) use workspace::{Archiving, Between, Cleaning, Restoring, Workspace};
