//! [`Workspace`], and the tools that it gives.

use std::fmt;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::agent::Tool;
use fusion_core::contract::{Context, Env};
use fusion_core::model::Failure;
use fusion_core::model::chat;
use regex::RegexBuilder;
use rustix::fs::{Mode, OFlags, open};
use serde::Deserialize;
use serde_json::{Value, json};

use super::look::{Look, Wanted};
use super::names::shown;
use super::{read, write};
use crate::tools::away::away;

/// The largest regular expression of a search, compiled, in bytes.
const PATTERN_BYTES: usize = 1 << 20;
/// How many lines one call reads when it does not say.
const READ_LINES: usize = 1_000;

/// A folder whose files an agent may see, and change if it is [`writable`](Workspace::writable).
///
/// What is in the folder is reached from the folder as it was opened, name by name and never through a symbolic link: no `..`, no
/// absolute path and no link that is swapped in the last moment leads out of it. What is mounted in it, or is a hard link, is in it.
/// A file that is written is written whole or not at all, and the same after a crash.
///
/// ```
/// use fusion_core::contract::Env;
/// use fusion_providers::tools::Workspace;
/// # use std::sync::Arc;
/// # fn example(env: Arc<dyn Env>) -> Result<(), fusion_core::model::Failure> {
/// let tools = Workspace::open("./src")?.tools(env);
/// let names: Vec<&str> = tools.iter().map(|tool| tool.about().name.as_str()).collect();
/// assert_eq!(names, ["list_files", "read_file", "search_files"]);
/// # Ok(())
/// # }
/// # let os = fusion_core::run::Os::new()?;
/// # os.handle().clone().block_on(async { example(fusion_core::run::Os::current().unwrap()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Workspace(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    root: Arc<OwnedFd>,
    path: PathBuf,
    prefix: String,
    writable: bool,
    /// Who changes files: one at a time, as calls of one answer run at once.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Workspace {
    /// Opens a folder that is there, to be read.
    ///
    /// # Errors
    /// Of class `error` when it is no folder or cannot be entered.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Failure> {
        let path = path.as_ref();
        let failed = |error: &dyn fmt::Display| {
            Failure::error(format!("the workspace {} cannot be opened: {error}", path.display()))
        };
        let path = path.canonicalize().map_err(|error| failed(&error))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(&path, flags, Mode::empty()).map_err(|error| failed(&error))?;
        let (root, turn) = (Arc::new(root), Arc::default());
        Ok(Self(Arc::new(Shared { root, path, prefix: String::new(), writable: false, turn })))
    }

    /// Opens a folder, and makes it if it is not there, for nobody else's eyes (mode 0700).
    ///
    /// # Errors
    /// As [`Workspace::open`].
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.as_ref());
        made.map_err(|error| {
            Failure::error(format!(
                "the workspace {} cannot be made: {error}",
                path.as_ref().display()
            ))
        })?;
        Self::open(path)
    }

    /// Lets files be written, changed and deleted.
    #[must_use]
    pub fn writable(self) -> Self {
        Self(Arc::new(Shared { writable: true, ..(*self.0).clone() }))
    }

    /// Puts a word before the names of its tools, for agents that have several workspaces: `docs_read_file`.
    #[must_use]
    pub fn named(self, word: &str) -> Self {
        Self(Arc::new(Shared { prefix: format!("{word}_"), ..(*self.0).clone() }))
    }

    /// Gives where the folder was when it was opened.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Gives the tools: `list_files`, `read_file`, `search_files`, and `write_file`, `replace_text`, `delete_file` when it is writable.
    pub fn tools(&self, env: Arc<dyn Env>) -> Vec<Tool> {
        let hands = Hands { shared: self.0.clone(), env };
        let mut tools = vec![hands.list(), hands.read(), hands.search()];
        if self.0.writable {
            tools.extend([hands.write(), hands.replace(), hands.delete()]);
        }
        tools
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workspace {}", self.0.path.display())
    }
}

/// What every tool has.
#[derive(Clone)]
struct Hands {
    shared: Arc<Shared>,
    env: Arc<dyn Env>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    path: String,
    #[serde(default)]
    depth: Option<usize>,
}

#[derive(Deserialize)]
struct Read {
    path: String,
    #[serde(default)]
    from_line: Option<usize>,
    #[serde(default)]
    lines: Option<usize>,
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    path: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    names: Option<String>,
}

#[derive(Deserialize)]
struct Write {
    path: String,
    text: String,
}

#[derive(Deserialize)]
struct Replace {
    path: String,
    old: String,
    new: String,
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
struct Delete {
    path: String,
}

impl Hands {
    /// Describes a tool: its name, what it does, its arguments and which of them there must be.
    fn about(&self, name: &str, what: &str, properties: &Value, required: &[&str]) -> chat::Tool {
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
        chat::Tool::new(format!("{}{name}", self.shared.prefix), what).schema(schema)
    }

    fn list(&self) -> Tool {
        let properties = json!({
            "path": {"type": "string", "description": "The folder; the whole workspace without it."},
            "depth": {"type": "integer", "minimum": 1, "description": "How many folders deep; 1 without it."},
        });
        let about = self.about(
            "list_files",
            "Lists the files of a folder of the workspace.",
            &properties,
            &[],
        );
        let hands = self.clone();
        Tool::with(about, move |_, List { path, depth }| {
            let root = hands.shared.root.clone();
            let env = hands.env.clone();
            async move {
                let wanted = Wanted::Entries(depth.unwrap_or(1));
                away(&env, move |halt| Look::new(wanted, halt).at(root.as_fd(), &path)).await
            }
        })
    }

