//! Checks that the oldest compiler which the manifests name is enough for us and for what we depend on.
//!
//! Clippy's `incompatible_msrv` does the same for what is used of the standard library.

use std::path::Path;

use serde_json::Value;

use crate::{Stop, process};

/// Compares the stated version with those of the dependencies; builds with it where that toolchain is installed.
pub(crate) fn run(root: &Path) -> Result<(), Stop> {
    let about = process::output(process::cargo(root).arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let mut command = process::cargo(root);
    command.args(["metadata", "--format-version", "1", "--locked"]);
    let text = process::output(command.args(["--filter-platform", host]))?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|cause| format!("read the metadata: {cause}"))?;
    let (stated, needed) = versions(&metadata);
    let Some(stated) = stated else {
        return Err(Stop::Failed("no package says `rust-version`".to_owned()));
    };
    if let Some((needed, name)) = needed.filter(|(needed, _)| *needed > stated) {
        return Err(Stop::Failed(format!(
            "`{name}` needs Rust {}, and Cargo.toml states {}",
            words(needed),
            words(stated)
        )));
    }
    let toolchain = format!("{}.0", words(stated));
    let mut rustup = process::command("rustup", root);
    let asked = rustup.args(["run", &toolchain, "cargo", "--version"]).output();
    if !asked.is_ok_and(|answer| answer.status.success()) {
        println!(
            "Rust {toolchain} is enough for all dependencies; it is not installed, so nothing is built with it"
        );
        return Ok(());
    }
    let mut check = process::command("rustup", root);
    check.args(["run", &toolchain, "cargo", "check", "--workspace", "--all-targets", "--quiet"]);
    match process::follow(&mut check)? {
        (true, _) => Ok(()),
        (false, _) => {
            Err(Stop::Failed(format!("the workspace does not build with Rust {toolchain}")))
        }
    }
}

type Version = (u32, u32);

/// Gives what our packages state, and the most that another package needs.
fn versions(metadata: &Value) -> (Option<Version>, Option<(Version, &str)>) {
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let known = packages.filter_map(|package| {
        let version = version(package.get("rust_version")?.as_str()?)?;
        let ours = package.get("source").is_none_or(Value::is_null);
        Some((ours, version, package.get("name")?.as_str()?))
    });
    let (ours, others): (Vec<_>, Vec<_>) = known.partition(|(ours, ..)| *ours);
    let stated = ours.into_iter().map(|(_, version, _)| version).min();
    (stated, others.into_iter().map(|(_, version, name)| (version, name)).max())
}

fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn words((major, minor): Version) -> String {
    format!("{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_need_is_found() {
        let metadata = serde_json::json!({"packages": [
            {"name": "ours", "source": null, "rust_version": "1.92"},
            {"name": "a", "source": "registry", "rust_version": "1.9.1"},
            {"name": "b", "source": "registry", "rust_version": "1.85.0"},
            {"name": "c", "source": "registry", "rust_version": null},
        ]});
        assert_eq!(versions(&metadata), (Some((1, 92)), Some(((1, 85), "b"))));
    }
}
