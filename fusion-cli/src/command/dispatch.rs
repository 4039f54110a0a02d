//! From the parsed line to the command.

use fusion_core::error::Result;

use super::{
    agents, build, chat, completions, components, dashboard, doctor, explain, graph, init, models,
    plugins, providers, recover, runs, runtime, sandbox, schema, simulate, spec, swarm, tasks,
    team, test, validate, why, worker, workspace,
};
use crate::args::{Agents, Cli, Command};
use crate::entry::help;
use crate::render::Out;

/// Does what is asked and gives the exit code.
pub(crate) fn run(cli: Cli, out: &Out) -> Result<u8> {
    let global = &cli.global;
    match cli.command {
        Command::Validate(args) => validate::validate(&args, out),
        Command::Schema { kind } => Ok(schema::schema(&kind)),
        Command::Explain { code } => explain::explain(code.as_deref(), out),
        Command::Reference => {
            Out::text(&help());
            Ok(0)
        }
        Command::Completions { shell } => Ok(completions::completions(shell, out)),
        Command::Run(args) => runtime::block_on(super::run::run(args, global, out)),
        Command::Graph(args) => runtime::block_on(graph::graph(&args, global, out)),
        Command::Runs(command) => runtime::block_on(runs::runs(command, global, out)),
        Command::Why(named) => runtime::block_on(why::why(&named, global, out)),
        Command::Recover(args) => runtime::block_on(recover::recover(&args, global, out)),
        Command::Worker(args) => runtime::block_on_all(worker::worker(args, global, out)),
        Command::Test(args) => runtime::block_on(test::test(args, global, out)),
        Command::Components(args) => runtime::block_on(components::components(args, out)),
        Command::Init(args) => runtime::block_on(init::init(&args, global, out)),
        Command::Spec(command) => spec::spec(command, global, out),
        Command::Build(args) => runtime::block_on(build::build(args, global, out)),
        Command::Agents(command @ (Agents::List | Agents::Match(_))) => {
            agents::agents(command, out)
        }
        Command::Agents(command) => runtime::block_on(team::team(command, global, out)),
        Command::Swarm(command) => runtime::block_on(swarm::swarm(command, global, out)),
        Command::Tasks(command) => runtime::block_on(tasks::tasks(command, global, out)),
        Command::Dashboard(args) => runtime::block_on(dashboard::dashboard(&args, global, out)),
        Command::Workspace(verb) => workspace::workspace(verb, out),
        Command::Providers(command) => {
            runtime::block_on(providers::providers(command, global, out))
        }
        Command::Plugins(command) => plugins::plugins(command, out),
        Command::Models(command) => runtime::block_on(models::models(command, out)),
        Command::PluginHost => plugins::host(),
        Command::Sandbox { argv } => Ok(sandbox::sandbox(&argv, out)),
        Command::Chat(args) => runtime::block_on(chat::chat(args, global, out)),
        Command::Simulate(args) => simulate::simulate(&args, out),
        Command::Doctor(args) => runtime::block_on(doctor::doctor(&args, global, out)),
    }
}
