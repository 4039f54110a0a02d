//! The loop of an agent: ask, use tools, ask again. Each call is a memo, and all between them follows from the memos alone.

use std::future::poll_fn;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::llm::{HAND_OFF, LlmAgent, Watcher};
use super::result::Form;
use super::window;
use crate::contract::{Chunks, Desk};
use crate::error::nearest;
use crate::model::agent::{Ask, Ended, Reply};
use crate::model::chat::{
    self, Answer, Fault, FaultKind, Finish, Fold, Message, Part, Request, Role, ToolCall,
    ToolResult, Usage, Usd,
};
use crate::model::{Class, Failure, Payload};

/// How often the text so far is shown as progress, in milliseconds.
const SHOW_MS: u64 = 100;
/// How much of it, in characters.
const SHOWN_CHARS: usize = 400;

/// How often the conversation is summarised before a turn at the most.
const SUMMARIES: u32 = 2;

const SUMMARISE: &str = "Sum up the conversation below for the one who goes on with it: what was asked, what was found \
    out, what was done and with which result, what is left. Keep names, numbers and paths exact. Write nothing else.";

/// One ask, as far as it came.
pub(super) struct Talk<'a> {
    first: &'a LlmAgent,
    /// Who speaks now.
    agent: &'a LlmAgent,
    desk: &'a Desk,
    messages: Vec<Message>,
    /// How many messages came with the ask; the last of them is never summarised.
    given: usize,
    turns: u32,
    usage: Usage,
    cost: Usd,
    /// A model that answered without saying what it costs.
    unpriced: Option<String>,
    repaired: bool,
}

/// How a turn ended.
enum Turn {
    On,
    End(Ended, Option<Value>),
}

impl<'a> Talk<'a> {
    pub(super) fn new(agent: &'a LlmAgent, desk: &'a Desk, ask: Ask) -> Self {
        let mut messages = ask.messages;
        messages.push(Message::user(ask.prompt));
        let given = messages.len();
        let (usage, cost, unpriced) = (Usage::default(), Usd::ZERO, None);
        let (first, turns, repaired) = (agent, 0, false);
        Self { first, agent, desk, messages, given, turns, usage, cost, unpriced, repaired }
    }

    /// Goes on until all is said or a limit is reached.
    pub(super) async fn go_on(mut self) -> Result<Reply, Failure> {
        self.first.form.as_ref().map_or(Ok(()), Form::is_readable)?;
        let env = self.desk.env();
        let began: i64 = self.desk.body().memo("began", async { Ok(env.now_ms()) }).await?;
        let limits = self.first.limits;
        loop {
            let took = u64::try_from(env.now_ms().saturating_sub(began)).unwrap_or(0);
            let over = match () {
                () if self.turns >= limits.turns => Some(Ended::Turns),
                () if self.cost >= limits.cost => Some(Ended::Cost),
                () if took >= limits.total_ms => Some(Ended::Time),
                () => None,
            };
            // What was said already is not lost because its time is over now.
            let over = over.filter(|_| !self.is_recorded(&self.turn_name()));
            if let Some(over) = over {
                return Ok(self.reply(over, None));
            }
            self.can_count()?;
            if let Turn::End(ended, result) =
                self.turn(limits.total_ms - took.min(limits.total_ms)).await?
            {
                return Ok(self.reply(ended, result));
            }
        }
    }

    /// Fails before a further turn is paid for when there is a limit of cost, and nobody says what the last one did cost.
    fn can_count(&self) -> Result<(), Failure> {
        let has_limit = self.first.limits.cost < Usd::MAX && !self.is_recorded(&self.turn_name());
        let Some(model) = self.unpriced.as_ref().filter(|_| has_limit) else { return Ok(()) };
        let what = format!(
            "the agent `{}` has a limit of cost, and nobody says what the model `{model}` costs: give it a price (0 for one that is free)",
            self.first.name
        );
        Err(Failure::new(Class::LIMIT, what))
    }

    fn turn_name(&self) -> String {
        format!("turn/{}", self.turns)
    }

    async fn turn(&mut self, left_ms: u64) -> Result<Turn, Failure> {
        let until = after(self.desk, left_ms);
        let answer = match self.answer(left_ms, until).await? {
            Ok(answer) => answer,
            Err(ended) => return Ok(Turn::End(ended, None)),
        };
        let name = self.turn_name();
        self.turns += 1;
        self.spend(&answer);
        self.messages.push(answer.message());
        let calls: Vec<ToolCall> = answer.calls().cloned().collect();
        if calls.is_empty() {
            return self.end(&answer).await;
        }
        let results = self.use_tools(&name, &calls, until).await?;
        self.messages.push(Message::results(results));
        self.hand_over(&calls);
        Ok(Turn::On)
    }

