//! Starting runs.

use serde::Serialize;
use serde_json::Value;

use super::{Fusion, Run};
use crate::contract::Workflow;
use crate::error::{Code, Error, Result};
use crate::graph;
use crate::model::{Batch, Document, Op, Page, Payload, Record, RunId, RunRow, RunStatus, json};
use crate::run::begin::{Begin, Defined};
use crate::run::{adopt, row, session};

/// How a run is started, when an input is not enough.
#[derive(Debug, Clone, Default)]
pub struct Starting {
    /// The caller's own id: starting it twice gives the same run.
    pub id: Option<RunId>,
    /// The inputs by name.
    pub input: Value,
    /// Only record the run: a worker drives it, not this process.
    pub detached: bool,
}

/// A run in a list.
pub type Working = (RunId, RunRow);

impl Fusion {
    /// Gives a fresh id for a run, for who has to know it before the run begins: see [`Starting::id`].
    pub fn new_id(&self) -> RunId {
        self.engine().new_id(self.now_ms())
    }

    /// Starts a run with a fresh id.
    ///
    /// A step, agent or model that nobody registered here is no error: another process may have it, or this one later. The
    /// run does what it can, and then rests in the queue `step/NAME` until a process that works on the store has the step;
    /// a warning is logged, and [`Run::why`] says what it waits for. In `memory://` only this process can have it.
    ///
    /// # Errors
    /// `FU02xx` when the graph is wrong, `FU0101` and `FU0107` when the input does not fit it, `FU03xx` from the store.
    pub async fn start(&self, workflow: &dyn Workflow, input: impl Serialize) -> Result<Run> {
        let input = json::to_value(&input).map_err(|error| {
            Error::new(Code::InvalidInput, "the input cannot be JSON").because(error)
        })?;
        self.start_with(workflow, Starting { input, ..Starting::default() }).await
    }

    /// Starts a run, or finds it: the same id with the same input gives the same run, whatever became of it.
    ///
    /// # Errors
    /// As [`Fusion::start`]; `FU0103` when the id is taken by a run with another input or workflow.
    pub async fn start_with(&self, workflow: &dyn Workflow, starting: Starting) -> Result<Run> {
        self.start_beside(workflow, starting, Vec::new()).await
    }

    /// Starts a run in one batch with other operations; with any, the id of a run that is there already is taken (`FU0103`).
    pub(super) async fn start_beside(
        &self,
        workflow: &dyn Workflow,
        starting: Starting,
        beside: Vec<Op>,
    ) -> Result<Run> {
        let engine = self.engine();
        if !json::is_shallow(&starting.input) {
            let message = format!("the input is nested deeper than {} levels", json::DEPTH);
            return Err(Error::new(Code::InvalidInput, message));
        }
        let session = if starting.detached {
            engine.check_open()?;
            None
        } else {
            session::open(engine).await?;
            Some(engine.session)
        };
        let made = workflow.definition(&starting.input)?;
        let input = graph::bind(made.graph(), &starting.input)?;
        let program = engine.program(&made)?;
        let now = engine.env.now_ms();
        let id = match starting.id {
            Some(id) => id,
            None => engine.new_id(now),
        };
        let mut begin = Begin::new(id.clone(), program, Defined::New(made), &input, None);
        if session.is_some() {
            begin = begin.listening(engine.store.bus().as_ref());
        }
        let is_alone = beside.is_empty();
        let mut ops = begin.ops(Vec::new(), session, now)?;
        ops.extend(beside);
        match engine.store.commit(Batch { now, ops }).await {
            Ok(receipt) => {
                if let (Some(ticket), Some(_)) = (receipt.entries.first(), session) {
                    adopt::fresh(engine, begin, *ticket, now);
                }
                Ok(Run::new(engine.clone(), id))
            }
            Err(error) if error.code() == Code::Conflict => {
                if is_alone {
                    return self.same_run(&begin).await;
                }
                Err(if self.find(&begin.id).await.is_ok() { taken(&begin.id) } else { error })
            }
            Err(error) => Err(error),
        }
    }

    /// Finds the run that has the id already, if it is the same one.
    async fn same_run(&self, begin: &Begin) -> Result<Run> {
        let first = self.engine().store.read(&begin.id.stream(), 0, 1).await?.into_iter().next();
        let Some(Record::RunStarted(start)) = first.map(|stamped| stamped.record) else {
            return Err(Error::new(
                Code::Conflict,
                format!("run `{}` changed while it was started", begin.id),
            ));
        };
        let differs = |what: &str, theirs: &Payload, ours: &Payload| {
            let message = format!("run `{}` exists with another {what}", begin.id);
            Error::new(Code::IdConflict, message).hint(format!(
                "choose another id (its {what} has the hash {}, this one {})",
                short(theirs),
                short(ours)
            ))
        };
        if start.workflow != begin.start.workflow {
            return Err(differs("workflow", &start.definition, &begin.start.definition));
        }
        if start.input.digest() != begin.start.input.digest() {
            return Err(differs("input", &start.input, &begin.start.input));
        }
        Ok(Run::new(self.engine().clone(), begin.id.clone()))
    }

    /// Finds a run by its id.
    ///
    /// # Errors
    /// `FU0104` when there is none.
    pub async fn find(&self, id: &RunId) -> Result<Run> {
        self.engine().check_open()?;
        match self.engine().store.head(&id.stream()).await? {
            Some(head) if head.seq > 0 => Ok(Run::new(self.engine().clone(), id.clone())),
            _ => {
                Err(Error::new(Code::RunNotFound, format!("there is no run `{id}` in this store"))
                    .hint("`fusion runs list` shows what there is; `--store` chooses the store"))
            }
        }
    }

    /// Lists runs, the newest id first; those with a status, if one is given; after a page's `next`.
    pub async fn list(
        &self,
        status: Option<RunStatus>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Working>> {
        self.engine().check_open()?;
        let tag = status.map(RunStatus::word);
        let page = self.engine().store.list(row::KIND, tag, after, limit).await?;
        let items = page.items.iter().map(of_document).collect::<Result<Vec<_>>>()?;
        Ok(Page { items, next: page.next })
    }
}

fn taken(id: &RunId) -> Error {
    Error::new(Code::IdConflict, format!("run `{id}` is there already")).hint("choose another id")
}

fn of_document(document: &Document) -> Result<Working> {
    Ok((RunId::new(&document.id)?, row::read(document)?))
}

fn short(payload: &Payload) -> String {
    payload.digest().to_string().chars().take(12).collect()
}
