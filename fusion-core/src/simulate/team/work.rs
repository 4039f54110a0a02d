//! What each process does for the team: it writes, reads, asks, and takes part in the tasks.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::env::World;
use super::super::rng::hash;
use super::super::store::Tap;
use super::super::witness::Witness;
use super::count::{Listing, is_refused};
use super::plan::{Caller, KIND, Order, READER, Team, WORKERS, What, Writer, answer, has, token};
use crate::contract::{Agent, BoxFuture, Desk};
use crate::coordination::{
    AgentSpec, AgentState, Delegating, Delivery, Message, TaskSpec, TaskState,
};
use crate::error::{Code, Error, Result};
use crate::fusion::Fusion;
use crate::model::Failure;
use crate::model::agent::{Ask, Reply};

/// When people look after those who are paused, in milliseconds.
const CALM_MS: u64 = 27_000;

/// A process as one of the team.
#[derive(Clone)]
pub(in crate::simulate) struct Member {
    pub(in crate::simulate) world: Arc<World>,
    pub(in crate::simulate) witness: Arc<Witness>,
    pub(in crate::simulate) tap: Arc<Tap>,
    pub(in crate::simulate) team: Arc<Team>,
    /// In which place the process is.
    pub(in crate::simulate) place: usize,
}

/// Begins all that the process does for the team. It ends with the process.
pub(in crate::simulate) fn begin(fusion: &Fusion, member: &Member) {
    let team = &member.team;
    if team.reader.is_none_or(|place| place == member.place) {
        member.go_on(fusion, |fusion, member| Box::pin(read(fusion, member)));
    }
    for writer in team.writers.iter().filter(|one| one.place == member.place) {
        let writer = writer.clone();
        member.go_on(fusion, move |fusion, member| Box::pin(write(fusion, member, writer.clone())));
    }
    for caller in team.callers.iter().filter(|one| one.place == member.place) {
        let caller = caller.clone();
        member.go_on(fusion, move |fusion, member| Box::pin(call(fusion, member, caller.clone())));
    }
    member.go_on(fusion, |fusion, member| Box::pin(keep(fusion, member)));
    if !team.tasks.is_empty() {
        for name in WORKERS {
            fusion.agent(Worker { name, member: member.clone() });
        }
        member.go_on(fusion, |fusion, member| Box::pin(delegate(fusion, member)));
        for order in team.orders.iter().filter(|one| one.place == member.place) {
            let order = order.clone();
            member
                .go_on(fusion, move |fusion, member| Box::pin(want(fusion, member, order.clone())));
        }
        member.go_on(fusion, |fusion, member| Box::pin(wake_up(fusion, member)));
        for task in team.tasks.clone() {
            member.go_on(fusion, move |fusion, member| Box::pin(ask(fusion, member, task.clone())));
        }
    }
}

impl Member {
    /// Does something again until it comes to its end, or the process has to end.
    fn go_on(
        &self,
        fusion: &Fusion,
        work: impl Fn(Fusion, Self) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
    ) {
        let (fusion, member) = (fusion.clone(), self.clone());
        let (machine, owner) = (self.world.machine.clone(), self.world.owner);
        let task = async move {
            while let Err(error) = work(fusion.clone(), member.clone()).await {
                match error.code() {
                    // The store refused for now.
                    Code::StoreFull | Code::StoreBusy | Code::Limit | Code::Conflict => {
                        member.world.sleep_ms(700).await;
                    }
                    // The program ends itself, and whoever watches over it starts it again.
                    Code::Closed | Code::Fenced | Code::StoreFailed => return member.tap.fail(),
                    _ => return member.witness.accuse([format!("team: {error}")]),
                }
            }
        };
        machine.spawn(owner, Box::pin(task));
    }

    fn is_ghost(&self) -> bool {
        self.witness.notes().is_ghost(self.world.owner)
    }

    async fn rest(&self, what: &str, most_ms: u64) {
        self.world.sleep_ms(hash(&[what.as_bytes()]) % most_ms).await;
    }
}

