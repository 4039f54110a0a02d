//! All that CI does, in order: the steps, what each runs, and the sum of their tests.

mod built;
mod count;
mod examples;
mod gate;
mod languages;
mod node;
mod oldest;
mod python;
mod snippets;
mod steps;
mod versions;

pub(crate) use count::Count;
pub(crate) use gate::run;
pub(crate) use node::prepare as prepare_node;
pub(crate) use python::prepare as prepare_python;
