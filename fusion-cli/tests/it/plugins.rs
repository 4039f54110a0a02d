//! Plugins: found, looked at, trusted, refused when they change, and named like any provider.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Project, Ran};

/// A project with the example in C as a plugin of its own: `.fusion/plugins/words.plugin.json` and its library.
fn project() -> (Project, PathBuf) {
    let project = Project::new();
    let folder = project.path(".fusion/plugins");
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = json!({
        "manifest": 1, "name": "words", "version": "1.0.0", "about": "Says it again.",
        "license": "MIT", "library": "libwords.so",
    });
    std::fs::write(folder.join("words.plugin.json"), manifest.to_string()).unwrap();
    let library = folder.join("libwords.so");
    build(&library, "");
    (project, library)
}

#[expect(clippy::disallowed_methods, reason = "a compiler is run, without an engine")]
fn build(library: &Path, define: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-shared", "-fPIC", "-pthread"]).arg(format!("-DX{define}"));
    if !define.is_empty() {
        cc.arg("-O2");
    }
    cc.arg("-I").arg(root.join("fusion-plugin/include")).arg("-o").arg(library);
    let status = cc.arg(root.join("examples/plugin-c/words.c")).status().unwrap();
    assert!(status.success());
}

fn fusion(project: &Project, args: &[&str]) -> Ran {
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    command.env("FUSION_CONFIG", project.path("config")).env("FUSION_DATA", project.path("data"));
    command.env_remove("FUSION_PLUGIN_PATH");
    project.finish(command.args(args))
}

fn list(project: &Project) -> Value {
    fusion(project, &["plugins", "list", "--json"]).json()["plugins"].clone()
}

#[test]
fn a_plugin_is_trusted_once_and_then_used_like_any_provider() {
    let (project, library) = project();
    let library = library.canonicalize().unwrap().display().to_string();
    assert_eq!(list(&project)[0]["state"], "not trusted");
    assert_eq!(list(&project)[0]["runs"], "process");
    let apart = fusion(&project, &["providers", "test", "plugin:words"]);
    assert_eq!(apart.code, 0, "{}", apart.stderr);
    assert!(
        apart.stdout.starts_with("words answered from a process of its own after "),
        "{}",
        apart.stdout
    );
    let seen = fusion(&project, &["plugins", "inspect", "words", "--json"]).json();
    assert_eq!((&seen["name"], &seen["library"]), (&json!("words"), &json!(library)));
    assert_eq!(seen.get("abi"), None, "it was loaded before it was trusted");

    let trusted = fusion(&project, &["plugins", "trust", "words"]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    assert!(trusted.stdout.starts_with("words 1.0.0 is trusted: [DIR]"), "{}", trusted.stdout);
    let seen = fusion(&project, &["plugins", "inspect", &library, "--json"]).json();
    assert_eq!((&seen["state"], &seen["abi"]), (&json!("trusted"), &json!("1.0")));
    assert_eq!(seen["runs"], "here");
    assert_eq!(seen["offers"], json!(["complete", "stream"]));

    let tried = fusion(&project, &["providers", "test", "plugin:words", "--json"]).json();
    assert_eq!(
        (&tried["text"], &tried["runs"]),
        (&json!("Answer with the single word: ready"), &json!("here"))
    );
    let file = "fusion: 1\nname: w\nnodes:\n  a:\n    model: \"plugin:words\"\n    with: { prompt: \"one two\" }\noutputs: { said: \"{{ nodes.a.text }}\" }\n";
    project.write("w.yaml", file);
    let run = fusion(&project, &["run", "w.yaml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("one two"), "{}", run.stdout);
}

#[test]
fn a_plugin_that_changed_is_refused_until_it_is_trusted_again() {
    let (project, library) = project();
    assert_eq!(fusion(&project, &["plugins", "trust", "words"]).code, 0);
    std::fs::remove_file(&library).unwrap();
    build(&library, "1");
    assert_eq!(list(&project)[0]["state"], "changed");
    let refused = fusion(&project, &["providers", "test", "plugin:words"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("has changed since it was trusted"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("hint: `fusion plugins list` shows the plugins"),
        "{}",
        refused.stderr
    );
    assert_eq!(list(&project)[0]["runs"], "refused");
    let again = fusion(&project, &["plugins", "trust", "words"]);
    assert!(again.stdout.contains("words 1.0.0 is trusted as it is now"), "{}", again.stdout);
    assert_eq!(fusion(&project, &["providers", "test", "plugin:words"]).code, 0);
    let revoked = fusion(&project, &["plugins", "trust", "words", "--revoke"]);
    assert_eq!(revoked.stdout, "[DIR]/.fusion/plugins/libwords.so is trusted no longer\n");
    assert_eq!(list(&project)[0]["runs"], "process");
}

#[test]
fn a_trusted_plugin_can_be_isolated() {
    let (project, library) = project();
    assert_eq!(fusion(&project, &["plugins", "trust", "words"]).code, 0);
    for wish in ["words", "other, all"] {
        let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
        command.env("FUSION_CONFIG", project.path("config")).env("FUSION_PLUGIN_ISOLATE", wish);
        let tried = project.finish(command.args(["providers", "test", "plugin:words:m", "--json"]));
        assert_eq!(tried.json()["runs"], "process", "{wish}: {}", tried.stderr);
    }
    let file = project.path(".fusion/plugins/words.plugin.json");
    let manifest =
        std::fs::read_to_string(&file).unwrap().replace("\"MIT\"", "\"MIT\", \"isolate\": true");
    std::fs::write(&file, manifest).unwrap();
    let seen =
        fusion(&project, &["plugins", "inspect", library.to_str().unwrap(), "--json"]).json();
    assert_eq!((&seen["state"], &seen["runs"]), (&json!("trusted"), &json!("process")));
    assert_eq!(seen.get("abi"), None, "it was loaded here");
}

#[test]
fn the_host_of_plugins_is_nothing_for_people() {
    let ran = Project::new().fusion("plugin-host");
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("this runs plugins for a program that uses Fusion"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_no_plugin_is_not_trusted() {
    let (project, library) = project();
    std::fs::remove_file(&library).unwrap();
    std::fs::write(&library, "something else").unwrap();
    let refused = fusion(&project, &["plugins", "trust", "words"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("it cannot be loaded"), "{}", refused.stderr);
    assert_eq!(list(&project)[0]["state"], "not trusted");
    let missing = fusion(&project, &["plugins", "inspect", "wards"]);
    assert!(missing.stderr.contains("no plugin is called `wards`: did you mean `words`?"));
    std::fs::write(project.path(".fusion/plugins/words.plugin.json"), "{").unwrap();
    let table = fusion(&project, &["plugins", "list"]);
    assert!(table.code == 0 && table.stdout.contains("broken"), "{}", table.stdout);
}
