//! `fusion spec`: from a specification to a plan.

mod analyze;
mod dispatch;
mod plan;

pub(super) use dispatch::spec;
