//! Messages between agents: what they are, and how they travel.
//!
//! | part | what it is |
//! |---|---|
//! | [`Message`], [`Recipient`] | the words, and their JSON form |
//! | `form`, [`schema`] | reads, writes and describes that form |
//! | [`Topic`] | names of topics, and patterns over them |
//! | `parcel`, `plan` | pure: what is written for messages, what is left of a parcel |
//! | `post` | the one writer of a process: groups what many send and acknowledge into batches |
//! | `address` | who a message goes to: mailboxes and subscriptions of the store |
//! | [`Mailbox`], `claims`, [`Delivery`] | receiving: claim, acknowledge, release, reply |
//! | [`Line`] | messages within the process that nothing records |
//! | `request`, [`History`], [`Follow`] | answers that somebody waits for; what was said; what is being said |
//!
//! A message is recorded in the stream of its channel and put into the queue of each recipient's mailbox, in one batch.

#[cfg(feature = "engine")]
mod address;
#[cfg(feature = "engine")]
mod claims;
#[cfg(feature = "engine")]
mod clerk;
#[cfg(feature = "engine")]
mod delivery;
mod form;
#[cfg(all(doctest, feature = "engine"))]
mod guide;
#[cfg(feature = "engine")]
mod history;
#[cfg(feature = "engine")]
mod ids;
#[cfg(feature = "engine")]
mod job;
#[cfg(feature = "engine")]
mod line;
#[cfg(feature = "engine")]
mod mailbox;
mod options;
#[cfg(feature = "engine")]
mod parcel;
#[cfg(feature = "engine")]
mod post;
#[cfg(feature = "engine")]
mod request;
mod schema;
#[cfg(feature = "engine")]
mod settle;
mod topic;
mod words;
#[cfg(feature = "engine")]
mod write;

#[cfg(feature = "engine")]
pub use delivery::Delivery;
#[cfg(feature = "engine")]
pub use history::{Follow, History, Said};
#[cfg(feature = "engine")]
pub use line::Line;
#[cfg(feature = "engine")]
pub use mailbox::Mailbox;
pub use options::{MailboxOptions, Sent};
#[cfg(feature = "engine")]
pub use post::Post;
pub use schema::schema;
pub use topic::Topic;
pub use words::{Attachment, Message, Recipient};
