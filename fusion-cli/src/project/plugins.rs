//! Where plugins are looked for, and where it stands which of them are trusted.

use std::path::PathBuf;

use fusion_providers::Plugins;

use super::environment::secret as variable;
use super::folder;

/// Gives the plugins that commands and workflow files may name: those of the folders of `FUSION_PLUGIN_PATH`, of the project's
/// `.fusion/plugins`, and of the user's `fusion/plugins`. Which are trusted stands in the user's settings, never in a project.
pub(crate) fn plugins() -> Plugins {
    let file = folder_of("FUSION_CONFIG", "XDG_CONFIG_HOME", ".config")
        .map(|own| own.join("trusted-plugins.json"));
    let mut plugins = file.map(Plugins::new).unwrap_or_default();
    for folder in variable("FUSION_PLUGIN_PATH").iter().flat_map(std::env::split_paths) {
        plugins = plugins.folder(folder);
    }
    if let Ok(here) = std::env::current_dir() {
        plugins = plugins.folder(folder::plugins(&here));
    }
    match folder_of("FUSION_DATA", "XDG_DATA_HOME", ".local/share") {
        Some(own) => plugins.folder(own.join("plugins")),
        None => plugins,
    }
}

/// Gives a folder of the user's: what our own variable says, else `fusion` in the folder that the system has for it.
pub(super) fn folder_of(own: &str, systems: &str, usual: &str) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let home = || set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(usual));
    set(own).or_else(|| set(systems).or_else(home).map(|folder| folder.join("fusion")))
}
