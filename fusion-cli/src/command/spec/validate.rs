//! `fusion spec validate`: what is wrong with a specification.

use fusion_core::error::Result;
use fusion_ops::spec::{Folder, Severity, validate as check};
use serde_json::json;

use crate::args::Validating;
use crate::render::{Color, Out};

/// Prints errors and warnings with their lines; 1 when there are errors, or with `--strict` warnings.
pub(super) fn validate(args: &Validating, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    let issues = check(&folder);
    let count = |severity: Severity| issues.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let failed = errors > 0 || (args.strict && warnings > 0);
    if out.json {
        let folder = folder.path.display().to_string();
        Out::value(&json!({"folder": folder, "valid": !failed, "issues": issues}));
        return Ok(u8::from(failed));
    }
    for issue in &issues {
        let (color, word) = match issue.severity {
            Severity::Error => (Color::Red, "error"),
            Severity::Warning => (Color::Yellow, "warning"),
        };
        Out::print(&out.line().paint(color, word).add(&format!(": {}", one_line(&issue.message))));
        let file = folder.path.join(&issue.file);
        Out::result(&format!("  --> {}:{}", file.display(), issue.line));
        if let Some(hint) = &issue.hint {
            Out::result(&format!("  hint: {hint}"));
        }
    }
    out.say(&format!("{}: {errors} errors, {warnings} warnings", folder.path.display()));
    Ok(u8::from(failed))
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}