async fn write(fusion: Fusion, member: Member, writer: Writer) -> Result<()> {
    loop {
        // Where its predecessor stopped: what it does not know to be sent, it sends again under the same name.
        let number = member.witness.notes().seen.next(&writer.name);
        if number >= writer.messages {
            return Ok(());
        }
        let id = token(&writer.name, number);
        member.rest(&id, 1_500).await;
        // The mailbox may not be there yet.
        drop(fusion.mailbox(READER).await?);
        let mut message = Message::new(&writer.name, READER, "note", &number)?;
        message.id = Some(id.as_str().into());
        fusion.send(message).await?;
        member.witness.notes().seen.sent(&writer.name, number);
    }
}

async fn read(fusion: Fusion, member: Member) -> Result<()> {
    let mut mailbox = fusion.mailbox(READER).await?;
    loop {
        for delivery in mailbox.receive(4).await? {
            take(delivery, &member).await?;
        }
    }
}

async fn take(delivery: Delivery, member: &Member) -> Result<()> {
    let (id, attempt) = (delivery.message().id().to_owned(), delivery.attempt());
    let in_order = member.team.in_order && member.team.reader.is_some();
    let is_ghost = member.is_ghost();
    let wrong = member.witness.notes().seen.entered(&id, in_order, is_ghost);
    member.witness.accuse(wrong);
    member.witness.count("messages");
    let try_of = format!("{id}#{attempt}");
    member.rest(&try_of, 120).await;
    let settled = match attempt {
        // It is forgotten, or put off: it comes again.
        1 if has(&id, "forgotten", 7) => return Ok(()),
        1 if has(&id, "put off", 7) => return late(delivery.release(900).await),
        _ => {
            // A process that dies in it does not know, and nobody else.
            member.witness.notes().seen.perhaps_done(&id);
            let settled = delivery.acknowledge().await;
            let is_known = settled.as_ref().err().is_none_or(|e| e.code() != Code::StoreFailed);
            if is_known {
                member.witness.notes().seen.settled(&id, settled.is_ok());
            }
            settled
        }
    };
    late(settled)
}

/// Whoever held a message for too long has lost it, and goes on.
fn late(settled: Result<()>) -> Result<()> {
    match settled {
        Err(error) if error.code() == Code::Fenced => Ok(()),
        other => other,
    }
}

/// Has the code of the objects.
async fn keep(fusion: Fusion, member: Member) -> Result<()> {
    fusion.objects().set_idle_ms(member.team.idle_ms);
    fusion.objects().register(Listing { world: member.world.clone() }).await
}

async fn call(fusion: Fusion, member: Member, caller: Caller) -> Result<()> {
    loop {
        let number = member.witness.notes().seen.next(&caller.name);
        if number >= caller.times {
            return Ok(());
        }
        let token = token(&caller.name, number);
        member.rest(&token, 1_800).await;
        // Each is asked once: what became of it is what the caller knows, or nobody does.
        member.witness.notes().seen.asks(&caller.name, &token);
        let object = fusion.objects().get(KIND, &caller.object)?;
        let told = if has(&token, "told", 4) {
            object.tell("add", &token).await.map(|()| None)
        } else {
            object.call::<_, u64>("add", &token).await.map(Some)
        };
        let mut notes = member.witness.notes();
        match told {
            Ok(place) => {
                let wrong = notes.seen.answered(&caller.object, &token, place);
                drop(notes);
                member.witness.accuse(wrong);
                member.witness.count("answers of objects");
            }
            Err(error) if error.code() == Code::ObjectFailed && is_refused(&token) => {
                notes.seen.refused(&token);
            }
            Err(error) if error.code() == Code::WaitTimeout => {}
            Err(error) => {
                // It may be there or not; what it must not be is there twice.
                drop(notes);
                return Err(error);
            }
        }
    }
}

