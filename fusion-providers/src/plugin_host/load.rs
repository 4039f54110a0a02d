//! Opens a library and refuses what is no plugin, or one of another version.

use std::error::Error as _;
use std::ffi::{CStr, c_char};
use std::fmt;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_plugin::abi::{self, Cancel, Create, Destroy, ENTRY, Entry, Op, Start, Table};
use serde_json::Value;

use super::border::{Border, Voice, in_log};
use super::foreign::Foreign;
use super::image::Image;
use super::instance::Instance;
use crate::Keys;

/// The longest name and version of a plugin, in bytes.
const TEXT_BYTES: usize = 64;

/// A plugin whose library is loaded. It stays loaded until the program ends: code that may still run is never taken away.
///
/// Loading runs the library's code with all rights of the program: load only what you trust.
#[derive(Clone)]
pub struct Plugin {
    path: PathBuf,
    name: String,
    version: String,
    abi: u32,
    ops: u32,
    flags: u32,
    functions: Functions,
    secrets: Option<Vec<String>>,
}

/// What a plugin offers, all there.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    pub(super) create: Create,
    pub(super) destroy: Destroy,
    pub(super) start: Start,
    pub(super) cancel: Cancel,
    pub(super) quick: bool,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.name, self.version, self.path.display())
    }
}

impl Plugin {
    /// Loads a library.
    ///
    /// # Errors
    /// `invalid_request` that says what is wrong: no such file, no library, no plugin, another major version of the ABI, a
    /// table that lacks something.
    pub fn load(path: &Path) -> Result<Self, Fault> {
        let image = Image::open(path).map_err(|what| {
            Fault::new(FaultKind::InvalidRequest, format!("the plugin {}: {what}", path.display()))
        })?;
        Self::read(image.path(), image.path())
    }

    /// Loads a library that is open: what was hashed, and nothing that has come into its place.
    ///
    /// # Errors
    /// As for [`Plugin::load`].
    pub(crate) fn of(image: &Image) -> Result<Self, Fault> {
        Self::read(image.path(), &image.name())
    }

    /// Loads the library of a path by a name for the loader.
    fn read(path: &Path, name: &Path) -> Result<Self, Fault> {
        let path = path.to_owned();
        let wrong = |what: String| {
            Fault::new(FaultKind::InvalidRequest, format!("the plugin {}: {what}", path.display()))
        };
        let (abi, table) = table(name).map_err(wrong)?;
        let missing = |what: &str| wrong(format!("its table has no `{what}`"));
        // SAFETY: the table says that these are texts with a zero at the end.
        let (name, version) = unsafe { (text(table.name), text(table.version)) };
        let name = name.filter(|name| is_name(name)).ok_or_else(|| {
            wrong(format!("its name is not {TEXT_BYTES} or fewer of a-z, 0-9 and -"))
        })?;
        let functions = Functions {
            create: table.create.ok_or_else(|| missing("create"))?,
            destroy: table.destroy.ok_or_else(|| missing("destroy"))?,
            start: table.start.ok_or_else(|| missing("start"))?,
            cancel: table.cancel.ok_or_else(|| missing("cancel"))?,
            quick: table.flags & abi::QUICK != 0,
        };
        let version = version.ok_or_else(|| missing("version"))?;
        Ok(Self {
            path,
            name,
            version,
            abi,
            ops: table.ops,
            flags: table.flags,
            functions,
            secrets: None,
        })
    }

