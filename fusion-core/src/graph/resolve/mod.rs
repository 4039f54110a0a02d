//! The dependency resolver: names and version ranges in, one version of each package out.
//!
//! [`resolve()`] takes a [`Catalog`] of what exists and a [`Request`] of what is wanted, and gives a
//! [`Resolution`]: the highest versions that fit together, in install order. The search is `PubGrub`
//! (an exact solver: it finds a solution whenever there is one), and a failure is told in plain
//! words with a change that was tried and works.
//!
//! ```
//! use fusion_core::graph::resolve::{Catalog, Package, Request, resolve};
//!
//! let catalog = Catalog::from_packages([
//!     Package::new("web", "2.1.0")?.needs("db", "^1.2")?,
//!     Package::new("postgres", "16.0.0")?.offers("db@1.4.0")?,
//! ])?;
//! let found = resolve(&catalog, &Request::new().needs("web", "^2")?)?;
//! assert_eq!(found.order, ["postgres", "web"]);
//! assert_eq!(found.via["db"], "postgres");
//! # Ok::<(), fusion_core::graph::resolve::ResolveError>(())
//! ```
//!
//! One name has one meaning in a resolution: one version of each package, and one provider for each
//! name that packages provide.

mod catalog;
mod conflict;
mod error;
mod explain;
mod index;
mod package;
mod range;
mod set;
mod solve;
mod solver;
#[cfg(test)]
mod tests;
mod words;

pub use catalog::{Catalog, Request};
pub use conflict::{Conflict, Reason, Remedy, Who};
pub use error::ResolveError;
pub use package::{Package, Provide};
pub use range::Range;
pub use solve::{Resolution, resolve};
