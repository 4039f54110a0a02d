//! The options of the commands about agents and tasks.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use fusion_core::coordination::Aim;

/// What to do with agents.
#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    /// List the agents that tasks may go to, and what they are good at
    List,
    /// Say which agent a task goes to, and why
    Match(Match),
    /// Make an agent, or several of it; `fusion worker` works at its tasks
    Spawn(Spawn),
    /// Show one agent and what happened to it
    Show {
        /// The agent
        #[arg(value_name = "AGENT")]
        id: String,
    },
    /// Give an agent no new tasks; those that it works at stand still at their next memo
    Pause(Ids),
    /// Let a paused agent go on, or start one again that is in trouble
    Resume(Ids),
    /// End an agent; its tasks go to others
    Terminate(Ids),
    /// Show what all agents do, and how much they did
    Status,
    /// Move tasks that wait, until agents that can do the same have equally much to do
    Balance,
    /// Show what an agent remembers beyond one task
    Memory(Memories),
    /// Forget agents that were terminated long ago
    Prune(Forgetting),
}

/// The options of `agents memory`.
#[derive(Debug, Args)]
pub(crate) struct Memories {
    /// Whose memory: an agent, or a team that shares it
    #[arg(value_name = "OWNER")]
    pub owner: String,
    /// Only facts that speak of this, the best first
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["remember", "forget"])]
    pub search: Option<String>,
    /// Remember a fact; what was under its key is forgotten
    #[arg(long, value_name = "KEY=TEXT", conflicts_with = "forget")]
    pub remember: Option<String>,
    /// Forget a fact
    #[arg(long, value_name = "KEY")]
    pub forget: Option<String>,
}

/// Which agents.
#[derive(Debug, Args)]
pub(crate) struct Ids {
    /// The agents
    #[arg(required = true, value_name = "AGENT")]
    pub ids: Vec<String>,
}

/// The options of `agents spawn`.
#[derive(Debug, Args)]
pub(crate) struct Spawn {
    /// What it is called
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Who does its work, as `agent:` says it in a workflow file: a name such as `command:claude`, or a JSON map
    /// [default: the program or agent of its name]
    #[arg(long = "as", value_name = "AGENT")]
    pub worker: Option<String>,
    /// What a coding program may do in its folder
    #[arg(long, value_name = "MODE", default_value = "read_only", conflicts_with = "worker", value_parser = ["read_only", "edit", "full"])]
    pub mode: String,
    /// How many of it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub instances: u32,
    /// How many tasks one of them works at together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub slots: u32,
    /// The project whose tasks it takes [default: all]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// What it shall care about most, in words; may be given again
    #[arg(long, value_name = "TEXT")]
    pub focus: Vec<String>,
    /// How many tasks it may begin in a minute [default: as many as come]
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub per_minute: u32,
    /// Give it a folder of its own, which goes when it is terminated: its tasks are done there
    #[arg(long)]
    pub workspace: bool,
    /// The same, and the folder stays
    #[arg(long)]
    pub keep_workspace: bool,
}

/// The options of `match`.
#[derive(Debug, Args)]
pub(crate) struct Match {
    /// The task, in words
    #[arg(value_name = "TEXT", required_unless_present = "stdin")]
    pub text: Vec<String>,
    /// Read tasks from standard input, one on each line
    #[arg(long, conflicts_with = "text")]
    pub stdin: bool,
    /// What counts beside an agent that fits
    #[arg(long, value_name = "WISH")]
    pub optimize_for: Option<Wish>,
}

/// What counts beside an agent that fits.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Wish {
    /// That it is done soon
    Speed,
    /// That it costs little
    Cost,
    /// That the agent takes hard tasks
    Quality,
}

impl Wish {
    /// Gives it as the router takes it.
    pub(crate) fn aim(wish: Option<Self>) -> Aim {
        match wish {
            None => Aim::Fit,
            Some(Self::Speed) => Aim::Speed,
            Some(Self::Cost) => Aim::Cost,
            Some(Self::Quality) => Aim::Quality,
        }
    }
}

/// What to do with tasks.
#[derive(Debug, Subcommand)]
pub(crate) enum Tasks {
    /// Add a task, or tasks from a file
    Add(Box<Add>),
    /// List tasks, the newest first
    List {
        /// Only those in this state
        #[arg(long, value_name = "STATE", value_parser = [
            "queued", "assigned", "running", "completed", "failed", "cancelled", "dead",
        ])]
        state: Option<String>,
    },
    /// Show one task and what happened to it
    Show(TaskId),
    /// Say who would get the tasks that are ready; with --auto, give them out
    Assign {
        /// Give them out
        #[arg(long)]
        auto: bool,
        /// What counts beside an agent that fits
        #[arg(long, value_name = "WISH")]
        optimize_for: Option<Wish>,
    },
    /// Wait until a task is over; exit code 1 when it was not completed
    Wait(TaskId),
    /// Cancel a task
    Cancel(TaskId),
    /// Queue a dead or cancelled task anew
    Requeue(TaskId),
    /// Forget tasks that are over for long, and that no other one waits for
    Prune(Forgetting),
}

/// What is to be forgotten.
#[derive(Debug, Args)]
pub(crate) struct Forgetting {
    /// What is over longer than this, such as 30d
    #[arg(long, value_name = "TIME", value_parser = super::top::length_ms)]
    pub older_than: u64,
    /// Only say what would be forgotten
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Which task.
#[derive(Debug, Args)]
pub(crate) struct TaskId {
    /// The task
    #[arg(value_name = "TASK")]
    pub id: String,
}

/// The options of `tasks add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What is to be done, in a sentence
    #[arg(value_name = "TITLE", required_unless_present = "file")]
    pub title: Vec<String>,
    /// Tasks as a JSON list of maps; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["title", "id", "prompt", "kind", "agent", "needs", "capability", "priority", "project", "in_"])]
    pub file: Option<PathBuf>,
    /// An id of your own; added twice, it is one task
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// All that the agent is told [default: the title]
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// What sort of task it is: how well agents do is learned by it
    #[arg(long, value_name = "KIND", default_value = "task")]
    pub kind: String,
    /// The agent that shall do it
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Tasks that must be completed first
    #[arg(long, value_name = "TASKS", value_delimiter = ',')]
    pub needs: Vec<String>,
    /// What the agent must be able to do; may be given again
    #[arg(long, value_name = "NAME")]
    pub capability: Vec<String>,
    /// Higher comes first, from -1000 to 1000
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    pub priority: i32,
    /// The project that it belongs to
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Not begun before so much time has passed, such as `10m`
    #[arg(long = "in", value_name = "TIME", value_parser = super::top::length_ms)]
    pub in_: Option<u64>,
}
