//! Looks for plugins in folders, and loads those that are trusted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::graph::nearest;
use fusion_core::model::Digest;
use fusion_core::model::chat::{Fault, FaultKind};
use serde_json::{Map, Value};

use super::manifest::{ENDING, Manifest};
use super::place::{Place, Places};
use super::trust::{Standing, Trust};
use crate::files::files;
use crate::plugin_host::Image;
use crate::{Keys, Plugin, PluginProcess};

/// What stands for every plugin.
const ALL: &str = "all";

/// Where plugins are, and which are trusted. By default there are no folders and none is trusted.
///
/// A plugin runs with all rights of the program that loads it. So one is loaded into this process only when somebody trusted
/// its library as it is. One that nobody trusted runs in a process of its own, without secrets; that keeps its crashes away, and
/// nothing else. One that has changed since it was trusted runs nowhere.
#[derive(Debug, Clone, Default)]
pub struct Plugins {
    folders: Vec<PathBuf>,
    pub(super) trust: Trust,
    places: Places,
}

/// A plugin that was found.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The library, by its whole path.
    pub library: PathBuf,
    /// What it says of itself; none for a library without a manifest.
    pub manifest: Option<Manifest>,
    /// The hash of the library now.
    pub hash: Digest,
    /// Whether it is trusted.
    pub standing: Standing,
    /// Where it runs.
    pub place: Place,
}

impl Plugins {
    /// Remembers in this file which plugins are trusted.
    pub fn new(trusted: impl Into<PathBuf>) -> Self {
        Self { trust: Trust::new(trusted.into()), ..Self::default() }
    }

    /// Names the program that runs the plugins that run in a process of their own, with its arguments: one that calls
    /// [`host`](crate::plugins::host). By default it is this one, if it is the `fusion` command, else the `fusion` of the `PATH`.
    #[must_use]
    pub fn host(mut self, argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.places.host = Some(argv.into_iter().map(Into::into).collect());
        self
    }

    /// Runs a plugin of this name in a process of its own, also when it is trusted; `all` means every one.
    #[must_use]
    pub fn isolate(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.places.all_apart |= name == ALL;
        self.places.apart.push(name);
        self
    }

    /// Limits the memory that each of those processes may have of its own, in bytes; `None` is no limit. It is 4 GiB by default. See
    /// [`PluginProcess::memory`].
    #[must_use]
    pub fn memory(mut self, bytes: Option<u64>) -> Self {
        self.places.memory = bytes;
        self
    }

    /// Lets a plugin of this name have the secrets that its manifest names, also when it is not trusted.
    #[must_use]
    pub fn confide(mut self, name: impl Into<String>) -> Self {
        self.places.confided.push(name.into());
        self
    }

