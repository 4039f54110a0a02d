//! From the parsed line to the verb.

use fusion_core::error::Result;

use super::{analyze, coverage, new, plan, validate};
use crate::args::{Global, Spec};
use crate::command::runtime::block_on;
use crate::render::Out;

/// Does one of them.
pub(in crate::command) fn spec(command: Spec, global: &Global, out: &Out) -> Result<u8> {
    match command {
        Spec::New(args) => new::new(&args, out),
        Spec::Validate(args) => validate::validate(&args, out),
        Spec::Analyze(args) => analyze::analyze(&args, out),
        Spec::Coverage(args) => block_on(coverage::coverage(&args, global, out)),
        Spec::Plan(args) => plan::plan(&args, out),
    }
}