    fn read(&self) -> Tool {
        let properties = json!({
            "path": {"type": "string"},
            "from_line": {"type": "integer", "minimum": 1, "description": "The first line; 1 without it."},
            "lines": {"type": "integer", "minimum": 1, "description": "How many lines at the most."},
        });
        let what = "Reads a text file of the workspace, as it is.";
        let about = self.about("read_file", what, &properties, &["path"]);
        let hands = self.clone();
        Tool::with(about, move |_, Read { path, from_line, lines }| {
            let root = hands.shared.root.clone();
            let env = hands.env.clone();
            let range = (from_line.unwrap_or(1), lines.unwrap_or(READ_LINES));
            async move { away(&env, move |halt| read::read(root.as_fd(), &path, range, halt)).await }
        })
    }

    fn search(&self) -> Tool {
        let properties = json!({
            "text": {"type": "string", "description": "The lines that have this text."},
            "regex": {"type": "string", "description": "The lines that this regular expression matches."},
            "names": {"type": "string", "description": "Only files of this name; one `*` stands for anything, as in `*.md`."},
            "path": {"type": "string", "description": "The folder or file; the whole workspace without it."},
        });
        let what =
            "Searches the files of the workspace: for lines, or with `names` alone for files.";
        let about = self.about("search_files", what, &properties, &[]);
        let hands = self.clone();
        Tool::with(about, move |_, search: Search| {
            let (root, env) = (hands.shared.root.clone(), hands.env.clone());
            async move {
                let wanted = wanted(&search).map_err(Failure::error)?;
                away(&env, move |halt| Look::new(wanted, halt).at(root.as_fd(), &search.path)).await
            }
        })
    }

    fn write(&self) -> Tool {
        let properties = json!({"path": {"type": "string"}, "text": {"type": "string"}});
        let what =
            "Writes a file of the workspace whole; what was in it is gone. Folders are made.";
        let about = self.about("write_file", what, &properties, &["path", "text"]);
        let hands = self.clone();
        Tool::with(about, move |ctx: Context, Write { path, text }| {
            let hands = hands.clone();
            async move {
                let _turn = hands.shared.turn.lock().await;
                let (root, key) = (hands.shared.root.clone(), ctx.idempotency_key());
                away(&hands.env, move |_| {
                    write::write(root.as_fd(), &path, text.as_bytes(), &key)?;
                    Ok(format!("wrote {} bytes to `{}`", text.len(), shown(&path)))
                })
                .await
            }
        })
    }

    fn replace(&self) -> Tool {
        let properties = json!({
            "path": {"type": "string"},
            "old": {"type": "string", "description": "What is there now, exactly; it must be there once, unless `all` is true."},
            "new": {"type": "string"},
            "all": {"type": "boolean", "description": "Replaces it wherever it is."},
        });
        let what = "Replaces text in a file of the workspace.";
        let about = self.about("replace_text", what, &properties, &["path", "old", "new"]);
        let hands = self.clone();
        Tool::with(about, move |ctx: Context, Replace { path, old, new, all }| {
            let hands = hands.clone();
            async move {
                let _turn = hands.shared.turn.lock().await;
                let (root, key) = (hands.shared.root.clone(), ctx.idempotency_key());
                let (at, what) = (path.clone(), (old.clone(), new.clone()));
                let plan = away(&hands.env, move |halt| {
                    write::plan(root.as_fd(), &at, (&what.0, &what.1, all), halt)
                });
                let plan: write::Plan = ctx.memo("plan", plan).await?;
                let root = hands.shared.root.clone();
                away(&hands.env, move |halt| {
                    let times =
                        write::replace(root.as_fd(), &path, (&old, &new), (&plan, &key), halt)?;
                    Ok(format!("replaced it {times} times in `{}`", shown(&path)))
                })
                .await
            }
        })
    }

    fn delete(&self) -> Tool {
        let properties = json!({"path": {"type": "string"}});
        let what = "Deletes a file or an empty folder of the workspace.";
        let about = self.about("delete_file", what, &properties, &["path"]);
        let hands = self.clone();
        Tool::with(about, move |_, Delete { path }| {
            let hands = hands.clone();
            async move {
                let _turn = hands.shared.turn.lock().await;
                let root = hands.shared.root.clone();
                away(&hands.env, move |_| {
                    let was = write::delete(root.as_fd(), &path)?;
                    let what = if was { "is deleted" } else { "is not there" };
                    Ok(format!("`{}` {what}", shown(&path)))
                })
                .await
            }
        })
    }
}

fn wanted(search: &Search) -> Result<Wanted, String> {
    let pattern = match (&search.text, &search.regex) {
        (Some(_), Some(_)) => return Err("give `text` or `regex`, not both".to_owned()),
        (Some(text), None) => Some(regex::escape(text)),
        (None, regex) => regex.clone(),
    };
    let names = search.names.clone();
    if pattern.is_none() && names.is_none() {
        return Err("give `text`, `regex` or `names`".to_owned());
    }
    let read = |pattern: String| RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES).build();
    let regex = pattern
        .map(read)
        .transpose()
        .map_err(|error| format!("`regex` cannot be read: {error}"))?;
    Ok(Wanted::Lines(regex, names.unwrap_or_else(|| "*".to_owned())))
}
