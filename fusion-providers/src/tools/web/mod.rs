//! The web without a way inside, as a tool.
//!
//! | file | what it knows |
//! |---|---|
//! | `address` | which addresses are public: pure |
//! | `hosts` | which URLs a list allows: pure |
//! | `guard` | names become checked addresses, and no others are connected to |
//! | `fetch` | [`Web`], and the tool that it gives |
//! | `page` | what can be read of HTML: pure |

mod address;
mod fetch;
mod guard;
mod hosts;
mod page;

pub use fetch::Web;
pub use guard::Lookup;
