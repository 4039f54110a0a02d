//! The host of plugins: providers in shared libraries, behind the C ABI of `fusion_plugin.h`.
//!
//! | file | what it does |
//! |---|---|
//! | `load` | opens a library and refuses what is no plugin, or one of another version |
//! | `border` | the functions that plugins call: nothing in them trusts what it is given |
//! | `calls` | calls by number: whoever names one that is over is told so, and harms nothing |
//! | `pending` | one call: the pieces that came, how it ended, who waits |
//! | `instance` | an opened plugin: begins calls, in place or on a thread |
//! | `image` | the file of a library, hashed and loaded through one descriptor |
//! | `open` | a call that somebody waits for, wherever its plugin runs |
//! | `foreign` | the [`Provider`](fusion_core::contract::Provider) over all this |

#![expect(unsafe_code, reason = "this is the border to C")]

mod border;
mod calls;
mod foreign;
mod image;
mod instance;
mod load;
mod open;
mod pending;

pub(crate) use border::{Voice, in_log};
pub(crate) use foreign::Foreign;
pub(crate) use image::Image;
pub(crate) use instance::Instance;
pub use load::Plugin;
pub(crate) use open::{Ask, Way};
pub(crate) use pending::{Came, Pending};
