//! One suite of tests that every store must pass: a test per promise of the contract. And damage for their files.
//!
//! ```
//! # use std::sync::Arc;
//! # futures_util::future::FutureExt::now_or_never(async {
//! fusion_conformance::store::run(&|| Arc::new(fusion_core::record::Memory::new())).await;
//! # }).unwrap();
//! ```

pub mod damage;
pub mod store;
