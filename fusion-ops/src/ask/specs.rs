//! What is asked of a specification.

use fusion_core::error::{Code, Error, Result};
use serde_json::Value;

use super::question::{Of, told, unknown};
use crate::analyze::Analyzer;
use crate::build::Said;
use crate::spec::{self, Folder, validate};
use crate::tasks::{self, Plan};

pub(super) fn ask(verb: &str, of: &Of) -> Result<Value> {
    let folder = Folder::open(&of.folder)?;
    match verb {
        "read" => told(&read(&folder)),
        "validate" => told(&validate(&folder)),
        "analyze" => told(&Analyzer::new().analyze(&folder.without_components())),
        "plan" => told(&plan(&folder)?),
        "workflow" => {
            let plan = plan(&folder)?;
            let spec = read(&folder);
            let texts = Said::new(&spec, spec::component_texts(&folder.path)).texts;
            told(&tasks::workflow(&plan, &name(&folder), &texts))
        }
        _ => Err(unknown(verb)),
    }
}

fn read(folder: &Folder) -> spec::Spec {
    folder.text("spec.md").map(spec::read).unwrap_or_default()
}

/// The tasks that are written down, or else those that the requirements ask for; no file is made.
fn plan(folder: &Folder) -> Result<Plan> {
    let own = folder.text("tasks.md").map(tasks::plan).filter(|plan| !plan.tasks.is_empty());
    if let Some(plan) = own {
        return Ok(plan);
    }
    let made = tasks::derive(&read(folder), &spec::components(&folder.path));
    made.map(|text| tasks::plan(&text)).ok_or_else(|| {
        let message =
            format!("{} has no tasks, and no requirements to make them of", folder.path.display());
        Error::new(Code::FileUnreadable, message)
            .hint("write requirements (`- **FR-001**: ...`) into spec.md, or tasks into tasks.md")
    })
}

/// The name of its folder.
fn name(folder: &Folder) -> String {
    let whole = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
    whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
