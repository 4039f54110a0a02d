//! A provider by its name.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::graph::nearest;
use fusion_core::model::chat::{Fault, FaultKind};

use super::secrets;
use crate::layer::ProviderExt as _;
use crate::scripted::Record;
use crate::{Anthropic, CommandLine, Gemini, Key, Ollama, OpenAi, OpenRouter, Scripted, Settings};

/// Where values of variables come from: the environment of the program, a store of secrets.
#[derive(Clone)]
pub struct Keys(Arc<Find>);

type Find = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Keys {
    /// Makes it from a look-up.
    pub fn new(find: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// Gives the value of a variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// Which protocol a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    OpenAi,
    OpenRouter,
    Anthropic,
    Gemini,
    Ollama,
}

/// A service that is known by name.
struct Service {
    name: &'static str,
    protocol: Protocol,
    /// Where it is; empty where the protocol knows it.
    base_url: &'static str,
    /// The variables that may have the key; the first one that is set counts.
    keys: &'static [&'static str],
    /// The variable that moves it elsewhere; empty when there is none.
    moved: &'static str,
}

const fn service(
    name: &'static str,
    protocol: Protocol,
    base_url: &'static str,
    keys: &'static [&'static str],
    moved: &'static str,
) -> Service {
    Service { name, protocol, base_url, keys, moved }
}

/// What plugins begin with.
const PLUGIN: &str = "plugin";
/// What command-line agents begin with.
const COMMAND: &str = "command";
/// What recordings begin with, and what makes them.
const REPLAY: &str = "replay";
const RECORD: &str = "record";

/// Every service that is known by name. Another one is a line here.
const SERVICES: &[Service] = &[
    service("openai", Protocol::OpenAi, "", &["OPENAI_API_KEY"], "OPENAI_BASE_URL"),
    service("openrouter", Protocol::OpenRouter, "", &["OPENROUTER_API_KEY"], "OPENROUTER_BASE_URL"),
    service("anthropic", Protocol::Anthropic, "", &["ANTHROPIC_API_KEY"], "ANTHROPIC_BASE_URL"),
    service(
        "gemini",
        Protocol::Gemini,
        "",
        &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        "GEMINI_BASE_URL",
    ),
    service("ollama", Protocol::Ollama, "", &["OLLAMA_API_KEY"], "OLLAMA_HOST"),
    service(
        "llamacpp",
        Protocol::OpenAi,
        "http://127.0.0.1:8080/v1",
        &["LLAMA_API_KEY"],
        "LLAMA_BASE_URL",
    ),
    service("mistral", Protocol::OpenAi, "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"], ""),
    service("groq", Protocol::OpenAi, "https://api.groq.com/openai/v1", &["GROQ_API_KEY"], ""),
    service("deepseek", Protocol::OpenAi, "https://api.deepseek.com/v1", &["DEEPSEEK_API_KEY"], ""),
    service("xai", Protocol::OpenAi, "https://api.x.ai/v1", &["XAI_API_KEY"], ""),
    service("together", Protocol::OpenAi, "https://api.together.xyz/v1", &["TOGETHER_API_KEY"], ""),
];

