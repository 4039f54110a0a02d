//! OpenRouter: OpenAI's protocol with a catalogue of prices, costs, credit and a choice of who serves a model.

mod catalogue;
mod provider;

pub use provider::OpenRouter;

#[cfg(test)]
mod tests;
