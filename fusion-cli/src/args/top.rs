//! The commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::Global;
use super::agents::{Agents, Tasks};
use super::build::Building;
use super::components::Components;
use super::dashboard::Dashboard;
use super::init::Initial;
use super::models::{Chat, Providers};
use super::plugins::Plugins;
use super::runs::{Named, RunsCommand};
use super::spec::Spec;
use super::swarm::Swarm;
use super::test::Testing;
use super::weights::Models;
use super::workspace::Workspace;

/// Durable workflows: run them, watch them, kill them at any moment and see them finish
#[derive(Debug, Parser)]
#[command(name = "fusion", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a workflow and follow it to its end
    Run(RunArgs),
    /// Check workflow files
    Validate(Validate),
    /// Draw a workflow, or a run with the status of its nodes
    Graph(Draw),
    /// Print the JSON Schema of a kind of file
    Schema {
        /// The kind of file
        #[arg(value_parser = ["workflow", "message", "spec", "component", "build", "test-report", "phase-report"])]
        kind: String,
    },
    /// Everything on runs: list, show, cancel, approve …
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Say why a run does not move
    Why(Named),
    /// Finish what dead processes left
    Recover(Recover),
    /// Only work: drive what others start, until it is told to end
    Worker(Worker),
    /// Make a project, or bring one up to a mode: the plan, components, agents and checks of it
    Init(Initial),
    /// Specifications: from a folder of spec-kit to a plan
    #[command(subcommand)]
    Spec(Spec),
    /// Build what a specification asks for: plan, assign, run, check, report; started again, it goes on
    Build(Building),
    /// Tests of a project: find the suites, run them so many at once, report as JUnit XML; started again, it goes on
    Test(Testing),
    /// Components: parts of a project with specifications, tasks and checks; add, remove, upgrade, verify
    Components(Components),
    /// Agents: who there is, who should do a task; spawn, pause, resume, terminate
    #[command(subcommand)]
    Agents(Agents),
    /// Tasks for agents: add, list, assign, wait, cancel, queue anew
    #[command(subcommand)]
    Tasks(Tasks),
    /// Teams: agents with workflows of stages, from files
    #[command(subcommand)]
    Swarm(Swarm),
    /// Everything of the project on one page: specifications, agents, tasks, runs, what to do next
    Dashboard(Dashboard),
    /// Workspaces of agents: list them, take snapshots, compare, restore, archive, remove
    #[command(subcommand)]
    Workspace(Workspace),
    /// Providers of language models: list them, try one, list its models
    #[command(subcommand)]
    Providers(Providers),
    /// Providers in shared libraries: list them, look at one, trust one
    #[command(subcommand)]
    Plugins(Plugins),
    /// Models in files on this machine: list them, get one, remove one
    #[command(subcommand)]
    Models(Models),
    /// Talk to a model; what is piped in is one question
    Chat(Chat),
    /// Examine the store and the machine
    Doctor(Doctor),
    /// Run a workflow in simulated worlds full of crashes; its steps and commands are played, not executed
    Simulate(Simulate),
    /// Print the page of an error code
    Explain {
        /// The code, such as FU0205; all codes when absent
        code: Option<String>,
    },
    /// Print the page on the command line
    #[command(hide = true)]
    Reference,
    /// Run a plugin for the program that starts this, over its standard input
    #[command(hide = true)]
    PluginHost,
    /// Become a program under the rules of a sandbox, for the program that starts this
    #[command(hide = true)]
    Sandbox {
        /// The program and its arguments
        #[arg(last = true)]
        argv: Vec<std::ffi::OsString>,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The options of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The workflow file, or the name of a workflow that the store keeps from an earlier run
    #[arg(value_name = "FILE|NAME")]
    pub workflow: String,
    /// An input; read as the type that the workflow declares
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// A YAML or JSON file with inputs by name; `--input` wins
    #[arg(long, value_name = "FILE")]
    pub input_file: Option<PathBuf>,
    /// The id of the run; a run that has it already goes on
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Record the run, print its id, and leave the work to a worker
    #[arg(long)]
    pub detach: bool,
}

/// The options of `validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The workflow files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Fail on warnings too
    #[arg(long)]
    pub strict: bool,
}

/// The options of `simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The workflow file
    #[arg(value_name = "FILE", required_unless_present_any = ["engine", "agents"])]
    pub file: Option<PathBuf>,
    /// Simulate workflows of the engine's own instead
    #[arg(long = "self", conflicts_with = "file")]
    pub engine: bool,
    /// Simulate agents: they write to each other, ask durable objects, and are given tasks
    #[arg(long, conflicts_with_all = ["file", "engine"])]
    pub agents: bool,
    /// An input; read as the type that the workflow declares
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// How many worlds
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Only this world
    #[arg(long, value_name = "SEED", conflicts_with = "seeds")]
    pub seed: Option<u64>,
    /// The first world
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub from: u64,
    /// Faults to leave out: power, crash, kill, stall, clock, lost-wake, double-wake, full, disk, slow
    #[arg(long, value_name = "FAULTS", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// How many worlds at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub jobs: usize,
}

/// The options of `graph`.
#[derive(Debug, Args)]
pub(crate) struct Draw {
    /// The workflow file, or a run
    #[arg(value_name = "FILE|RUN")]
    pub what: String,
    /// The form of the picture
    #[arg(long, short, default_value = "mermaid", value_parser = ["mermaid", "dot", "svg", "json"])]
    pub format: String,
}

/// The options of `recover`.
#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// How many runs are driven at once
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = at_least_one)]
    pub concurrency: usize,
}

/// The options of `worker`.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// A queue to take work from [default: all]
    #[arg(long, value_name = "QUEUE")]
    pub queue: Vec<String>,
    /// How many runs are driven at once
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = at_least_one)]
    pub concurrency: usize,
    /// How long it may take to finish what is begun when it is told to end
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = length_ms)]
    pub grace: u64,
}

/// The options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Do not read the whole store
    #[arg(long)]
    pub shallow: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number of at least 1".to_owned()),
    }
}

/// Reads a length of time such as `30d`, in milliseconds.
pub(super) fn length_ms(text: &str) -> Result<u64, String> {
    fusion_core::graph::duration::parse_ms(text)
}
