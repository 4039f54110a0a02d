//! `fusion chat`: talk to a model.

use std::future::poll_fn;
use std::io::{IsTerminal, Read, Write};

use fusion_core::contract::Provider;
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::chat::{Answer, Chunk, Fault, Fold, Message, Request};
use serde_json::json;
use tokio::sync::oneshot;

use super::conversation::{self, Conversation};
use super::interrupt::{INTERRUPTED, Interrupt};
use super::providers::{call, opened};
use crate::args::{Chat, Global};
use crate::project::refused;
use crate::render::Out;

/// Talks until the input ends or Ctrl-C comes; lists or forgets conversations.
pub(super) async fn chat(args: Chat, global: &Global, out: &Out) -> Result<u8> {
    match (&args.session, args.sessions, args.forget) {
        (_, true, _) => return conversation::list(global, out).await,
        (Some(name), _, true) => return conversation::forget(global, name, out).await,
        _ => {}
    }
    let provider = opened(&call()?, args.provider.as_deref()).await?;
    let mut talk = Conversation::open(global, args.session.as_deref(), args.system).await?;
    let model = args.model.unwrap_or_default();
    let ended = if std::io::stdin().is_terminal() {
        turns(&*provider, &model, &mut talk, out).await
    } else {
        once(&*provider, &model, &mut talk, out).await
    };
    let closed = talk.close().await;
    let code = ended?;
    closed.map(|()| code)
}

/// Talks in a terminal.
async fn turns(
    provider: &dyn Provider,
    model: &str,
    talk: &mut Conversation,
    out: &Out,
) -> Result<u8> {
    let goes_on = if talk.messages.is_empty() { "" } else { ", which goes on" };
    out.note(&format!("talks to {}{goes_on}; Ctrl-D ends it", provider.name()));
    let mut interrupt = Interrupt::new()?;
    loop {
        let _ = write!(std::io::stderr(), "> ");
        let line = tokio::select! {
            line = line() => line?,
            () = interrupt.heard() => return Ok(INTERRUPTED),
        };
        let Some(line) = line else { return Ok(0) };
        if line.trim().is_empty() {
            continue;
        }
        talk.messages.push(Message::user(line));
        let request = request(model, talk);
        let answer = tokio::select! {
            answer = said(provider, &request, out) => answer,
            () = interrupt.heard() => return Ok(INTERRUPTED),
        };
        match answer {
            Ok(answer) => {
                talk.messages.push(answer.message());
                talk.keep().await?;
            }
            // A question that had no answer is not part of the conversation.
            Err(fault) => {
                talk.messages.pop();
                out.error(&refused(&fault));
            }
        }
    }
}

fn request(model: &str, talk: &Conversation) -> Request {
    Request { messages: talk.messages.clone(), ..Request::new(model) }
}

/// Reads a line from the terminal, away from the tasks; none at the end of the input.
async fn line() -> Result<Option<String>> {
    let (reply, line) = oneshot::channel();
    call()?.env().blocking(Box::new(move || {
        let mut text = String::new();
        let read = std::io::stdin().read_line(&mut text);
        // Nobody waits for it after Ctrl-C.
        let _ = reply.send(read.map(|bytes| (bytes > 0).then_some(text)));
    }));
    line.await.unwrap_or(Ok(None)).map_err(unreadable)
}

/// Asks what was piped in.
async fn once(
    provider: &dyn Provider,
    model: &str,
    talk: &mut Conversation,
    out: &Out,
) -> Result<u8> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
    if text.trim().is_empty() {
        return Err(Error::new(Code::InvalidInput, "there is no question")
            .hint("pipe it in: `echo Hello | fusion chat`, or call `fusion chat` in a terminal"));
    }
    talk.messages.push(Message::user(text));
    let request = request(model, talk);
    let answer = said(provider, &request, out).await.map_err(|fault| refused(&fault))?;
    talk.messages.push(answer.message());
    talk.keep().await?;
    if out.json {
        Out::value(&json!({
            "text": answer.text(),
            "model": answer.model,
            "finish": answer.finish.as_str(),
            "usage": answer.usage,
            "cost": answer.cost,
        }));
    }
    Ok(0)
}

/// Gets an answer and writes it as it comes.
async fn said(provider: &dyn Provider, request: &Request, out: &Out) -> Result<Answer, Fault> {
    let call = call().map_err(|error| Fault::unsupported("here", &error.to_string()))?;
    let hears = out.clone();
    let call = call.heard_by(move |what| hears.note(what));
    let mut chunks = provider.stream(&call, request).await?;
    let mut fold = Fold::default();
    while let Some(chunk) = poll_fn(|context| chunks.as_mut().poll_next(context)).await {
        let chunk = chunk?;
        if let (Chunk::Text { text }, false) = (&chunk, out.json) {
            Out::text(text);
        }
        fold.push(chunk)?;
    }
    if !out.json {
        Out::text("\n");
    }
    fold.finish()
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new(Code::FileUnreadable, "standard input cannot be read").because(error)
}
