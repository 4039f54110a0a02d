//! Where components are looked for.

use std::path::PathBuf;

use fusion_ops::component::Registry;

use super::environment::secret as variable;
use super::folder;
use super::plugins::folder_of;

/// Gives the components: those that are built in, of the user's `fusion/components`, of the folders of `FUSION_COMPONENT_PATH`, of the
/// project's `.fusion/components`, and of these folders. Of two with one name and version the last one counts.
pub(crate) fn components(folders: &[PathBuf]) -> Registry {
    let mut registry = Registry::built_in();
    if let Some(own) = folder_of("FUSION_DATA", "XDG_DATA_HOME", ".local/share") {
        registry.folder(&own.join("components"));
    }
    for folder in variable("FUSION_COMPONENT_PATH").iter().flat_map(std::env::split_paths) {
        registry.folder(&folder);
    }
    if let Ok(here) = std::env::current_dir() {
        registry.folder(&folder::components(&here));
    }
    for folder in folders {
        registry.folder(folder);
    }
    registry
}
