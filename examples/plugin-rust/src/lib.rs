//! A plugin that shortens texts without a model: it picks the sentences that say most, by how often their words come.
//!
//! It also turns texts into vectors, by hashing their words, so that similar texts can be found without a service.

mod digest;
mod text;
