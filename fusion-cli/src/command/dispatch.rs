//! From the parsed line to the command.

use fusion_core::error::Result;

use super::{completions, explain, runtime, schema, validate};
use crate::args::{Cli, Command};
use crate::render::Out;

/// Does what is asked and gives the exit code.
pub(crate) fn run(cli: Cli, out: &Out) -> Result<u8> {
    let global = cli.global;
    match cli.command {
        Command::Validate(args) => validate::validate(&args, out),
        Command::Schema { kind } => schema::schema(&kind, out),
        Command::Explain { code } => explain::explain(code.as_deref(), out),
        Command::Completions { shell } => completions::completions(shell),
        Command::Run(args) => runtime::block_on(super::run::run(args, &global, out)),
        _ => {
            Err(fusion_core::error::Error::new(fusion_core::error::Code::Internal, "not built yet"))
        }
    }
}
