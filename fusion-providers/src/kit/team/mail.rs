//! Messages: sending, mailboxes, history and followers.

use std::sync::Arc;

use fusion_core::coordination::{
    Attachment, Delivery, Mailbox, MailboxOptions, Message, Said, Sent,
};
use fusion_core::error::{Code, Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::ask::{Question, Team, told};

/// A message that is to be sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Draft {
    #[serde(default)]
    message_id: Option<String>,
    sender: String,
    recipient: String,
    message_type: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    reply_to: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    not_before: Option<i64>,
    #[serde(default)]
    expires: Option<i64>,
}

impl Draft {
    fn message(self) -> Result<Message> {
        let mut message =
            Message::new(&self.sender, &self.recipient, &self.message_type, &self.content)?;
        if let Some(id) = &self.message_id {
            message = message.named(id)?;
        }
        message = message.priority(self.priority);
        message.reply_to = self.reply_to.map(Into::into);
        message.metadata = self.metadata;
        message.attachments = self.attachments;
        message.not_before = self.not_before;
        message.expires = self.expires;
        Ok(message)
    }
}

/// Gives the JSON form of a message.
fn form(message: &Message) -> Result<Value> {
    let unreadable = |cause| Error::new(Code::Codec, "a message cannot be read").because(cause);
    serde_json::from_slice(&message.to_json()?).map_err(unreadable)
}

fn sent(sent: &Sent) -> Value {
    json!({
        "message_id": *sent.id, "to": sent.to, "full": sent.full, "duplicate": sent.duplicate,
    })
}

fn said(one: &Said) -> Result<Value> {
    let message = one.message.as_ref().map(form).transpose()?;
    Ok(json!({
        "seq": one.seq, "at": one.at, "channel": *one.channel, "name": *one.name,
        "message_id": *one.id, "message": message, "agent": one.agent,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    message: Draft,
    timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    recipient: String,
    #[serde(default)]
    after: u64,
    #[serde(default = "super::ask::usual_page")]
    limit: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thread {
    id: String,
    recipients: Vec<String>,
}

pub(super) async fn messages(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let post = team.fusion.messages();
    match asked.verb {
        "send" => {
            let drafts = asked.read::<Vec<Draft>>()?.into_iter();
            let messages = drafts.map(Draft::message).collect::<Result<Vec<_>>>()?;
            Ok(post.send_all(messages).await?.iter().map(sent).collect())
        }
        "request" => {
            let Asking { message, timeout_ms } = asked.read()?;
            form(&post.request(message.message()?, timeout_ms).await?)
        }
        "history" => {
            let Reading { recipient, after, limit } = asked.read()?;
            post.history(&recipient, after)?.page(limit).await?.iter().map(said).collect()
        }
        "thread" => {
            let Thread { id, recipients } = asked.read()?;
            let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
            post.thread(&id, &recipients).await?.iter().map(form).collect()
        }
        "mailboxes" => {
            let all = post.mailboxes().await?.into_iter();
            let all = all.map(|(name, options)| json!({"name": *name, "options": options}));
            Ok(all.collect())
        }
        "remove" => {
            post.remove_mailbox(&asked.read::<String>()?).await?;
            Ok(Value::Null)
        }
        _ => asked.unknown(),
    }
}

/// What is asked of a mailbox.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Boxed {
    number: u64,
    name: String,
    options: Option<MailboxOptions>,
    topic: String,
    most: Option<usize>,
    /// How long to wait for messages, in milliseconds; for ever when absent.
    wait_ms: Option<u64>,
    deliveries: Vec<u64>,
    pause_ms: u64,
    message_type: String,
    content: Value,
}

pub(super) async fn mailbox(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let given: Boxed = asked.read()?;
    match asked.verb {
        "open" => {
            let post = team.fusion.messages();
            let opened = match given.options {
                Some(options) => post.mailbox_with(&given.name, options).await?,
                None => post.mailbox(&given.name).await?,
            };
            return told(&team.mailboxes.keep(Arc::new(Mutex::new(opened))));
        }
        "close" => drop(team.mailboxes.take(given.number)),
        "release" => {
            for number in &given.deliveries {
                let delivery = delivery(team, *number)?;
                delivery.release(given.pause_ms).await?;
            }
        }
        "reply" => {
            let Some(&number) = given.deliveries.first() else { return Ok(Value::Null) };
            let answered = delivery(team, number)?.reply(&given.message_type, &given.content);
            return Ok(sent(&answered.await?));
        }
        _ => {
            let mailbox = team.mailboxes.get(given.number, "mailbox")?;
            return of_mailbox(team, &mailbox, &asked, given).await;
        }
    }
    Ok(Value::Null)
}

async fn of_mailbox(
    team: &Team,
    mailbox: &Mutex<Mailbox>,
    asked: &Question<'_>,
    given: Boxed,
) -> Result<Value> {
    let most = given.most.unwrap_or(32);
    let mut mailbox = mailbox.lock().await;
    match asked.verb {
        "receive" => return receive(team, &mut mailbox, (most, given.wait_ms)).await,
        "acknowledge" => {
            let done = given.deliveries.iter().map(|number| delivery(team, *number));
            mailbox.acknowledge(done.collect::<Result<_>>()?).await?;
        }
        "subscribe" => mailbox.subscribe(&given.topic).await?,
        "unsubscribe" => mailbox.unsubscribe(&given.topic).await?,
        "waiting" => return told(&mailbox.waiting(most).await?),
        "dead" => return mailbox.dead(most).await?.iter().map(form).collect(),
        "revive" => return told(&mailbox.revive(most).await?),
        "forget_dead" => mailbox.forget_dead().await?,
        _ => return asked.unknown(),
    }
    Ok(Value::Null)
}

fn delivery(team: &Team, number: u64) -> Result<Delivery> {
    team.deliveries.take(number).ok_or_else(|| {
        Error::new(Code::NotApplicable, "the message was acknowledged or given back before")
    })
}

async fn receive(
    team: &Team,
    mailbox: &mut Mailbox,
    (most, wait_ms): (usize, Option<u64>),
) -> Result<Value> {
    let come = match wait_ms {
        None => mailbox.receive(most).await?,
        Some(0) => mailbox.receive_now(most).await?,
        Some(wait_ms) => {
            // A message is claimed and handed out without a wait in between: an end in time loses none.
            let env = team.fusion.env();
            let until = env.monotonic_ns().saturating_add(wait_ms.saturating_mul(1_000_000));
            tokio::select! {
                biased;
                come = mailbox.receive(most) => come?,
                () = env.sleep_until(until) => Vec::new(),
            }
        }
    };
    let mut all = Vec::with_capacity(come.len());
    for delivery in come {
        let (message, attempt) = (form(delivery.message())?, delivery.attempt());
        let number = team.deliveries.keep(delivery);
        all.push(json!({"message": message, "attempt": attempt, "number": number}));
    }
    Ok(Value::Array(all))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Following {
    topic: String,
    #[serde(default)]
    after: u64,
}

pub(super) async fn follow(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    match asked.verb {
        "open" => {
            let Following { topic, after } = asked.read()?;
            let follow = team.fusion.messages().follow(&topic, after)?;
            told(&team.follows.keep(Arc::new(Mutex::new(follow))))
        }
        "next" => {
            let follow = team.follows.get(asked.read::<u64>()?, "subscription")?;
            said(&follow.lock().await.next().await?)
        }
        "close" => {
            drop(team.follows.take(asked.read::<u64>()?));
            Ok(Value::Null)
        }
        _ => asked.unknown(),
    }
}