    /// Looks into a folder too, after those before it.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(folder.into());
        self
    }

    /// Gives the folders, in the order in which they are looked through.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Lists every manifest of the folders, in order of folders and names; what is wrong with one stands in its place.
    pub fn list(&self) -> Vec<(PathBuf, Result<Listed, Fault>)> {
        let files = self.folders.iter().flat_map(|folder| manifests(folder));
        files.map(|file| (file.clone(), self.look(&file))).collect()
    }

    /// Finds a plugin by its name, or by the path of its library or manifest. Nothing of it is loaded. Of several of one name the
    /// first one counts that is trusted, else the first one.
    ///
    /// # Errors
    /// `invalid_request` when there is none, or something is wrong with its manifest.
    pub fn find(&self, name: &str) -> Result<Listed, Fault> {
        if is_path(name) {
            return self.look(Path::new(name));
        }
        let (mut names, mut broken, mut found) = (Vec::new(), None, None);
        for (file, listed) in self.list() {
            let Ok(listed) = listed else {
                // Its file may still say which one it is.
                if stem(&file) == name {
                    broken = broken.or_else(|| listed.err());
                }
                continue;
            };
            let own = listed.manifest.as_ref().map_or("", |manifest| manifest.name.as_str());
            if own != name {
                names.push(own.to_owned());
            } else if listed.standing == Standing::Trusted {
                return Ok(listed);
            } else {
                found = found.or(Some(listed));
            }
        }
        if let Some(found) = found {
            return Ok(found);
        }
        Err(broken.unwrap_or_else(|| {
            let hint = nearest::hint(name, names.iter().map(String::as_str));
            let folders: Vec<String> =
                self.folders.iter().map(|folder| folder.display().to_string()).collect();
            let message = format!("no plugin is called `{name}`");
            let message = if hint.is_empty() { message } else { format!("{message}: {hint}") };
            invalid(message).detail(format!("looked for *{ENDING} in {}", folders.join(", ")))
        }))
    }

    /// Finds what `plugin:` stands before: a name, a name and a model with a colon between, or a path. Gives the model too.
    ///
    /// # Errors
    /// As for [`Plugins::find`].
    pub fn named<'a>(&self, text: &'a str) -> Result<(Listed, &'a str), Fault> {
        let (name, model) = match text.split_once(':') {
            Some((own, model)) if !is_path(text) => (own, model),
            _ => (text, ""),
        };
        Ok((self.find(name)?, model))
    }

    /// Opens a plugin where it has to run. Its configuration is that of its manifest, and what `more` adds; `model` is that of
    /// requests that name none.
    ///
    /// # Errors
    /// `invalid_request` when it has changed since it was trusted, when anybody may write it, when its library is no plugin, or
    /// when there is no program to run it apart; what the plugin says against it.
    pub(crate) fn open(
        &self,
        listed: &Listed,
        (keys, model): (&Keys, &str),
        more: Map<String, Value>,
    ) -> Result<Arc<dyn Provider>, Fault> {
        let mut config = listed.config();
        config.extend(more);
        if listed.place == Place::Here {
            return listed.load()?.with_model(&config.into(), keys, model);
        }
        if listed.place == Place::Refused {
            return Err(listed.refusal());
        }
        listed.image()?;
        let manifest = listed.manifest.as_ref();
        let mut process = PluginProcess::new(&listed.library).memory(self.places.memory);
        process = process.secrets(self.secrets(listed));
        if let Some(argv) = &self.places.host {
            process = process.program(argv);
        }
        if listed.standing == Standing::Trusted {
            process = process.trusted(listed.hash);
        }
        if let Some(manifest) = manifest {
            process = process.named(&manifest.name);
        }
        process.with_model(&config.into(), keys, model)
    }

    /// Gives the secrets that a plugin may have in a process of its own. A name that several have says of none which is meant.
    pub(super) fn secrets(&self, listed: &Listed) -> Vec<String> {
        let manifest = listed.manifest.as_ref();
        let secrets = self.places.secrets(listed.standing, manifest);
        // Usually there is nothing to ask the folders for: to list them is to read every library.
        if secrets.is_empty() || listed.standing == Standing::Trusted {
            return secrets;
        }
        let name = manifest.map(|manifest| manifest.name.as_str());
        let all = self.list().into_iter().filter_map(|(_, other)| other.ok());
        let other = |other: Listed| {
            other.manifest.is_some_and(|own| Some(own.name.as_str()) == name)
                && other.library != listed.library
        };
        if all.into_iter().any(other) { Vec::new() } else { secrets }
    }

    /// Loads a plugin that is trusted into this process.
    ///
    /// # Errors
    /// `invalid_request` when there is none, when it is not trusted or has changed, or when its library is no plugin.
    pub fn load(&self, name: &str) -> Result<(Listed, Plugin), Fault> {
        let listed = self.find(name)?;
        match listed.standing {
            Standing::Trusted => listed.load().map(|plugin| (listed, plugin)),
            Standing::Unknown | Standing::Changed(_) => Err(listed.refusal()),
        }
    }

    /// Trusts a plugin as it is now. It is loaded to see that it is one.
    ///
    /// # Errors
    /// As for [`Plugins::load`]; and when others may change the library, or the list of those that are trusted cannot be written.
    pub fn trust(&self, name: &str) -> Result<(Listed, Plugin), Fault> {
        let mut listed = self.find(name)?;
        let plugin = listed.load()?;
        let (manifest, hash) = (listed.manifest.as_ref(), Some(listed.hash));
        self.trust.set(&listed.library, hash, manifest).map_err(invalid)?;
        listed.standing = Standing::Trusted;
        listed.place = self.places.place(listed.standing, listed.manifest.as_ref());
        Ok((listed, plugin))
    }

    /// Trusts a plugin no longer.
    ///
    /// # Errors
    /// When there is none, or the list of those that are trusted cannot be written.
    pub fn distrust(&self, name: &str) -> Result<Listed, Fault> {
        let mut listed = self.find(name)?;
        self.trust.set(&listed.library, None, None).map_err(invalid)?;
        listed.standing = Standing::Unknown;
        listed.place = self.places.place(listed.standing, listed.manifest.as_ref());
        Ok(listed)
    }

    /// Looks at a library, or at a manifest and its library.
    fn look(&self, file: &Path) -> Result<Listed, Fault> {
        let is_manifest = file.to_string_lossy().ends_with(ENDING);
        let (manifest, library) = if is_manifest {
            let (manifest, library) = Manifest::read(file).map_err(invalid)?;
            (Some(manifest), library)
        } else {
            (beside(file), file.to_owned())
        };
        let wrong = |what| invalid(format!("the plugin {}: {what}", library.display()));
        let image = Image::open(&library).map_err(wrong)?;
        let (library, hash) = (image.path().to_owned(), image.hash());
        let standing = self.trust.standing(&library, hash, manifest.as_ref()).map_err(invalid)?;
        let place = self.places.place(standing, manifest.as_ref());
        Ok(Listed { library, manifest, hash, standing, place })
    }
}

