//! The plugin with a model of its own: builds it, tries it with a small model, and puts it where `fusion` looks for plugins.

use std::path::{Path, PathBuf};

use crate::{Stop, ground, process};

/// What llama.cpp is built with, besides a C++ compiler; pip brings it.
const TOOLS: [&str; 2] = ["cmake==4.4.4", "libclang==18.1.1"];
/// The plugin's crate.
const CRATE: &str = "plugins/local";
const LIBRARY: &str = "fusion_provider_local";

/// Builds it in `target/local`, which takes ten minutes and more the first time, and installs it.
pub(crate) fn run() -> Result<(), Stop> {
    let root = ground::root();
    let folder = root.join("target/local");
    std::fs::create_dir_all(&folder).map_err(|cause| failed(&folder, &cause))?;
    if !folder.join("venv/done").exists() {
        println!("local: fetching {} into target/local", TOOLS.join(", "));
        process::output(process::command("python3", &folder).args(["-m", "venv", "venv"]))?;
        let pip = folder.join("venv/bin/pip");
        process::output(process::command(pip, &folder).args(["install", "--quiet"]).args(TOOLS))?;
        process::output(process::command("touch", &folder).arg("venv/done"))?;
    }
    follow(process::cargo(&root).args(["build", "-p", "fusion-cli"]))?;
    let fusion = ground::fusion()?;
    follow(process::command(&fusion, &root).args(["models", "pull", "smollm2"]))?;
    let listed =
        process::output(process::command(&fusion, &root).args(["models", "list", "--json"]))?;
    let models = folder_of(&listed)?;
    cargo(&root, &folder, &["build"], &models)?;
    // One at a time: each loads the model.
    cargo(&root, &folder, &["test", "--", "--test-threads=1"], &models)?;
    let to = models.with_file_name("plugins");
    install(&root, &folder, &to)?;
    println!("local: installed in {}", to.display());
    println!("local: now `fusion plugins trust local`, then `fusion chat -p plugin:local:smollm2`");
    Ok(())
}

/// Reads where models are from `fusion models list --json`.
fn folder_of(listed: &str) -> Result<PathBuf, Stop> {
    let value: serde_json::Value = serde_json::from_str(listed)
        .map_err(|error| Stop::Failed(format!("`fusion models list --json`: {error}")))?;
    let folder = value.get("folder").and_then(serde_json::Value::as_str).map(PathBuf::from);
    folder.ok_or_else(|| Stop::Failed("`fusion models list --json` names no folder".to_owned()))
}

fn cargo(root: &Path, folder: &Path, words: &[&str], models: &Path) -> Result<(), Stop> {
    let mut cargo = process::cargo(root);
    let (first, rest) = words.split_at(1);
    cargo
        .args(first)
        .args(["--release", "--manifest-path"])
        .arg(root.join(CRATE).join("Cargo.toml"));
    cargo.args(rest).env("CARGO_TARGET_DIR", folder.join("build"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [folder.join("venv/bin")].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(paths).map_err(|cause| Stop::Failed(cause.to_string()))?;
    cargo.env("PATH", path).env("FUSION_LOCAL_MODEL", models.join("smollm2.gguf"));
    if std::env::var_os("LIBCLANG_PATH").is_none() {
        cargo.env("LIBCLANG_PATH", clang(folder)?);
        // pip's libclang has no headers of its own; the compiler's do.
        let said = process::output(process::command("cc", root).arg("-print-file-name=include"))?;
        cargo.env("BINDGEN_EXTRA_CLANG_ARGS", format!("-I{}", said.trim()));
    }
    if has_avx2() {
        cargo.env("RUSTFLAGS", "-C target-cpu=x86-64-v3");
    }
    follow(&mut cargo)
}

/// Finds the library that pip brought.
fn clang(folder: &Path) -> Result<PathBuf, Stop> {
    let lib = folder.join("venv/lib");
    let entries = std::fs::read_dir(&lib).map_err(|cause| failed(&lib, &cause))?;
    let paths = entries.flatten().map(|entry| entry.path().join("site-packages/clang/native"));
    let found = paths.into_iter().find(|path| path.exists());
    found.ok_or_else(|| Stop::Failed("pip's libclang has no library: set LIBCLANG_PATH".to_owned()))
}

fn install(root: &Path, folder: &Path, to: &Path) -> Result<(), Stop> {
    std::fs::create_dir_all(to).map_err(|cause| failed(to, &cause))?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = format!("{prefix}{LIBRARY}{suffix}");
    let manifest = root.join(CRATE).join("local.plugin.json");
    for (from, name) in [
        (folder.join("build/release").join(&library), library.as_str()),
        (manifest, "local.plugin.json"),
    ] {
        // A library that is in use is replaced, never written into.
        let (part, whole) = (to.join(format!(".{name}")), to.join(name));
        let copied = std::fs::copy(&from, &part).and_then(|_| std::fs::rename(&part, &whole));
        copied.map_err(|cause| failed(&from, &cause))?;
    }
    Ok(())
}

fn follow(command: &mut std::process::Command) -> Result<(), Stop> {
    let (passed, _) = process::follow(command)?;
    if passed { Ok(()) } else { Err(Stop::Failed("the plugin `local` is not built".to_owned())) }
}

fn failed(path: &Path, cause: &std::io::Error) -> Stop {
    Stop::Failed(format!("{}: {cause}", path.display()))
}

/// Without it llama.cpp computes many times slower; a processor without it needs a build without it.
fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}
