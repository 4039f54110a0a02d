//! The seam to services over HTTP: one client, limits of time and size for everything, faults with their class, and no key
//! in any of them.

mod client;
mod date;
mod download;
mod endpoint;
mod fault;
mod key;
mod quota;
mod reply;
mod settings;
mod stream;

pub use client::Http;
pub(crate) use client::guarded;
pub(crate) use download::download;
pub(crate) use endpoint::{Auth, Endpoint, is_here};
pub(crate) use fault::Heard;
pub use key::Key;
pub(crate) use reply::Reply;
pub use settings::Settings;
pub(crate) use stream::{Decode, Framing, chunks};
