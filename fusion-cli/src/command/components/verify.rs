//! `verify`: whether what components brought is unchanged, and whether their checks hold.

use std::sync::Arc;

use fusion_core::contract::Env;
use fusion_core::error::{Code, Error, Result};
use fusion_core::run::Os;
use fusion_ops::component::{CheckState, ProblemKind, Registry, Runner};
use serde_json::json;

use super::place;
use crate::args::VerifyComponents;
use crate::project::of_commands;
use crate::render::Out;

/// Looks at everything; the exit code is 1 when something is not as it should be.
pub(super) async fn verify(args: &VerifyComponents, registry: &Registry, out: &Out) -> Result<u8> {
    let project = place::open(out)?;
    let mut found = project.verify(registry)?;
    if args.allow_commands {
        let env: Arc<dyn Env> =
            Os::current().ok_or_else(|| Error::new(Code::Internal, "there is no runtime"))?;
        Runner::new(env, of_commands()).checks(&project, registry, &mut found.checks).await?;
    }
    if !args.checks {
        found.checks.clear();
    }
    let failed = found.checks.iter().filter(|one| one.state == CheckState::Failed).count();
    let ok = found.is_fine() && failed == 0;
    if out.json {
        let mut told = json!(found);
        if let Some(told) = told.as_object_mut() {
            told.insert("ok".to_owned(), ok.into());
        }
        Out::value(&told);
        return Ok(u8::from(!ok));
    }
    for problem in &found.problems {
        let what = match problem.kind {
            ProblemKind::Missing => "missing",
            ProblemKind::Changed => "changed",
            ProblemKind::NoFile => "no plain file",
            ProblemKind::Unknown => "no registry has this version",
            ProblemKind::OtherPackage => "the registry has another package of this version",
        };
        out.say(&format!("{what}: {} ({})", problem.path, problem.component));
    }
    for check in &found.checks {
        let state = match check.state {
            CheckState::Passed => "passed ",
            CheckState::Failed => "failed ",
            CheckState::Skipped => "skipped",
        };
        out.say(&format!("{state} {}: {} ({})", check.component, check.name, check.why));
    }
    out.say(&format!("{} files: {} problems", found.files, found.problems.len()));
    Ok(u8::from(!ok))
}
