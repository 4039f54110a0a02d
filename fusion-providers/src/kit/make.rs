//! [`Kit`]: makes providers and agents of their descriptions.

use std::fmt;
use std::sync::{Arc, Mutex};

use fusion_core::agent::LlmAgent;
use fusion_core::contract::{Env, Provider, Step, Store};
use fusion_core::model::chat::{Fault, FaultKind};

use super::described::{AgentSpec, Base, Code, Form, ProviderSpec};
use super::named::{Models, Named, locked};
use super::{agent, layers};
use crate::layer::{ProviderExt, Timeout};
use crate::{Foreign, Key, Keys, Scripted, Settings};

/// Gives the step behind code of the program.
pub type Bodies = Box<dyn Fn(&Code) -> Arc<dyn Step> + Send + Sync>;

/// Makes providers, layers over them, and agents of their descriptions, for programs in other languages.
///
/// A provider is made once and has a number; whoever names the number shares it with what its layers know. Code of the program
/// has the usual limits of time, as every provider.
pub struct Kit {
    store: Arc<dyn Store>,
    bodies: Bodies,
    models: Models,
    made: Mutex<Vec<Arc<dyn Provider>>>,
    agents: Mutex<Vec<LlmAgent>>,
}

impl Kit {
    /// Makes a kit. Keys are looked up when a provider is asked first.
    pub fn new(store: Arc<dyn Store>, env: Arc<dyn Env>, keys: Keys, bodies: Bodies) -> Self {
        let (models, made, agents) =
            (Models::new(env, keys, Settings::default()), Mutex::default(), Mutex::default());
        Self { store, bodies, models, made, agents }
    }

    /// Makes a provider, and gives its number: the next one, from 0.
    ///
    /// # Errors
    /// `invalid_request` when it names a number that is not there.
    pub fn add(&self, spec: ProviderSpec) -> Result<u32, Fault> {
        let provider = match spec.0 {
            Form::Over { over, layer } => layers::put(self, self.provider(over)?, layer)?,
            Form::Base(base) => self.base(base),
        };
        let mut made = locked(&self.made);
        made.push(provider);
        Ok(u32::try_from(made.len() - 1).unwrap_or(u32::MAX))
    }

    /// Lets a provider be found by a name: `NAME` and `NAME:MODEL`, before all that are known by name.
    ///
    /// # Errors
    /// `invalid_request` when the number is not there.
    pub fn name(&self, name: &str, number: u32) -> Result<(), Fault> {
        self.models.add(name, self.provider(number)?);
        Ok(())
    }

    /// Gives a provider by its number.
    ///
    /// # Errors
    /// `invalid_request` when it is not there.
    pub fn provider(&self, number: u32) -> Result<Arc<dyn Provider>, Fault> {
        let found = locked(&self.made).get(number as usize).cloned();
        found.ok_or_else(|| {
            Fault::new(FaultKind::InvalidRequest, format!("there is no provider {number}"))
        })
    }

    /// Makes an agent, and gives it with its number: the next one, from 0.
    ///
    /// # Errors
    /// `invalid_request` when it names a provider that is not there.
    pub fn add_agent(&self, spec: AgentSpec) -> Result<(u32, LlmAgent), Fault> {
        let agent = agent::make(self, spec.0)?;
        let mut agents = locked(&self.agents);
        agents.push(agent.clone());
        Ok((u32::try_from(agents.len() - 1).unwrap_or(u32::MAX), agent))
    }

    /// Gives an agent by its number.
    pub fn agent(&self, number: u32) -> Option<LlmAgent> {
        locked(&self.agents).get(number as usize).cloned()
    }

    /// Gives the providers by name, for the `model` nodes of workflow files.
    pub fn models(&self) -> &Models {
        &self.models
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(super) fn code(&self, code: &Code) -> Arc<dyn Step> {
        (self.bodies)(code)
    }

    fn base(&self, base: Base) -> Arc<dyn Provider> {
        match base {
            Base::Named(name) => Arc::new(Named::new(self.models.clone(), name, None)),
            Base::Open { name, key, base_url, headers } => {
                let mut settings = Settings::default().base_url(base_url);
                settings.key = key.map(Key::new);
                settings.headers = headers;
                Arc::new(Named::new(self.models.clone(), name, Some(settings)))
            }
            Base::Code { name, code } => {
                Arc::new(Foreign::new(name, self.code(&code)).layer(Timeout::usual()))
            }
            Base::Scripted { name, exchanges } => {
                Arc::new(Scripted::new(name).exchanges(exchanges))
            }
        }
    }
}

impl fmt::Debug for Kit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kit({:?})", *locked(&self.made))
    }
}
