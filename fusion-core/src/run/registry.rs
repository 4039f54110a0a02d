//! The code and the definitions that a program has registered: a value inside the engine, nothing global.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::contract::{Step, Workflow};

/// Steps and workflows by name.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    steps: RwLock<BTreeMap<Arc<str>, Arc<dyn Step>>>,
    workflows: RwLock<BTreeMap<Arc<str>, Arc<dyn Workflow>>>,
    changes: AtomicU64,
}

impl Registry {
    /// Adds a step; a step of the same name is replaced, since a program that reloads its code does so.
    pub(crate) fn add_step(&self, step: Arc<dyn Step>) {
        let name = Arc::from(step.name());
        self.steps.write().unwrap_or_else(PoisonError::into_inner).insert(name, step);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Counts the changes of steps: what somebody has looked up holds until the next one.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Adds a workflow; one of the same name is replaced.
    pub(crate) fn add_workflow(&self, workflow: Arc<dyn Workflow>) {
        let name = Arc::from(workflow.name());
        self.workflows.write().unwrap_or_else(PoisonError::into_inner).insert(name, workflow);
    }

    pub(crate) fn step(&self, name: &str) -> Option<Arc<dyn Step>> {
        self.steps.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn workflow(&self, name: &str) -> Option<Arc<dyn Workflow>> {
        self.workflows.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn step_names(&self) -> Vec<Arc<str>> {
        self.steps.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(crate) fn workflow_names(&self) -> Vec<Arc<str>> {
        self.workflows.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}