    /// Gets the answer of this turn: the recorded one, or the model's.
    async fn answer(&mut self, left_ms: u64, until: u64) -> Result<Result<Answer, Ended>, Failure> {
        let name = self.turn_name();
        let mut summaries = 0;
        while self.is_recorded(&summary(&name, summaries)) {
            self.summarise(&summary(&name, summaries)).await?;
            summaries += 1;
        }
        while !self.is_recorded(&name) {
            if summaries == 0 && self.is_full() && self.summarise(&summary(&name, 0)).await? {
                summaries += 1;
            }
            match self.ask(&name, left_ms).await {
                Ok(answer) => self.desk.body().save(&name, payload(&answer)?).await?,
                Err(fault) if fault.kind() == FaultKind::Budget => return Ok(Err(Ended::Cost)),
                Err(fault)
                    if fault.kind() == FaultKind::Timeout && after(self.desk, 0) >= until =>
                {
                    return Ok(Err(Ended::Time));
                }
                Err(fault)
                    if fault.kind() == FaultKind::ContextTooLong && summaries < SUMMARIES =>
                {
                    if !self.summarise(&summary(&name, summaries)).await? {
                        return Err(fault.into());
                    }
                    summaries += 1;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        let gone = async { Err(Failure::error("an answer that was recorded is gone")) };
        self.desk.body().memo(&name, gone).await.map(Ok)
    }

    fn is_recorded(&self, name: &str) -> bool {
        self.desk.body().recall(name).is_some()
    }

    fn is_full(&self) -> bool {
        self.agent.window.is_some_and(|most| window::is_full(&self.messages, most))
    }

    fn request(&self) -> Request {
        let agent = self.agent;
        let mut request = Request::new(agent.model.clone());
        request.messages.extend(agent.system.as_ref().map(Message::system));
        request.messages.extend(self.messages.iter().cloned());
        request.tools = agent.tools.iter().map(|tool| tool.about().clone()).collect();
        request.tools.extend(agent.hand_off_tool());
        request.schema = self.first.form.as_ref().map(Form::schema);
        request.sampling = agent.sampling.clone();
        request
    }

    async fn ask(&self, name: &str, left_ms: u64) -> Result<Answer, Fault> {
        let call = self.desk.call(&self.agent.name, name).within_ms(left_ms);
        let chunks = self.agent.provider.stream(&call, &self.request()).await?;
        self.listen(chunks).await
    }

    /// Puts an answer together, and shows it on the way.
    async fn listen(&self, mut chunks: Chunks) -> Result<Answer, Fault> {
        let (mut fold, mut text, mut shown) = (Fold::default(), String::new(), None::<u64>);
        let env = self.desk.env();
        while let Some(chunk) = poll_fn(|context| chunks.as_mut().poll_next(context)).await {
            let chunk = chunk?;
            self.show(&chunk).await;
            if let chat::Chunk::Text { text: piece } = &chunk {
                text.push_str(piece);
            }
            fold.push(chunk)?;
            let now = env.monotonic_ns();
            let is_time = shown.is_none_or(|at| now.saturating_sub(at) >= SHOW_MS * 1_000_000);
            if is_time && !text.is_empty() {
                shown = Some(now);
                let from = text.char_indices().rev().nth(SHOWN_CHARS).map_or(0, |(at, _)| at);
                let tail = text.get(from..).unwrap_or_default();
                let agent = &*self.agent.name;
                self.desk
                    .body()
                    .progress(json!({"agent": agent, "turn": self.turns, "text": tail}));
            }
        }
        fold.finish()
    }

    /// Shows a chunk to who watches.
    async fn show(&self, chunk: &chat::Chunk) {
        let (agent, turn) = (&*self.agent.name, self.turns);
        match &self.first.watch {
            None => {}
            Some(Watcher::Here(watch)) => watch(agent, turn, chunk),
            Some(Watcher::Step(step)) => {
                let said = json!({"agent": agent, "turn": turn, "chunk": chunk});
                let shown = step.run(self.desk.body().part("watch"), Payload::value(&said)).await;
                if let Err(failure) = shown {
                    tracing::warn!(agent, turn, %failure, "who watches the answer failed");
                }
            }
        }
    }

    fn spend(&mut self, answer: &Answer) {
        if answer.cached {
            return;
        }
        self.usage = self.usage.plus(answer.usage);
        let cost = answer.cost.or_else(|| Some(self.agent.price.as_ref()?.of(answer.usage)));
        match cost {
            Some(cost) => self.cost = self.cost.plus(cost),
            None => self.unpriced = Some(answer.model.clone()),
        }
    }

    /// Ends with an answer without calls, or asks once for a better one.
    async fn end(&mut self, answer: &Answer) -> Result<Turn, Failure> {
        let ended = match answer.finish {
            Finish::Length => Ended::Length,
            Finish::Refused => Ended::Refused,
            _ => Ended::Done,
        };
        let Some(form) = self.first.form.as_ref().filter(|_| ended == Ended::Done) else {
            return Ok(Turn::End(ended, None));
        };
        match form.read(self.desk.body(), &answer.text()).await? {
            Ok(result) => Ok(Turn::End(ended, Some(result))),
            Err(wrong) if self.repaired => {
                let failure =
                    Failure::new(Class::VALIDATION, format!("the result is not as asked: {wrong}"));
                Err(failure.detail(answer.text()))
            }
            Err(wrong) => {
                self.repaired = true;
                self.messages.push(Message::user(format!("{wrong}\nAnswer again.")));
                Ok(Turn::On)
            }
        }
    }

    /// Uses tools, several at once; each result is recorded when it is there. They keep the order of their calls.
    async fn use_tools(
        &self,
        turn: &str,
        calls: &[ToolCall],
        until: u64,
    ) -> Result<Vec<ToolResult>, Failure> {
        let at_once = self.first.limits.tools_at_once.max(1);
        let mut work = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let name = format!("{turn}/call/{index}");
            work.push(async move {
                self.desk.body().memo(&name, self.use_tool(&name, call, until)).await
            });
        }
        let results: Vec<_> = stream::iter(work).buffered(at_once).collect().await;
        results.into_iter().collect()
    }

    /// Uses a tool, until its time or that of the whole is over.
    async fn use_tool(
        &self,
        name: &str,
        call: &ToolCall,
        until: u64,
    ) -> Result<ToolResult, Failure> {
        let agent = self.agent;
        if call.name == HAND_OFF && !agent.others.is_empty() {
            let Some(other) = self.heir(call) else {
                let names: Vec<&str> = agent.others.iter().map(|other| &*other.name).collect();
                let message = format!("`to` has to be one of: {}", names.join(", "));
                return Ok(ToolResult::error(call, message));
            };
            return Ok(ToolResult::text(call, format!("`{}` goes on.", other.name)));
        }
        let Some(tool) = agent.tools.iter().find(|tool| tool.about().name == call.name) else {
            let hint = nearest::hint(
                &call.name,
                agent.tools.iter().map(|tool| tool.about().name.as_str()),
            );
            return Ok(ToolResult::error(
                call,
                format!("there is no tool `{}`; {hint}", call.name),
            ));
        };
        let limits = self.first.limits;
        let left_ms = until.saturating_sub(self.desk.env().monotonic_ns()) / 1_000_000;
        let limit_ms = limits.tool_ms.min(left_ms);
        tool.answer(self.desk, (name, call), (limit_ms, limits.result_bytes)).await
    }

    /// Finds who goes on after a hand-off.
    fn heir(&self, call: &ToolCall) -> Option<&'a LlmAgent> {
        let to = call.arguments().ok()?;
        let to = to.get("to")?.as_str()?;
        self.agent.others.iter().find(|other| &*other.name == to)
    }

    /// Lets another agent go on, when a call says so. Thoughts stay with the provider that had them.
    fn hand_over(&mut self, calls: &[ToolCall]) {
        let mut handed = calls.iter().filter(|call| call.name == HAND_OFF);
        let Some(other) = handed.find_map(|call| self.heir(call)) else { return };
        if other.provider.name() != self.agent.provider.name() {
            for message in &mut self.messages {
                message.parts.retain(|part| !matches!(part, Part::Reasoning(_)));
            }
            let (given, mut at) = (self.given, 0);
            self.messages.retain(|message| {
                let stays = !message.parts.is_empty();
                self.given -= usize::from(!stays && at < given);
                at += 1;
                stays
            });
        }
        self.agent = other;
    }

    /// Puts a summary, recorded under this name, in the place of old messages. `false` when there is nothing to gain.
    async fn summarise(&mut self, name: &str) -> Result<bool, Failure> {
        let Some(old) = window::old(&self.messages, self.given) else { return Ok(false) };
        let text = window::transcript(self.messages.get(old.clone()).unwrap_or_default());
        let request =
            Request::new(self.agent.model.clone()).message(Message::system(SUMMARISE)).user(text);
        let ask = async {
            let call = self.desk.call(&self.agent.name, name);
            Ok(self.agent.provider.complete(&call, &request).await?)
        };
        let summary: Answer = self.desk.body().memo(name, ask).await?;
        self.spend(&summary);
        let message = Message::user(format!("What happened so far, in short:\n{}", summary.text()));
        self.messages.splice(old, [message]);
        Ok(true)
    }

    fn reply(self, ended: Ended, result: Option<Value>) -> Reply {
        let said = |message: &&Message| message.role == Role::Assistant;
        let text = self.messages.iter().skip(self.given).rfind(said).map(Message::text);
        let messages = if self.first.keeps {
            self.messages.get(self.given - 1..).map(<[_]>::to_vec)
        } else {
            None
        };
        Reply {
            text: text.unwrap_or_default(),
            result,
            ended,
            agent: self.agent.name.to_string(),
            turns: self.turns,
            usage: self.usage,
            cost: self.cost,
            messages: messages.unwrap_or_default(),
            ..Reply::default()
        }
    }
}

/// Gives the monotonic time in so many milliseconds.
fn after(desk: &Desk, ms: u64) -> u64 {
    desk.env().monotonic_ns().saturating_add(ms.saturating_mul(1_000_000))
}

/// Names the summary before a turn: there may be several.
fn summary(turn: &str, number: u32) -> String {
    format!("{turn}/summary/{number}")
}

fn payload(answer: &Answer) -> Result<Payload, Failure> {
    Payload::json(answer)
        .map_err(|error| Failure::error(format!("the answer cannot be recorded: {error}")))
}