/// Opens a provider: `openai:gpt-4o-mini`, `anthropic`, `ollama:smollm2`, or a URL of a server that speaks OpenAI's protocol,
/// `http://127.0.0.1:8080/v1`. What follows the first colon of a name is the model of requests that name none.
///
/// `plugin:NAME`, `plugin:NAME:MODEL` and `plugin:` with a path is a [plugin](crate::plugins) among `settings.plugins`.
///
/// `command:NAME`, `command:NAME:MODEL` and `command:` with the line of a program is a [command-line agent](crate::command) among
/// `settings.commands`.
///
/// `replay:FILE` plays a recording, `record:FILE:PROVIDER` makes one of what another provider says.
///
/// Keys come from the variables of the service (`OPENAI_API_KEY`, …); so does where it is, if `OPENAI_BASE_URL` or its like is
/// set. What `settings` says wins over both.
///
/// ```
/// use fusion_providers::{Keys, Settings, open};
///
/// let keys = Keys::new(|name| (name == "OPENAI_API_KEY").then(|| "sk-1234567".to_owned()));
/// assert_eq!(open("openai:gpt-4o-mini", &keys, Settings::default()).unwrap().name(), "openai");
///
/// let wrong = open("antropic:claude", &keys, Settings::default()).unwrap_err();
/// assert_eq!(wrong.message(), "no provider is called `antropic`: did you mean `anthropic`?");
///
/// let missing = open("anthropic:claude", &keys, Settings::default()).unwrap_err();
/// assert_eq!(missing.message(), "there is no key for it: set ANTHROPIC_API_KEY");
/// ```
///
/// # Errors
/// `invalid_request` when no provider has the name, with the nearest one, and for a base URL that is none; `auth` when the
/// service wants a key and none is set.
pub fn open(name: &str, keys: &Keys, settings: Settings) -> Result<Arc<dyn Provider>, Fault> {
    let name = name.trim();
    if name.starts_with("http://") || name.starts_with("https://") {
        let key = keys.get("OPENAI_API_KEY").filter(|_| name.starts_with(OpenAi::BASE_URL));
        let settings = with_key(settings.base_url(name), key);
        return Ok(Arc::new(OpenAi::new(settings)?));
    }
    let (word, model) = name.split_once(':').unwrap_or((name, ""));
    match word {
        PLUGIN => return plugin(model, keys, &settings),
        COMMAND => return command(model, keys, &settings),
        REPLAY => return replay(model, keys, &settings),
        RECORD => return record(model, keys, settings),
        _ => {}
    }
    let Some(service) = SERVICES.iter().find(|service| service.name == word) else {
        let others = [PLUGIN, COMMAND, REPLAY, RECORD];
        let hint = nearest::hint(word, SERVICES.iter().map(|service| service.name).chain(others));
        let message = format!("no provider is called `{word}`: {hint}");
        return Err(Fault::new(FaultKind::InvalidRequest, message));
    };
    service.open(keys, if model.is_empty() { settings } else { settings.model(model) })
}

/// Tells of a provider before it is opened which model it asks for a request that names none, and where it is.
pub(crate) fn whose(name: &str, keys: &Keys, settings: &Settings) -> (String, String) {
    let name = name.trim();
    let (word, rest) = name.split_once(':').unwrap_or((name, ""));
    if let (RECORD, Some((_, recorded))) = (word, rest.split_once(':')) {
        return whose(recorded, keys, settings);
    }
    let Some(service) = SERVICES.iter().find(|service| service.name == word) else {
        return (settings.model.clone(), name.to_owned());
    };
    let moved = service.moved(keys).unwrap_or_else(|| service.base_url.to_owned());
    let place = if settings.base_url.is_empty() { &moved } else { &settings.base_url };
    let model = if rest.is_empty() { &settings.model } else { rest };
    (model.to_owned(), place.trim_end_matches('/').to_owned())
}

/// Plays a recording.
fn replay(file: &str, keys: &Keys, settings: &Settings) -> Result<Arc<dyn Provider>, Fault> {
    let played = Scripted::replay(REPLAY, Path::new(file));
    let played = played.map_err(|error| wrong(error.to_string()))?;
    let known = secrets::known(keys, settings, SERVICES.iter().flat_map(|one| one.keys));
    Ok(Arc::new(played.without(settings.secrets.clone()).without(known)))
}

/// Records what another provider says: `FILE:PROVIDER`.
fn record(text: &str, keys: &Keys, settings: Settings) -> Result<Arc<dyn Provider>, Fault> {
    let Some((file, name)) = text.split_once(':').filter(|(file, _)| !file.is_empty()) else {
        return Err(wrong("say where to and from whom: `record:FILE:PROVIDER`".to_owned()));
    };
    let known = secrets::known(keys, &settings, SERVICES.iter().flat_map(|one| one.keys));
    let record = Record::to(file, settings.secrets.clone()).without(known.clone());
    let asked = open(name, &secrets::watched(keys.clone(), known), settings)?;
    Ok(Arc::new(asked.layer(record)))
}

fn wrong(what: String) -> Fault {
    Fault::new(FaultKind::InvalidRequest, what)
}

