//! [`Kit`]: makes providers and agents of their descriptions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use fusion_core::Fusion;
use fusion_core::contract::{Provider, Step, Store};
use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{Fault, FaultKind};

use super::agent::{self, KitAgent};
use super::described::{AgentSpec, AnyAgent, Base, Code, Form, LayerForm, ProviderSpec};
use super::named::{Models, Named, locked};
use super::refused::Refused;
use super::team::Team;
use super::{layers, library};
use crate::command::CommandStep;
use crate::layer::{Observe, ProviderExt, Rotation, Timeout};
use crate::open::remember;
use crate::{Foreign, Key, Keys, ModelStep, Scripted, Settings};

/// Gives the step behind code of the program.
pub type Bodies = Box<dyn Fn(&Code) -> Arc<dyn Step> + Send + Sync>;

/// Makes providers, layers over them, and agents of their descriptions, for programs in other languages.
///
/// A provider is made once and has a number; whoever names the number shares it with what its layers know. Code of the program
/// has the usual limits of time, as every provider.
pub struct Kit {
    store: Arc<dyn Store>,
    secrets: Secrets,
    bodies: Bodies,
    models: Models,
    made: Mutex<Vec<Made>>,
    /// Which code of the program keeps answers under which name.
    keepers: Mutex<BTreeMap<String, u32>>,
    agents: Mutex<Vec<KitAgent>>,
    seen: Mutex<BTreeMap<String, Observe>>,
    team: Team,
}

/// A provider with a number.
struct Made {
    provider: Arc<dyn Provider>,
    /// The code of the program that is beneath all its layers, by its own number.
    code: Option<u32>,
}

impl Kit {
    /// Makes a kit for an engine, and lets its workflow files name models and programs on the command line. Keys are looked up
    /// when a provider is asked first; what is open by name has these settings.
    pub fn new(engine: &Fusion, keys: Keys, settings: Settings, bodies: Bodies) -> Self {
        let secrets = engine.secrets();
        let settings = settings.secrets(secrets.clone());
        for step in CommandStep::all(&engine.env(), &keys, &settings.commands) {
            engine.register(step);
        }
        let models = Models::new(engine.env(), keys, settings).keep_in(engine);
        engine.register(ModelStep::of(models.clone()));
        let (made, agents, seen) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (store, team, keepers) = (engine.store(), Team::new(engine), Mutex::default());
        Self { store, secrets, bodies, models, made, keepers, agents, seen, team }
    }

    /// Makes a provider, and gives its number: the next one, from 0.
    ///
    /// # Errors
    /// `invalid_request` when it names a number that is not there.
    pub fn add(&self, spec: ProviderSpec) -> Result<u32, Fault> {
        let (provider, code) = match spec.0 {
            Form::Over(form) => {
                let code = locked(&self.made).get(form.over as usize).and_then(|made| made.code);
                let over = self.provider(form.over)?;
                if let (LayerForm::Cache { .. }, Some(code)) = (&form.layer, code) {
                    self.keeps(over.name(), code)?;
                }
                (layers::put(self, over, form.layer)?, code)
            }
            Form::Base(Base::Code { name, code }) => {
                let number = code.number;
                (self.base(Base::Code { name, code })?, Some(number))
            }
            Form::Base(base) => (self.base(base)?, None),
        };
        Ok(numbered(&self.made, Made { provider, code }))
    }

    /// Notes whose answers are kept under a name: code has no model and no place by which two of one name could be told apart.
    fn keeps(&self, name: &str, code: u32) -> Result<(), Fault> {
        let first = *locked(&self.keepers).entry(name.to_owned()).or_insert(code);
        if first == code {
            return Ok(());
        }
        let what = format!(
            "two providers of the program are called `{name}`, and a cache would give the answers of one for the other: give each a name"
        );
        Err(Fault::new(FaultKind::InvalidRequest, what))
    }

    /// Makes a provider as [`Kit::add`] does; one that cannot be made is one that says so whenever it is asked.
    pub fn add_anyway(&self, spec: ProviderSpec) {
        if let Err(fault) = self.add(spec) {
            numbered(&self.made, Made { provider: Arc::new(Refused(fault)), code: None });
        }
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
        let found = locked(&self.made).get(number as usize).map(|made| made.provider.clone());
        found.ok_or_else(|| {
            Fault::new(FaultKind::InvalidRequest, format!("there is no provider {number}"))
        })
    }

