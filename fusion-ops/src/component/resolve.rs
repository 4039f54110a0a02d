//! Which versions of which components fit together, in which order they come.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::resolve::{
    Catalog, Package, Range, Request, Resolution, ResolveError, resolve as solve,
};
use semver::Version;

use super::Registry;
use super::name::Shown;

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// The wanted names, each with its range.
    pub asked: BTreeMap<String, Range>,
    /// Versions that are kept as long as they are possible.
    pub locked: BTreeMap<String, Version>,
    /// The project's stack: components that are not for it are left out.
    pub stack: Vec<String>,
}

/// Chooses a version of every component that is needed: the newest that fit together, each after what it needs.
///
/// ```
/// use fusion_core::graph::resolve::Range;
/// use fusion_ops::component::{Registry, Wish, resolve};
///
/// let mut wish = Wish::default();
/// wish.asked.insert("auth".to_owned(), Range::any());
/// let found = resolve(&Registry::built_in(), &wish)?;
/// let place = |name: &str| found.order.iter().position(|one| one == name);
/// assert!(place("database") < place("auth"));
/// # Ok::<(), fusion_core::error::Error>(())
/// ```
///
/// # Errors
/// `FU0205` for a name that nothing has or provides, `FU0209` when nothing fits with the reasons in words, `FU0206` for
/// components that need one another in a circle, with its path.
pub fn resolve(registry: &Registry, wish: &Wish) -> Result<Resolution> {
    known(registry, wish)?;
    let mut catalog = Catalog::new();
    for (name, versions) in registry.versions() {
        for component in versions.map(|one| one.manifest()).filter(|one| one.fits(&wish.stack)) {
            catalog.add(Package {
                name: name.to_owned(),
                version: component.version.clone(),
                requires: component.requires.clone().into_iter().collect(),
                provides: component.provides.clone(),
                conflicts: component.conflicts.clone().into_iter().collect(),
            })?;
        }
    }
    let request =
        Request { requires: wish.asked.clone().into_iter().collect(), locked: wish.locked.clone() };
    solve(&catalog, &request).map_err(|error| match error {
        ResolveError::Cycle { .. } => Error::from(error)
            .hint("nothing was changed; the versions of one of them must stop needing the next"),
        error => Error::from(error)
            .hint("nothing was changed; `fusion components tree` shows who needs what"),
    })
}

/// Refuses names that nothing has, and components that are for other stacks, before the search: with plainer words.
fn known(registry: &Registry, wish: &Wish) -> Result<()> {
    let mut provided = BTreeSet::new();
    for (name, versions) in registry.versions() {
        provided.insert(name);
        provided.extend(
            versions.flat_map(|one| one.manifest().provides.iter().map(|one| one.name.as_str())),
        );
    }
    let mut errors = Vec::new();
    for name in wish.asked.keys() {
        if !provided.contains(name.as_str()) {
            errors.push(registry.unknown(name));
        }
        let own = registry.newest(name).map(|one| one.manifest());
        if let Some(manifest) = own.filter(|one| !one.fits(&wish.stack)) {
            let message = format!(
                "the component {} is for {}, and this project has {}",
                Shown(name),
                manifest.stack.join(" or "),
                if wish.stack.is_empty() { "no stack".to_owned() } else { wish.stack.join(", ") }
            );
            errors.push(
                Error::new(Code::Unsolvable, message)
                    .hint("name the project's stack with `--stack`"),
            );
        }
    }
    Error::join(errors).map_or(Ok(()), Err)
}