    /// Lets it ask for these secrets only.
    #[must_use]
    pub fn secrets(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.secrets = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Opens a provider with a configuration, a JSON object; secrets are asked for by name from `keys`.
    ///
    /// # Errors
    /// What the plugin says against it.
    pub fn open(&self, config: &Value, keys: &Keys) -> Result<Arc<dyn Provider>, Fault> {
        self.with_model(config, keys, "")
    }

    /// Opens a provider whose requests have this model when they name none.
    pub(crate) fn with_model(
        &self,
        config: &Value,
        keys: &Keys,
        model: &str,
    ) -> Result<Arc<dyn Provider>, Fault> {
        let instance = self.instance(config, keys, in_log(&self.name))?;
        Ok(Arc::new(Foreign::new(instance, (self.ops, self.flags), model)))
    }

    /// Opens it, with another place for the lines of its log.
    pub(crate) fn instance(
        &self,
        config: &Value,
        keys: &Keys,
        voice: Voice,
    ) -> Result<Arc<Instance>, Fault> {
        let border = Border::new(&self.name, keys.clone(), self.secrets.clone(), voice);
        let config = if config.is_null() { "{}".to_owned() } else { config.to_string() };
        Instance::create(self.functions, border, config.as_bytes()).map(Arc::new)
    }

    /// Gives its version of the ABI, its operations and its flags, as the table has them.
    pub(crate) fn numbers(&self) -> (u32, u32, u32) {
        (self.abi, self.ops, self.flags)
    }

    /// Gives what it calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives its own version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Gives the version of the ABI that it was built for, major and minor.
    pub fn abi(&self) -> (u32, u32) {
        (self.abi >> 16, self.abi & 0xffff)
    }

    /// Lists what it can do: `complete`, `stream`, `embed`, `models`, `quota`.
    pub fn ops(&self) -> Vec<&'static str> {
        let can = |op: &Op| self.ops & op.0 != 0;
        Op::ALL.iter().filter(|(op, _)| can(op)).map(|(_, word)| *word).collect()
    }

    /// Gives the library's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Loads a library and reads its table.
fn table(path: &Path) -> Result<(u32, Table), String> {
    let library = load(path).map_err(|error| {
        // The reason stands in the source only.
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        // It begins with the name for the loader, which says nothing to people.
        let why = why.rsplit_once(&format!("{}: ", path.display())).map_or(&*why, |(_, why)| why);
        format!("it cannot be loaded: {why}")
    })?;
    // SAFETY: what has this name is this function, by the header.
    let entry = unsafe { library.get::<Entry>(ENTRY) }.map(|entry| *entry);
    let entry = entry.map_err(|_| {
        "it is a library, but no plugin: it does not export `fusion_plugin_entry`".to_owned()
    })?;
    // Never unloaded: a plugin has threads, destructors of threads, pointers that it gave away.
    std::mem::forget(library);
    // SAFETY: by the header it takes nothing and gives a table that stays, or null.
    let table = unsafe { entry() };
    if table.is_null() || !table.is_aligned() {
        return Err("`fusion_plugin_entry` gave no table".to_owned());
    }
    // SAFETY: the first two fields stand there in every version.
    let (size, abi) = unsafe { ((*table).size, (*table).abi) };
    let (major, minor) = (abi >> 16, abi & 0xffff);
    if major != abi::ABI_MAJOR {
        return Err(format!(
            "it is for version {major}.{minor} of the plugin ABI, and this program has {}.{}: get a {} plugin",
            abi::ABI_MAJOR,
            abi::ABI_MINOR,
            if major > abi::ABI_MAJOR { "matching program, or an older" } else { "newer" },
        ));
    }
    let ours = size_of::<Table>();
    let len = (size as usize).min(ours);
    if len < ours {
        return Err(format!("its table has {size} bytes, and version {major}.0 has {ours}"));
    }
    let mut copy = MaybeUninit::<Table>::uninit();
    // SAFETY: the plugin says that its table has at least as many bytes, and any bits of pointers may be copied.
    let table = unsafe {
        std::ptr::copy_nonoverlapping(table.cast::<u8>(), copy.as_mut_ptr().cast(), len);
        copy.assume_init()
    };
    Ok((abi, table))
}

#[cfg(unix)]
fn load(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // Now, so that a missing symbol is an error here and not the end of the program later.
    // SAFETY: loading runs the library's code; who calls `Plugin::load` trusts it.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(not(unix))]
fn load(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: loading runs the library's code; who calls `Plugin::load` trusts it.
    unsafe { libloading::Library::new(path) }
}

/// Reads a text of at most [`TEXT_BYTES`].
///
/// # Safety
/// `text` is null, or has a zero within its first [`TEXT_BYTES`] + 1 bytes, or that many bytes can be read.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    for len in 0..=TEXT_BYTES {
        // SAFETY: all before was no zero, so the text goes on to here.
        if unsafe { *text.add(len) } == 0 {
            // SAFETY: there is the zero.
            return unsafe { CStr::from_ptr(text) }.to_str().ok().map(str::to_owned);
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let may = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-';
    !name.is_empty() && name.bytes().all(may)
}
