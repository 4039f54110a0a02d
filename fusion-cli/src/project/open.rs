//! Opening the engine for a command.

use std::path::Path;

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_core::record::sqlite;
use fusion_core::run::Options;

use super::{environment, folder};
use crate::args::Global;

/// What a command needs of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It may be made.
    Any,
    /// It must be there: a mistyped path must not look like an empty store.
    Existing,
    /// It must be there, and may be read-only.
    Reading,
}

/// Opens the store that the options name, and an engine on it.
pub(crate) async fn open(global: &Global, need: Need, options: Options) -> Result<Fusion> {
    open_in(global, need, options, &folder::here()?).await
}

/// Opens the store of a project in another folder than the current one.
pub(crate) async fn open_in(
    global: &Global,
    need: Need,
    options: Options,
    here: &Path,
) -> Result<Fusion> {
    let url = url(global, need, here)?;
    let at = async |url: &str| {
        Fusion::builder(url)
            .secrets(environment::secret)
            .options(options.clone())
            .command_env(environment::of_commands())
            .command_cwd(here)
            .workspaces(folder::workspaces(here))
            .open()
            .await
    };
    let opened = match at(&url).await {
        // What can be read can be looked at; who then wants to write is told by the store.
        Err(error) if need == Need::Reading && error.code() == Code::StoreReadOnly => {
            at(&with(&url, "mode=ro")).await
        }
        opened => opened,
    };
    opened.inspect(super::models::register)
}

fn url(global: &Global, need: Need, here: &Path) -> Result<String> {
    let Some(url) = &global.store else {
        let file = folder::store(here);
        if need == Need::Any {
            folder::prepare(&file)?;
        } else {
            exists(&file)?;
        }
        let url = sqlite::Options::new(file).url();
        return Ok(if need == Need::Any { url } else { with(&url, "mode=rw") });
    };
    if need != Need::Any && url == "memory://" {
        let message = "`memory://` keeps nothing from one command to the next";
        return Err(Error::new(Code::StoreUrl, message)
            .hint("name the store of the run with `--store` or FUSION_STORE"));
    }
    let in_file = url.starts_with("sqlite://") || !url.contains("://");
    if need != Need::Any && in_file {
        let options = sqlite::Options::parse(url)?;
        exists(&options.path)?;
        if !options.read_only {
            return Ok(with(url, "mode=rw"));
        }
    }
    Ok(url.clone())
}

/// Adds a parameter to a URL; of several the last one counts.
fn with(url: &str, parameter: &str) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{parameter}")
}

fn exists(file: &Path) -> Result<()> {
    let found = file.metadata();
    let message = match &found {
        Ok(found) if found.is_file() && found.len() == 0 => {
            format!("there is no store in {}, the file is empty", file.display())
        }
        Ok(_) => return Ok(()),
        Err(_) => format!("there is no store {}", file.display()),
    };
    let hint = "`fusion run FILE` makes one; `--store` or FUSION_STORE names another";
    Err(Error::new(Code::StoreOpen, message).hint(hint))
}
