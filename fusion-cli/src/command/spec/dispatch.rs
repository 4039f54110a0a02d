//! From the parsed line to the verb.

use fusion_core::error::Result;

use super::{analyze, new, plan, validate};
use crate::args::Spec;
use crate::render::Out;

/// Does one of them.
pub(in crate::command) fn spec(command: Spec, out: &Out) -> Result<u8> {
    match command {
        Spec::New(args) => new::new(&args, out),
        Spec::Validate(args) => validate::validate(&args, out),
        Spec::Analyze(args) => analyze::analyze(&args, out),
        Spec::Plan(args) => plan::plan(&args, out),
    }
}
