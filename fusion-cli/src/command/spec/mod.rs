//! `fusion spec`: from a specification to a plan.

mod analyze;
mod coverage;
mod dispatch;
mod new;
mod plan;
mod validate;

pub(super) use dispatch::spec;