    /// Makes an agent, and gives it with its number: the next one, from 0.
    ///
    /// # Errors
    /// `invalid_request` when it names a provider or a program that is not there, or tools that cannot be made.
    pub fn add_agent(&self, spec: AgentSpec) -> Result<(u32, KitAgent), Fault> {
        let agent = agent::make(self, spec.0)?;
        Ok((numbered(&self.agents, agent.clone()), agent))
    }

    /// Makes an agent as [`Kit::add_agent`] does; one that cannot be made is one that says so whenever it works.
    pub fn add_agent_anyway(&self, spec: AgentSpec) -> KitAgent {
        let name = match &spec.0 {
            AnyAgent::Asks(form) => form.name.clone(),
            AnyAgent::Program(form) => form.name.clone(),
        };
        self.add_agent(spec).map_or_else(
            |fault| {
                let agent = KitAgent::refused(name, Refused(fault));
                numbered(&self.agents, agent.clone());
                agent
            },
            |(_, agent)| agent,
        )
    }

    /// Gives an agent by its number.
    pub fn agent(&self, number: u32) -> Option<KitAgent> {
        locked(&self.agents).get(number as usize).cloned()
    }

    /// Gives the providers by name, for the `model` nodes of workflow files.
    pub fn models(&self) -> &Models {
        &self.models
    }

    pub(super) fn team(&self) -> &Team {
        &self.team
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(super) fn code(&self, code: &Code) -> Arc<dyn Step> {
        (self.bodies)(code)
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Gives the layer that counts under a name; all of one name count together.
    pub(super) fn observe(&self, name: &str) -> Observe {
        locked(&self.seen).entry(name.to_owned()).or_insert_with(Observe::keeping).clone()
    }

    /// Gives what was counted under a name so far, as JSON: rows by provider, operation and model.
    ///
    /// # Errors
    /// `invalid_request` when nothing is observed under this name.
    pub fn metrics(&self, name: &str) -> Result<serde_json::Value, Fault> {
        super::ask::shown(self.seen(name)?.metrics().rows())
    }

    /// Takes the spans of calls that have ended under a name since this was asked last, as JSON; the last thousand are kept.
    ///
    /// # Errors
    /// `invalid_request` when nothing is observed under this name.
    pub fn spans(&self, name: &str) -> Result<serde_json::Value, Fault> {
        super::ask::shown(self.seen(name)?.spans())
    }

    fn seen(&self, name: &str) -> Result<Observe, Fault> {
        let seen = locked(&self.seen);
        let names = seen.keys().map(String::as_str);
        let missing = || {
            let hint = fusion_core::graph::nearest::hint(name, names);
            let what = format!("nothing is observed under the name `{name}`: {hint}");
            Fault::new(FaultKind::InvalidRequest, what)
        };
        seen.get(name).cloned().ok_or_else(missing)
    }

    fn base(&self, base: Base) -> Result<Arc<dyn Provider>, Fault> {
        Ok(match base {
            Base::Named(name) => Arc::new(Named::new(self.models.clone(), name, None)),
            Base::Open { name, key, base_url, headers } => {
                let mut settings = Settings::default().base_url(base_url);
                if let Some(key) = &key {
                    remember(&self.secrets, key);
                }
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
            Base::Plugin { path, config, model, secrets } => {
                let opened = library::open(&path)?;
                let opened = match secrets {
                    Some(names) => opened.secrets(names),
                    None => opened,
                };
                opened.provider(config, self.models.keys(), &model)?
            }
            Base::Rotation(numbers) => {
                let keys = numbers.into_iter().map(|number| self.provider(number));
                Arc::new(Rotation::new(keys.collect::<Result<Vec<_>, _>>()?))
            }
        })
    }
}

/// Puts something at the end, and gives its number.
fn numbered<T>(all: &Mutex<Vec<T>>, one: T) -> u32 {
    let mut all = locked(all);
    all.push(one);
    u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
}

impl fmt::Debug for Kit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = locked(&self.made);
        let providers: Vec<_> = made.iter().map(|made| &made.provider).collect();
        write!(f, "Kit({providers:?})")
    }
}