/// Opens a plugin: `NAME`, `NAME:MODEL`, or the path of its library.
fn plugin(name: &str, keys: &Keys, settings: &Settings) -> Result<Arc<dyn Provider>, Fault> {
    if name.is_empty() {
        let message = "name the plugin: `plugin:NAME`, or `plugin:` and the path of its library";
        return Err(Fault::new(FaultKind::InvalidRequest, message));
    }
    let (listed, model) = settings.plugins.named(name)?;
    let model = if model.is_empty() { settings.model.as_str() } else { model };
    let mut more = serde_json::Map::new();
    if !settings.base_url.is_empty() {
        more.insert("base_url".to_owned(), settings.base_url.clone().into());
    }
    settings.plugins.open(&listed, (keys, model), more)
}

/// Opens a command-line agent: `NAME`, `NAME:MODEL`, or the line of a program.
fn command(text: &str, keys: &Keys, settings: &Settings) -> Result<Arc<dyn Provider>, Fault> {
    let wrong = |message: &str| Err(Fault::new(FaultKind::InvalidRequest, message));
    if text.trim().is_empty() {
        return wrong(
            "name the command-line agent: `command:claude`, or `command:` and a program with its arguments",
        );
    }
    if settings.key.is_some() || !settings.base_url.is_empty() {
        return wrong("a command-line agent has its own settings: it takes no key and no base URL");
    }
    let (dialect, model) = settings.commands.find(text)?;
    let model = if model.is_empty() { settings.model.clone() } else { model };
    Ok(Arc::new(CommandLine::new(dialect, keys.clone()).model(model)))
}

/// A service that is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What it is called in [`open`].
    pub name: &'static str,
    /// The variables that may have its key.
    pub keys: &'static [&'static str],
    /// It wants no key.
    pub is_free: bool,
    /// A key for it is set, or it is set to be elsewhere.
    pub is_set: bool,
}

/// Lists the services that are known by name, in the order in which they are preferred.
pub fn known(keys: &Keys) -> Vec<Known> {
    let one = |service: &Service| {
        let moved = !service.moved.is_empty() && keys.get(service.moved).is_some();
        Known {
            name: service.name,
            keys: service.keys,
            is_free: service.is_free(),
            is_set: moved || service.keys.iter().any(|name| keys.get(name).is_some()),
        }
    };
    SERVICES.iter().map(one).collect()
}

fn with_key(settings: Settings, key: Option<String>) -> Settings {
    match key {
        Some(key) if settings.key.is_none() => settings.key(Key::new(key)),
        _ => settings,
    }
}

impl Service {
    /// Tells whether it is a server of one's own, which wants no key.
    fn is_free(&self) -> bool {
        self.protocol == Protocol::Ollama || self.name == "llamacpp"
    }

    /// Gives where the environment moves it to.
    fn moved(&self, keys: &Keys) -> Option<String> {
        (!self.moved.is_empty()).then(|| keys.get(self.moved)).flatten()
    }

    fn open(&self, keys: &Keys, settings: Settings) -> Result<Arc<dyn Provider>, Fault> {
        let moved = self.moved(keys);
        let moved =
            moved.map(|url| if self.protocol == Protocol::Ollama { host(&url) } else { url });
        let is_elsewhere = moved.is_some() || !settings.base_url.is_empty();
        let settings = settings.or(self.name, moved.as_deref().unwrap_or(self.base_url));
        let settings = with_key(settings, self.keys.iter().find_map(|name| keys.get(name)));
        // A server of one's own may want none.
        if settings.key.is_none() && !is_elsewhere && !self.is_free() {
            let message = format!("there is no key for it: set {}", self.keys.join(" or "));
            return Err(Fault::new(FaultKind::Auth, message).provider(self.name));
        }
        Ok(match self.protocol {
            Protocol::OpenAi => Arc::new(OpenAi::new(settings)?),
            Protocol::OpenRouter => Arc::new(OpenRouter::new(settings)?),
            Protocol::Anthropic => Arc::new(Anthropic::new(settings)?),
            Protocol::Gemini => Arc::new(Gemini::new(settings)?),
            Protocol::Ollama => Arc::new(Ollama::new(settings)?),
        })
    }
}

/// Reads Ollama's own form of where it is: a host, with or without a port and a scheme. One that listens everywhere is here.
fn host(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let rest = rest.trim_end_matches('/').replacen("0.0.0.0", "127.0.0.1", 1);
    let has_port = rest
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|sign| sign.is_ascii_digit()));
    let port = if has_port || scheme == "https" { "" } else { ":11434" };
    format!("{scheme}://{rest}{port}")
}

/// The page about providers: its program is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers.md")]
struct Page;
