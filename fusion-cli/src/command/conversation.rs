//! A conversation with a model: kept in the project's store when it has a name, so that it goes on another day.

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::chat::{Message, Role};
use fusion_core::model::{Batch, Document, Op, Payload};
use fusion_core::run::Options;
use serde_json::json;

use crate::args::Global;
use crate::project::{self, Need, known_keys};
use crate::render::{Color, Out, Table};

/// The kind of the documents.
const KIND: &str = "chat";
/// The longest name, in bytes.
const NAME_BYTES: usize = 200;
/// How many conversations are listed at once.
const PAGE: usize = 100;

/// What was said so far.
pub(super) struct Conversation {
    /// All of it, in order.
    pub messages: Vec<Message>,
    kept: Option<Kept>,
}

struct Kept {
    fusion: Fusion,
    name: String,
    version: u64,
}

async fn store(global: &Global, need: Need) -> Result<Fusion> {
    let options = Options { work: false, hibernate: false, ..Options::default() };
    project::open(global, need, options).await
}

impl Conversation {
    /// Begins one, or goes on with the one of this name; `system` says what the model is, at the beginning only.
    pub(super) async fn open(
        global: &Global,
        name: Option<&str>,
        system: Option<String>,
    ) -> Result<Self> {
        let Some(name) = name else {
            return Ok(Self {
                messages: system.map(Message::system).into_iter().collect(),
                kept: None,
            });
        };
        check(name)?;
        let fusion = store(global, Need::Any).await?;
        let found = fusion.store().get(KIND, name).await?;
        let version = found.as_ref().map_or(0, |document| document.version);
        let mut messages = found.map(|document| read(&document)).transpose()?.unwrap_or_default();
        if let Some(system) = system {
            if !messages.is_empty() {
                let text = format!("the conversation `{name}` has begun already");
                let hint = "leave `--system` out, or begin another one under another name";
                return Err(Error::new(Code::InvalidInput, text).hint(hint));
            }
            messages.push(Message::system(system));
        }
        Ok(Self { messages, kept: Some(Kept { fusion, name: name.to_owned(), version }) })
    }

    /// Keeps what was said, if it has a name.
    ///
    /// # Errors
    /// `FU0309` when somebody else went on with it meanwhile.
    pub(super) async fn keep(&mut self) -> Result<()> {
        let Some(Kept { fusion, name, version }) = &mut self.kept else { return Ok(()) };
        let wrong = |error: serde_json::Error| {
            Error::new(Code::Internal, "the conversation cannot be written").because(error)
        };
        // A model may say a key that it was called with.
        let body = serde_json::to_vec(&self.messages).map_err(wrong)?;
        let body = known_keys().redactor().payload(Payload::from_json_bytes(body));
        let Some(body) = body.bytes().cloned() else { return Ok(()) };
        let document = Document {
            kind: KIND.into(),
            id: name.as_str().into(),
            version: *version,
            at: 0,
            tag: "".into(),
            body,
        };
        let batch = Batch { now: fusion.now_ms(), ops: vec![Op::Put(document, Some(*version))] };
        match fusion.store().commit(batch).await {
            Ok(_) => *version += 1,
            Err(error) if error.code() == Code::Conflict => {
                let text = format!("somebody else went on with the conversation `{name}`");
                return Err(Error::new(Code::Conflict, text)
                    .hint("call `fusion chat` again: it begins with what was said there"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Lets go of the store.
    pub(super) async fn close(self) -> Result<()> {
        match self.kept {
            Some(kept) => kept.fusion.close().await,
            None => Ok(()),
        }
    }
}

/// Lists the conversations of the project.
pub(super) async fn list(global: &Global, out: &Out) -> Result<u8> {
    let fusion = store(global, Need::Reading).await?;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = fusion.store().list(KIND, None, after.as_deref(), PAGE).await?;
        for document in &page.items {
            let said = read(document)?.iter().filter(|one| one.role == Role::User).count();
            all.push((document.id.to_string(), said, document.at));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    fusion.close().await?;
    all.sort_by_key(|(.., at)| std::cmp::Reverse(*at));
    if out.json {
        let all: Vec<_> = all
            .iter()
            .map(|(name, said, at)| json!({"session": name, "questions": said, "at": at}))
            .collect();
        Out::value(&json!({ "sessions": all }));
        return Ok(0);
    }
    let mut table = Table::new(&["session", "questions"]);
    for (name, said, _) in all {
        table.row(vec![(Color::Plain, name), (Color::Plain, said.to_string())]);
    }
    table.print(out);
    Ok(0)
}

/// Forgets a conversation.
pub(super) async fn forget(global: &Global, name: &str, out: &Out) -> Result<u8> {
    let fusion = store(global, Need::Existing).await?;
    let is_there = fusion.store().get(KIND, name).await?.is_some();
    if is_there {
        let ops = vec![Op::Delete(KIND.into(), name.into())];
        fusion.store().commit(Batch { now: fusion.now_ms(), ops }).await?;
    }
    fusion.close().await?;
    if !is_there {
        return Err(Error::new(Code::NotThere, format!("there is no conversation `{name}`"))
            .hint("`fusion chat --sessions` lists them"));
    }
    out.say(&format!("forgot {name}"));
    Ok(0)
}

fn read(document: &Document) -> Result<Vec<Message>> {
    serde_json::from_slice(&document.body).map_err(|error| {
        let text = format!("the conversation `{}` cannot be read", document.id);
        Error::new(Code::Codec, text).because(error)
    })
}

fn check(name: &str) -> Result<()> {
    if name.trim().is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        let text = format!(
            "a conversation has a name of 1 to {NAME_BYTES} bytes that can be seen: {name:?}"
        );
        return Err(Error::new(Code::InvalidInput, text).hint("such as `--session plans`"));
    }
    Ok(())
}
