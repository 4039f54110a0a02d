//! Providers whose code is a step: one that is written in another language, which has bodies and nothing else.
//!
//! | file | what it knows |
//! |---|---|
//! | `provider` | [`Foreign`]: a question becomes the input of the step, its progress the chunks, its output the answer |
//! | `asked` | what the step knows of the call, as its attempt |
//! | `fault` | which fault a failure of the step is |

mod asked;
mod fault;
mod provider;

pub use provider::Foreign;

#[cfg(test)]
mod tests;
