//! The providers and agents of a program: described before the engine is opened or after, made when it is.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use fusion_core::Fusion;
use fusion_core::contract::Step;
use fusion_core::error::{Code as ErrorCode, Error, Result};
use fusion_core::model::chat::Fault;
use fusion_providers::Keys;
use fusion_providers::kit::{AgentSpec, Code, Kit, ProviderSpec};
use serde_json::Value;

use crate::shared::Shared;
use crate::step::{Place, PyStep};

/// Something that is described.
enum Entry {
    Provider(ProviderSpec),
    Name(String, u32),
    /// An agent, and whether it is a step of the engine.
    Agent(Box<AgentSpec>, bool),
}

#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    providers: u32,
    agents: u32,
}

/// The providers and agents of one engine.
#[derive(Default)]
pub(crate) struct Staff {
    log: Mutex<Log>,
    kit: OnceLock<(Kit, Fusion)>,
    /// Kinds of objects that were not registered yet.
    kinds: Mutex<Vec<Value>>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn refused(fault: &Fault) -> Error {
    Error::new(ErrorCode::InvalidInput, fault.message().to_owned())
}

impl Staff {
    /// Makes what was described, and lets files name models. What cannot be made says so when it is asked: a number stays one.
    pub(crate) fn open(
        &self,
        engine: &Fusion,
        shared: &Arc<Shared>,
        (keys, host): (Keys, &[String]),
    ) -> Result<()> {
        let code = Arc::downgrade(shared);
        let bodies = Box::new(move |one: &Code| body(&code, one));
        let kit = Kit::new(engine, keys, fusion_cli::settings_for(host), bodies);
        // Under the lock, so that nothing is made twice or left out.
        let mut log = held(&self.log);
        let (kit, engine) = self.kit.get_or_init(|| (kit, engine.clone()));
        for entry in std::mem::take(&mut log.entries) {
            match entry {
                Entry::Provider(spec) => kit.add_anyway(spec),
                Entry::Agent(spec, is_step) => {
                    let agent = kit.add_agent_anyway(*spec);
                    if is_step {
                        engine.agent(agent);
                    }
                }
                entry @ Entry::Name(..) => make(kit, engine, entry)?,
            }
        }
        Ok(())
    }

    fn add(&self, log: &mut Log, entry: Entry) -> Result<()> {
        if let Some((kit, engine)) = self.kit.get() {
            return make(kit, engine, entry);
        }
        log.entries.push(entry);
        Ok(())
    }

    /// Adds a provider, and gives its number.
    pub(crate) fn provider(&self, spec: ProviderSpec) -> Result<u32> {
        let mut log = held(&self.log);
        self.add(&mut log, Entry::Provider(spec))?;
        log.providers += 1;
        Ok(log.providers - 1)
    }

    /// Lets a provider be found by a name.
    pub(crate) fn name(&self, name: String, number: u32) -> Result<()> {
        self.add(&mut held(&self.log), Entry::Name(name, number))
    }

    /// Registers a kind of objects, when the engine is asked for something next.
    pub(crate) fn kind(&self, form: Value) {
        held(&self.kinds).push(form);
    }

    /// Registers the kinds of objects that came since.
    pub(crate) async fn register_kinds(&self) -> Result<()> {
        let kinds = std::mem::take(&mut *held(&self.kinds));
        for form in kinds {
            self.kit()?.ask_team("objects.register", form).await?;
        }
        Ok(())
    }

    /// Adds an agent, and gives its number.
    pub(crate) fn agent(&self, spec: AgentSpec, is_step: bool) -> Result<u32> {
        let mut log = held(&self.log);
        self.add(&mut log, Entry::Agent(Box::new(spec), is_step))?;
        log.agents += 1;
        Ok(log.agents - 1)
    }

    /// Gives what makes them, once the engine was opened.
    pub(crate) fn kit(&self) -> Result<&Kit> {
        let closed = || Error::new(ErrorCode::Internal, "the engine was not opened");
        self.kit.get().map(|(kit, _)| kit).ok_or_else(closed)
    }
}

fn make(kit: &Kit, engine: &Fusion, entry: Entry) -> Result<()> {
    let made = match entry {
        Entry::Provider(spec) => kit.add(spec).map(drop),
        Entry::Name(name, number) => kit.name(&name, number),
        Entry::Agent(spec, is_step) => kit.add_agent(*spec).map(|(_, agent)| {
            if is_step {
                engine.agent(agent);
            }
        }),
    };
    made.map_err(|fault| refused(&fault))
}

fn body(shared: &Weak<Shared>, code: &Code) -> Arc<dyn Step> {
    let place = if code.blocks { Place::Thread } else { Place::Loop };
    let (name, body) = (code.name.as_str().into(), code.number as usize);
    Arc::new(PyStep { name, body, place, shared: shared.clone() })
}
