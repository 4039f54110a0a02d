//! A URL to a store.

use std::sync::Arc;

use super::Memory;
use crate::contract::{Env, Store};
use crate::error::nearest;
use crate::error::{Code, Error, Result};

/// The schemes that this build can open.
#[cfg(feature = "sqlite")]
const SCHEMES: [&str; 2] = ["memory", "sqlite"];
/// The schemes that this build can open.
#[cfg(not(feature = "sqlite"))]
const SCHEMES: [&str; 1] = ["memory"];

/// Opens the store that a URL names: `memory://`, `sqlite://path`, `file:path` or a bare path.
///
/// # Errors
/// `FU0301` when the URL cannot be understood, `FU0302` to `FU0307` when the store cannot be opened.
pub async fn open(url: &str, env: Arc<dyn Env>) -> Result<Arc<dyn Store>> {
    match url.split_once("://") {
        Some(("memory", rest)) => memory(rest),
        Some((scheme, _)) if scheme != "sqlite" && scheme != "file" => Err(unknown(scheme)),
        _ => at_path(url, env),
    }
}

fn memory(rest: &str) -> Result<Arc<dyn Store>> {
    if rest.is_empty() {
        return Ok(Arc::new(Memory::new()));
    }
    Err(Error::new(Code::StoreUrl, format!("`memory://` takes nothing after it, not `{rest}`")))
}

fn unknown(scheme: &str) -> Error {
    let text = match scheme {
        "postgres" | "postgresql" | "redis" => {
            format!("`{scheme}://` stores are not in this build")
        }
        _ => format!("there is no store `{scheme}://`"),
    };
    Error::new(Code::StoreUrl, text).hint(nearest::hint(scheme, SCHEMES))
}

#[cfg(not(feature = "sqlite"))]
fn at_path(path: &str, _env: Arc<dyn Env>) -> Result<Arc<dyn Store>> {
    let text = format!("`{path}` would be an SQLite store, which is not in this build");
    Err(Error::new(Code::StoreUrl, text).hint("build with the feature `sqlite`"))
}

#[cfg(feature = "sqlite")]
fn at_path(path: &str, env: Arc<dyn Env>) -> Result<Arc<dyn Store>> {
    use super::sqlite::{Options, Sqlite};
    Ok(Arc::new(Sqlite::open(Options::parse(path)?, env)?))
}
