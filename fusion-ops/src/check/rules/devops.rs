//! Rules for images, pipelines and services that run together: which file is looked at by which.

use super::finding::{Findings, Look};
use super::yaml::{Page, is_template};
use super::{compose, docker, secret};

/// Looks at a file of operation.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    let file = look.file().to_lowercase();
    if docker::is_dockerfile(&file) {
        docker::judge(look, found);
    } else if file == ".env" || file.starts_with(".env.") || look.ending() == "env" {
        secret::environment(look, found);
    } else if let Some(kind) = kind(look, &file) {
        match Page::read(look.text, look.name) {
            Err((line, why)) => {
                found.say(
                    ("devops/yaml", line),
                    format!("it is no YAML: {why}"),
                    "mend what is written there",
                );
            }
            Ok(page) => compose::judge(look, &page, kind, found),
        }
    }
}

/// What a file of YAML describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workflow of a forge.
    Workflow,
    /// Services that run together.
    Compose,
    /// Changes to services that stand in another file.
    Override,
}

fn kind(look: &Look<'_>, file: &str) -> Option<Kind> {
    let name = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml"))?;
    if is_template(look.text) {
        return None;
    }
    let folder = look.folder().replace('\\', "/");
    if [".github/workflows", ".gitea/workflows", ".forgejo/workflows"]
        .iter()
        .any(|own| folder.ends_with(own))
    {
        return Some(Kind::Workflow);
    }
    match name {
        "docker-compose" | "compose" | "podman-compose" => Some(Kind::Compose),
        _ if name.starts_with("docker-compose.")
            || name.starts_with("compose.")
            || name.starts_with("docker-compose-") =>
        {
            Some(Kind::Override)
        }
        _ => None,
    }
}
