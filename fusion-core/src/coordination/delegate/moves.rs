//! Moves tasks that wait from agents with much to do to equal ones with less.

use serde::Serialize;
use serde_json::json;

use super::assign::task_of;
use super::desk::Desk;
use super::level::level;
use crate::coordination::kept;
use crate::coordination::task::waiting;
use crate::coordination::{TaskRow, TaskState};
use crate::error::{Code, Result};
use crate::model::Op;

/// A task that went from one agent to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The task.
    pub task: String,
    /// Who had it.
    pub from: String,
    /// Who has it now.
    pub to: String,
}

impl Desk {
    /// Moves what waits; with `idle_only` only to those who can begin it now.
    pub(super) async fn level(&self, idle_only: bool) -> Result<Vec<Moved>> {
        let planned = {
            let book = self.book();
            level(&book.roster.all, &book.waiting, idle_only)
        };
        let mut moved = Vec::new();
        for (from, to, count) in planned {
            let entries = self.engine.store.entries(&waiting(&from), 0, 100_000).await?;
            // The last ones would wait longest.
            let free = entries.iter().rev().filter(|entry| entry.session.is_none());
            for entry in free.take(count) {
                let Some(task) = task_of(entry) else { continue };
                if self.move_one(task, entry.ticket(), &from, &to).await? {
                    moved.push(Moved { task: task.to_owned(), from: from.clone(), to: to.clone() });
                }
            }
        }
        Ok(moved)
    }

    async fn move_one(
        &self,
        task: &str,
        ticket: crate::model::Ticket,
        from: &str,
        to: &str,
    ) -> Result<bool> {
        let Some((row, _)) = kept::find::<TaskRow>(self.engine.store.as_ref(), task).await? else {
            return Ok(false);
        };
        if row.state != TaskState::Assigned
            || row.agent.as_deref() != Some(from)
            || row.spec.agent.as_deref() == Some(from)
        {
            return Ok(false);
        }
        let entry = self.entry_for(to, &row).await?;
        let now = self.engine.env.now_ms();
        let moved = kept::change::<TaskRow>(&self.engine, task, |row| {
            let data = json!({"from": from, "to": to});
            let happened = row.become_(TaskState::Assigned, now, data)?;
            row.agent = Some(to.to_owned());
            row.reason = format!("{to}: taken over from {from}, who has more to do");
            Ok((happened, vec![Op::Complete(ticket), Op::Enqueue(entry.clone())]))
        })
        .await;
        match moved {
            Ok(_) => {
                let mut book = self.book();
                book.unwait(from);
                book.wait(to);
                Ok(true)
            }
            // It was begun, or cancelled, meanwhile.
            Err(error) if matches!(error.code(), Code::Conflict | Code::NotApplicable) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
