//! The models that workflow files and commands may name: keys come from the environment.

use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::contract::Env;
use fusion_core::error::{Code, Error};
use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_core::run::Os;
use fusion_ops::build::Steps;
use fusion_ops::testing;
use fusion_providers::command::CommandStep;
use fusion_providers::{Keys, ModelStep, Settings};

use super::commands::commands;
use super::environment;
use super::plugins::plugins;

/// Gives the keys of the environment.
pub(crate) fn keys() -> Keys {
    Keys::new(environment::secret)
}

/// Gives the keys of providers that are set, so that they are taken out of what is kept.
pub(crate) fn known_keys() -> Secrets {
    let secrets = Secrets::none();
    let names = fusion_providers::known(&keys()).into_iter().flat_map(|service| service.keys);
    // A server of one's own may have a word for a key.
    let set = names.filter_map(|name| environment::secret(name)).filter(|key| key.len() >= 12);
    set.for_each(|key| secrets.remember(key));
    secrets
}

/// Gives what providers are opened with in this folder: the plugins and the command-line agents that may be named.
pub(crate) fn settings() -> Settings {
    Settings::default().plugins(plugins()).commands(commands())
}

/// Gives what a program in another language opens providers with, as the `fusion` command does in this folder. `host` is the program that
/// runs plugins in a process of their own, with its arguments; when it is empty, the `fusion` of the `PATH` does.
pub fn settings_for(host: &[String]) -> Settings {
    let settings = settings();
    if host.is_empty() {
        return settings;
    }
    let plugins = settings.plugins.clone().host(host);
    settings.plugins(plugins)
}

/// Lets the `model` nodes of workflow files run here, and those `agent` nodes that name a program on the command line.
pub(super) fn register(fusion: &Fusion) {
    if let Some(env) = Os::current() {
        let env: Arc<dyn Env> = env;
        let settings = settings().secrets(fusion.secrets());
        for step in CommandStep::all(&env, &keys(), &settings.commands) {
            fusion.register(step);
        }
        let variables: Vec<(String, String)> = environment::of_commands().into_iter().collect();
        for step in Steps::all(fusion, &variables) {
            fusion.register(step);
        }
        for step in testing::Steps::all(&env, &variables) {
            fusion.register(step);
        }
        fusion.register(ModelStep::with(env, keys(), settings).keep_in(fusion));
    }
}

/// Says what a provider said that somebody named, with what to do about it.
pub(crate) fn refused_by(name: &str, fault: &Fault) -> Error {
    let error = refused(fault);
    if name.trim().starts_with("plugin:") {
        let hint = "`fusion plugins list` shows the plugins that are found and where they run, docs/plugins.md how they are made";
        return error.hint(hint);
    }
    error
}

/// Says what a provider said, with what to do about it.
pub(crate) fn refused(fault: &Fault) -> Error {
    let code = match fault.kind() {
        FaultKind::InvalidRequest | FaultKind::Unsupported => Code::InvalidInput,
        _ => Code::NoAnswer,
    };
    let hint = match fault.kind() {
        FaultKind::Auth => {
            "`fusion providers list` shows which variable has the key of which provider"
        }
        FaultKind::Transport => {
            "is the server there? `fusion providers list` shows what listens on this machine"
        }
        FaultKind::RateLimit | FaultKind::Overloaded => "try again later, or name another provider",
        _ => {
            "`fusion providers list` shows the providers, `fusion providers models NAME` their models"
        }
    };
    let error = Error::new(code, fault.to_string()).hint(hint);
    // What came whole mostly has the sentence in it again.
    match fault.detail_text().filter(|detail| !detail.contains(fault.message())) {
        Some(detail) => error.because(std::io::Error::other(detail.to_owned())),
        None => error,
    }
}