impl Listed {
    fn load(&self) -> Result<Plugin, Fault> {
        let plugin = Plugin::of(&self.image()?)?;
        let Some(manifest) = &self.manifest else { return Ok(plugin) };
        if manifest.name != plugin.name() {
            let (path, says, own) = (self.library.display(), &manifest.name, plugin.name());
            let message =
                format!("the plugin {path} calls itself `{own}`, and its manifest `{says}`");
            return Err(invalid(message));
        }
        Ok(plugin.secrets(&manifest.secrets))
    }

    /// Opens the file that was looked at: a library that anybody may write is nobody's, and one that has changed is another.
    fn image(&self) -> Result<Image, Fault> {
        let path = self.library.display();
        let image = Image::open(&self.library)
            .map_err(|what| invalid(format!("the plugin {path}: {what}")))?;
        if image.is_open_to_all() {
            return Err(invalid(format!(
                "the plugin {path} may be written by anybody: `chmod o-w {path}`"
            )));
        }
        if image.hash() != self.hash {
            return Err(invalid(format!("the plugin {path} has changed while it was opened")));
        }
        Ok(image)
    }

    /// Says why it is not loaded.
    fn refusal(&self) -> Fault {
        let path = self.library.display();
        invalid(match self.standing {
            Standing::Changed(_) => format!(
                "the plugin {path}, or what its manifest grants it, has changed since it was trusted: if you know why, say `fusion plugins trust {path}` again"
            ),
            _ => format!(
                "the plugin {path} is not trusted: look at it with `fusion plugins inspect {path}`, then say `fusion plugins trust {path}`"
            ),
        })
    }

    /// Gives what it is opened with.
    pub fn config(&self) -> Map<String, Value> {
        self.manifest.as_ref().map(|manifest| manifest.config.clone()).unwrap_or_default()
    }
}

/// Tells whether a text is a path and no name.
fn is_path(text: &str) -> bool {
    let ends = |ending: &str| text.ends_with(ending);
    text.contains(['/', '\\']) || [".so", ".dylib", ".dll", ".json"].into_iter().any(ends)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

fn stem(manifest: &Path) -> String {
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(ENDING).to_owned()
}

/// The manifests of a folder, by name; a folder that is not there has none.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    files(folder, |path| path.to_string_lossy().ends_with(ENDING))
}

/// The manifest in a library's folder that names the library.
fn beside(library: &Path) -> Option<Manifest> {
    let whole = library.canonicalize().ok()?;
    let all =
        manifests(library.parent()?).into_iter().filter_map(|file| Manifest::read(&file).ok());
    let own = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == whole);
    all.into_iter().find(|(_, path)| own(path)).map(|(manifest, _)| manifest)
}
