//! Names of OpenTelemetry's conventions for generative AI; they still move, so they stand here and nowhere else.

/// The convention, and the state of it that these names are from: all of it is marked as in development.
pub const CONVENTION: &str = "OpenTelemetry semantic-conventions-genai, development, November 2026";

/// What is done: `chat` or `embeddings`.
pub const OPERATION: &str = "gen_ai.operation.name";
/// Who answers.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model that was asked for.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// The longest answer, in tokens.
pub const MAX_TOKENS: &str = "gen_ai.request.max_tokens";
/// How daring the choice of words is.
pub const TEMPERATURE: &str = "gen_ai.request.temperature";
/// The share of likely words.
pub const TOP_P: &str = "gen_ai.request.top_p";
/// The seed of the choice.
pub const SEED: &str = "gen_ai.request.seed";
/// The answer comes in chunks.
pub const STREAM: &str = "gen_ai.request.stream";
/// The form of the answer: `text` or `json`.
pub const OUTPUT_TYPE: &str = "gen_ai.output.type";
/// The model that answered.
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// The provider's name of the response.
pub const RESPONSE_ID: &str = "gen_ai.response.id";
/// Why the answer ended.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// When the first chunk came, in seconds.
pub const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
/// Tokens read.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens written.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Tokens read from the provider's cache.
pub const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
/// Tokens put into the provider's cache.
pub const CACHE_CREATION_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
/// Tokens of reasoning.
pub const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
/// The agent.
pub const AGENT: &str = "gen_ai.agent.name";
/// The class of a fault.
pub const ERROR_TYPE: &str = "error.type";

/// What it cost, in US dollars as a decimal text; the convention has no name for it.
pub const COST: &str = "fusion.cost_usd";
/// The answer was kept from an earlier call.
pub const CACHED: &str = "fusion.cached";
/// The run.
pub const RUN: &str = "fusion.run";
/// The node.
pub const NODE: &str = "fusion.node";

/// How a span is to be called; bridges to OpenTelemetry read it.
pub const SPAN_NAME: &str = "otel.name";
/// What kind of span it is; bridges to OpenTelemetry read it.
pub const SPAN_KIND: &str = "otel.kind";

/// The metric of tokens.
pub const TOKEN_USAGE: &str = "gen_ai.client.token.usage";
/// The metric of durations, in seconds.
pub const DURATION: &str = "gen_ai.client.operation.duration";

/// Answers, whole or in chunks.
pub const CHAT: &str = "chat";
/// Vectors.
pub const EMBEDDINGS: &str = "embeddings";
