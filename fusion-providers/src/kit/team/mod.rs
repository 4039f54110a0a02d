//! What programs in other languages ask of an engine's team, as JSON: agents, tasks, messages, services, objects.
//!
//! | file | what it answers |
//! |---|---|
//! | `ask` | [`Kit::ask_team`](super::Kit::ask_team): which of the others a question goes to |
//! | `agents` | `agents.*`, `swarm.*` |
//! | `tasks` | `tasks.*`, a process's part in them among them |
//! | `mail` | `messages.*`, `mailbox.*`, `follow.*` |
//! | `services` | `services.*` |
//! | `objects` | `objects.*` |
//! | `memory` | `memory.*` |
//! | `workspaces` | `workspaces.*` |
//! | `code` | [`Code`](super::Code) as the code of a kind of objects |
//! | `numbered` | what stays open between questions, by number |

mod agents;
mod ask;
mod code;
mod mail;
mod memory;
mod numbered;
mod objects;
mod services;
mod tasks;
mod workspaces;

#[cfg(test)]
mod tests;

pub(super) use ask::Team;