async fn delegate(fusion: Fusion, _member: Member) -> Result<()> {
    for name in WORKERS {
        match fusion.agents().spawn(AgentSpec::new(name)).await {
            Err(error) if error.code() != Code::IdConflict => return Err(error),
            _ => {}
        }
    }
    let _part = fusion.delegate(Delegating::default()).await?;
    std::future::pending().await
}

/// Asks for something once: who dies while he asks does not know what came of it, and nothing may stay half done for ever.
async fn want(fusion: Fusion, member: Member, order: Order) -> Result<()> {
    if member.witness.notes().seen.next(&order.name) > 0 {
        return Ok(());
    }
    let elapsed = member.world.machine.elapsed_ms();
    member.world.sleep_ms(order.at_ms.saturating_sub(elapsed)).await;
    member.witness.notes().seen.asks(&order.name, &order.name);
    member.witness.count("orders");
    let agents = fusion.agents();
    let told = match &order.what {
        What::Pause(name) => agents.pause(name, "somebody").await.map(drop),
        What::Resume(name) => agents.resume(name, "somebody").await.map(drop),
        What::Terminate(name) => agents.terminate(name, "somebody").await.map(drop),
        What::Cancel(task) => fusion.tasks().cancel(task, "somebody", "enough").await.map(drop),
    };
    match told {
        // It is over, or not there yet.
        Err(error) if matches!(error.code(), Code::NotApplicable | Code::UnknownReference) => {
            Ok(())
        }
        other => other,
    }
}

/// Sees to it, when nothing more goes wrong, that nobody stays paused.
async fn wake_up(fusion: Fusion, member: Member) -> Result<()> {
    loop {
        member.world.sleep_ms(4_000).await;
        if member.world.machine.elapsed_ms() < CALM_MS {
            continue;
        }
        for instance in fusion.agents().list(Some(AgentState::Paused)).await? {
            drop(fusion.agents().resume(&instance.id, "somebody").await?);
        }
    }
}

/// Submits a task and waits for its end.
async fn ask(fusion: Fusion, member: Member, task: TaskSpec) -> Result<()> {
    let id = task.id.clone().unwrap_or_default();
    if member.witness.notes().seen.has_ended(&id) {
        return Ok(());
    }
    for need in &task.needs {
        // Whoever submits what needs another has seen the other.
        while !member.witness.notes().seen.is_submitted(need) {
            member.world.sleep_ms(300).await;
        }
    }
    member.rest(&id, 4_000).await;
    fusion.tasks().submit(task.clone()).await?;
    member.witness.notes().seen.submitted(&id);
    let row = fusion.tasks().wait(&id).await?;
    let text = row.reply.map(|reply| reply.text);
    member.witness.count("tasks told");
    let cancel = What::Cancel(id.clone());
    let may_be_cancelled = member.team.orders.iter().any(|order| order.what == cancel);
    if text.as_deref() == Some(answer(&task.title).as_str())
        || (row.state == TaskState::Cancelled && may_be_cancelled)
    {
        member.witness.notes().seen.ended(&id);
        return Ok(());
    }
    let text = format!("tasks: {id} ended as {} with {text:?}: {:?}", row.state, row.failure);
    Err(Error::new(Code::Internal, text))
}

/// An agent that does tasks: it fails at the first time that anybody sees it try some of them.
struct Worker {
    name: &'static str,
    member: Member,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[async_trait]
impl Agent for Worker {
    fn name(&self) -> &str {
        self.name
    }

    async fn work(&self, _desk: &Desk, ask: Ask) -> std::result::Result<Reply, Failure> {
        let member = &self.member;
        let is_ghost = member.is_ghost();
        // A second attempt is told more than the title.
        let title = ask.prompt.lines().next().unwrap_or_default();
        let (times, wrong) = member.witness.notes().seen.worked(title, is_ghost);
        member.witness.accuse(wrong);
        member.witness.count("tasks tried");
        member.rest(title, 900).await;
        if times == 1 && has(title, "flaky", 3) {
            return Err(Failure::error("flaky"));
        }
        Ok(Reply { text: answer(title), ..Reply::default() })
    }
}
