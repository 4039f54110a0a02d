//! Where plugins and models are looked for, and where it stands which plugins are trusted.

use std::path::PathBuf;

use fusion_core::error::{Code, Error, Result};
use fusion_providers::Plugins;
use fusion_providers::weights::Weights;

use super::environment::secret as variable;
use super::folder;

/// Gives the plugins that commands and workflow files may name: those of the folders of `FUSION_PLUGIN_PATH`, of the project's
/// `.fusion/plugins`, and of the user's `fusion/plugins`. Which are trusted stands in the user's settings, never in a project.
/// `FUSION_PLUGIN_ISOLATE` names those that run in a process of their own in any case, `FUSION_PLUGIN_SECRETS` those that get
/// secrets although nobody trusted them; `FUSION_PLUGIN_MEMORY` is how many MiB such a process may have, 0 for as many as it wants.
pub(crate) fn plugins() -> Plugins {
    let file = folder_of("FUSION_CONFIG", "XDG_CONFIG_HOME", ".config")
        .map(|own| own.join("trusted-plugins.json"));
    let mut plugins = file.map(Plugins::new).unwrap_or_default();
    for name in names("FUSION_PLUGIN_ISOLATE") {
        plugins = plugins.isolate(name);
    }
    for name in names("FUSION_PLUGIN_SECRETS") {
        plugins = plugins.confide(name);
    }
    match variable("FUSION_PLUGIN_MEMORY").map(|text| (text.trim().parse::<u64>(), text)) {
        None => {}
        Some((Ok(mib), _)) => {
            plugins = plugins.memory((mib > 0).then(|| mib.saturating_mul(1 << 20)));
        }
        Some((Err(_), text)) => {
            tracing::warn!(%text, "FUSION_PLUGIN_MEMORY is no number of MiB: the usual limit holds");
        }
    }
    for folder in variable("FUSION_PLUGIN_PATH").iter().flat_map(std::env::split_paths) {
        plugins = plugins.folder(folder);
    }
    if let Ok(here) = std::env::current_dir() {
        plugins = plugins.folder(folder::plugins(&here));
    }
    match users() {
        Some(own) => plugins.folder(own.join("plugins")),
        None => plugins,
    }
}

/// Gives the models of this machine: the user's `fusion/models`.
pub(crate) fn weights() -> Result<Weights> {
    let none = || {
        let error = Error::new(Code::InvalidInput, "there is no folder for models");
        error.hint("set HOME, or FUSION_DATA to the folder that plugins and models are kept in")
    };
    Ok(Weights::new(users().ok_or_else(none)?.join("models")))
}

/// What is the user's and no setting.
fn users() -> Option<PathBuf> {
    folder_of("FUSION_DATA", "XDG_DATA_HOME", ".local/share")
}

/// Gives the names in a variable, with commas between them.
fn names(own: &str) -> Vec<String> {
    let text = variable(own).unwrap_or_default();
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Gives a folder of the user's: what our own variable says, else `fusion` in the folder that the system has for it.
pub(super) fn folder_of(own: &str, systems: &str, usual: &str) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let home = || set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(usual));
    set(own).or_else(|| set(systems).or_else(home).map(|folder| folder.join("fusion")))
}
