//! An agent that asks a model, as a program puts it together.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::limits::Limits;
use super::result::Form;
use super::talk::Talk;
use super::tool::Tool;
use crate::contract::{Agent, Desk, Provider, Step};
use crate::model::Failure;
use crate::model::agent::{Ask, Reply};
use crate::model::chat::{self, Chunk, Price, Sampling};

/// The tool by which a conversation goes to another agent.
pub(super) const HAND_OFF: &str = "hand_off";

/// Sees the chunks of a model's answer as they come: who speaks, in which turn, what.
pub type Watch = Arc<dyn Fn(&str, u32, &Chunk) + Send + Sync>;

/// Who sees the chunks.
#[derive(Clone)]
pub(super) enum Watcher {
    Here(Watch),
    Step(Arc<dyn Step>),
}

/// An agent that asks a model and uses tools until it has said all.
///
/// Every answer and every result of a tool is recorded once (a memo of the node that runs it): after a crash the agent goes
/// on at the very call where it stopped, and no token is paid for twice. A call that was under way may be made again, with
/// the same idempotency key.
///
/// ```
/// use fusion_core::agent::{LlmAgent, Tool};
/// use fusion_core::contract::{Call, Provider};
/// use fusion_core::model::chat::{Answer, Fault, Request};
/// use fusion_core::{Fusion, model::Graph};
///
/// # #[derive(Debug)]
/// # struct Echo;
/// # #[async_trait::async_trait]
/// # impl Provider for Echo {
/// #     fn name(&self) -> &str { "echo" }
/// #     async fn complete(&self, _call: &Call, request: &Request) -> Result<Answer, Fault> {
/// #         let said = request.messages.last().map(|message| message.text()).unwrap_or_default();
/// #         Ok(Answer::text_of("echo-1", said))
/// #     }
/// # }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let fusion = Fusion::open("memory://").await?;
/// let writer = LlmAgent::new("writer", Echo).model("echo-1").system("You write short texts.");
/// let writer = fusion.agent(writer);
/// let graph = Graph::new("text").node("draft", writer.with("A line on rain.")).output("text", "{{ nodes.draft.text }}");
/// let run = fusion.start(&graph, serde_json::json!({})).await?;
/// assert_eq!(run.result::<serde_json::Value>().await?["text"], "A line on rain.");
/// # Ok(())
/// # }
/// # fusion_core::run::Os::new()?.handle().block_on(example())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LlmAgent {
    pub(super) name: Arc<str>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) model: String,
    pub(super) system: Option<String>,
    pub(super) tools: Vec<Tool>,
    pub(super) others: Vec<Self>,
    pub(super) form: Option<Form>,
    pub(super) sampling: Sampling,
    pub(super) limits: Limits,
    pub(super) price: Option<Price>,
    pub(super) window: Option<u64>,
    pub(super) keeps: bool,
    pub(super) watch: Option<Watcher>,
}

impl LlmAgent {
    /// Makes an agent that asks the provider's default model and has no tools.
    pub fn new(name: impl Into<Arc<str>>, provider: impl Provider + 'static) -> Self {
        Self {
            name: name.into(),
            provider: Arc::new(provider),
            model: String::new(),
            system: None,
            tools: Vec::new(),
            others: Vec::new(),
            form: None,
            sampling: Sampling::default(),
            limits: Limits::default(),
            price: None,
            window: None,
            keeps: false,
            watch: None,
        }
    }

    /// Names the model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Sets its instructions.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = Some(text.into());
        self
    }

    /// Gives it a tool. Of two tools of one name the later one counts.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.retain(|one| one.about().name != tool.about().name);
        self.tools.push(tool);
        self
    }

    /// Gives it several tools, as [`LlmAgent::tool`] does.
    #[must_use]
    pub fn tools(self, tools: impl IntoIterator<Item = Tool>) -> Self {
        tools.into_iter().fold(self, Self::tool)
    }

    /// Lets it hand the conversation over to another agent, which goes on with its own instructions, tools and model, but within
    /// the limits and in the form of this one.
    #[must_use]
    pub fn hand_off(mut self, other: Self) -> Self {
        self.others.retain(|one| one.name != other.name);
        self.others.push(other);
        self
    }

    /// Wants the last answer as JSON of this JSON Schema, which the provider is asked to keep to. An answer that does not fit is
    /// sent back once, with what is wrong; then the attempt fails with class `validation`. A schema that cannot be read fails it
    /// with class `invalid_request` before the model is asked. [`LlmAgent::checked`] adds a check.
    #[must_use]
    pub fn result(mut self, schema: Value) -> Self {
        self.form = Some(Form::new(schema));
        self
    }

    /// Checks the result. What the check says is told to the model once, for a better answer; then the attempt fails with
    /// class `validation`.
    #[must_use]
    pub fn checked(
        mut self,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let form = self.form.take().unwrap_or_else(|| Form::new(Value::Bool(true)));
        self.form = Some(form.checked(check));
        self
    }

    /// Checks the result by a step, which may be one in another language: what it fails with is told to the model. As
    /// [`LlmAgent::checked`].
    #[must_use]
    pub fn checked_by(mut self, step: Arc<dyn Step>) -> Self {
        let form = self.form.take().unwrap_or_else(|| Form::new(Value::Bool(true)));
        self.form = Some(form.checked_by(step));
        self
    }

    /// Sets how words are chosen.
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// Sets how much it may do for one ask.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Says what the model costs, for answers that do not say it.
    #[must_use]
    pub fn price(mut self, price: Price) -> Self {
        self.price = Some(price);
        self
    }

    /// Says how many tokens the model holds in mind. A conversation that comes near it is summarised; so is one that the
    /// provider refuses as too long.
    #[must_use]
    pub fn window(mut self, tokens: u64) -> Self {
        self.window = Some(tokens);
        self
    }

    /// Keeps what was said in the reply, so that a later ask can go on from there.
    #[must_use]
    pub fn keep_messages(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Shows the chunks of answers as they come. What is found recorded after a crash is not shown again.
    #[must_use]
    pub fn watch(mut self, watch: impl Fn(&str, u32, &Chunk) + Send + Sync + 'static) -> Self {
        self.watch = Some(Watcher::Here(Arc::new(watch)));
        self
    }

    /// Shows the chunks of answers, as they come, to a step, which may be one in another language: it gets `agent`, `turn` and
    /// `chunk`, and the next chunk is not read before it has ended. What it fails with is logged, and stops nothing.
    #[must_use]
    pub fn watched_by(mut self, step: Arc<dyn Step>) -> Self {
        self.watch = Some(Watcher::Step(step));
        self
    }
}

impl LlmAgent {
    /// Describes the tool by which the conversation goes to another agent; none when there is no other.
    pub(super) fn hand_off_tool(&self) -> Option<chat::Tool> {
        let names: Vec<&str> = self.others.iter().map(|other| &*other.name).collect();
        (!names.is_empty()).then(|| {
            let schema = json!({
                "type": "object",
                "properties": {"to": {"type": "string", "enum": names}},
                "required": ["to"],
            });
            chat::Tool::new(HAND_OFF, "Lets another agent go on with the conversation.")
                .schema(schema)
        })
    }
}

impl fmt::Debug for LlmAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmAgent")
            .field("name", &self.name)
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Agent for LlmAgent {
    fn name(&self) -> &str {
        &self.name
    }

    async fn work(&self, desk: &Desk, ask: Ask) -> Result<Reply, Failure> {
        Talk::new(self, desk, ask).go_on().await
    }
}
