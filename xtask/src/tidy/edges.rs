//! The table of allowed edges, crate to crate and floor to floor, and the rule that keeps them.

use super::paths::{Path, paths};
use super::{Finding, manifests};
use crate::tree::{Source, Tree, name_of};

/// Which of our crates a crate may depend on. A commit that adds an edge says why.
const CRATES: &[(&str, &[&str])] = &[
    // The crash file system is the simulator's disk; it knows nothing of us.
    ("fusion-core", &["fusion-crashfs"]),
    ("fusion-plugin", &["fusion-core"]),
    ("fusion-providers", &["fusion-core", "fusion-plugin"]),
    ("fusion-ops", &["fusion-core"]),
    ("fusion-server", &["fusion-core", "fusion-providers", "fusion-ops"]),
    ("fusion-cli", &["fusion-core", "fusion-providers", "fusion-ops", "fusion-server"]),
    ("fusion-py", &["fusion-core", "fusion-providers", "fusion-ops", "fusion-cli"]),
    ("fusion-node", &["fusion-core", "fusion-providers", "fusion-ops", "fusion-cli"]),
    ("fusion-conformance", &["fusion-core"]),
    ("fusion-crash", &["fusion-core"]),
    // What comes from services over HTTP is read by the providers.
    ("fusion-fuzz", &["fusion-core", "fusion-crashfs", "fusion-ops", "fusion-providers"]),
    // It measures how specifications are read.
    ("fusion-specs", &["fusion-ops"]),
    ("fusion-crashfs", &[]),
    ("fusion-benches", &["fusion-core", "fusion-ops", "fusion-providers"]),
    // A plugin; its tests load it as a program does.
    ("plugin-rust", &["fusion-core", "fusion-plugin", "fusion-providers"]),
    // A plugin in a workspace of its own.
    ("fusion-provider-local", &["fusion-core", "fusion-plugin"]),
    ("cart-object", &["fusion-core"]),
    ("three-languages", &["fusion-core"]),
    ("tool-servers", &["fusion-core", "fusion-providers"]),
    ("xtask", &[]),
];

/// Crates for tests, which anyone may name under `[dev-dependencies]`.
const TEST_CRATES: [&str; 2] = ["fusion-conformance", "fusion-crashfs"];

/// Which floors of `fusion-core` a floor may import. A commit that adds an edge says why.
const FLOORS: &[(&str, &[&str])] = &[
    // These two know one another: ids return errors, errors carry ids.
    ("model", &["error"]),
    ("error", &["model"]),
    ("graph", &["model", "error"]),
    // A workflow gives a definition, which is checked.
    ("contract", &["model", "error", "graph"]),
    ("schedule", &["model", "error", "contract", "graph"]),
    // The driver and the stores meet only through `contract`.
    ("run", &["model", "error", "contract", "graph", "schedule"]),
    ("record", &["model", "error", "contract"]),
    ("observe", &["model", "error", "contract", "graph", "schedule", "run", "record"]),
    ("agent", &["model", "error", "contract", "graph", "schedule", "run"]),
    ("coordination", &["model", "error", "contract", "graph", "schedule", "run", "agent"]),
    // Workspaces know no agent: who has one hands over its name.
    ("workspace", &["model", "error", "contract"]),
    ("object", &["model", "error", "contract", "graph", "schedule", "run"]),
    // The simulator stands on top of everything: a world drives the engine as a program does, through the façade.
    (
        "simulate",
        &[
            "model",
            "error",
            "contract",
            "graph",
            "schedule",
            "run",
            "record",
            "observe",
            "agent",
            "coordination",
            "object",
            "fusion",
        ],
    ),
    (
        "fusion",
        &[
            "model",
            "error",
            "contract",
            "graph",
            "schedule",
            "run",
            "record",
            "observe",
            "agent",
            "coordination",
            "object",
            "workspace",
        ],
    ),
];

/// Tests may stand on a real store, so that nothing has to be mocked.
const TEST_FLOORS: [&str; 1] = ["record"];

/// Floors without clock, randomness, file, network or runtime.
const PURE: [&str; 5] = ["model", "error", "contract", "graph", "schedule"];

/// What a pure floor may not name, by the beginning of its path.
const IMPURE: &[&str] = &[
    "tokio",
    "rand",
    "rusqlite",
    "rustix",
    "std::env",
    "std::fs",
    "std::io::stdin",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Checks both tables, and that the pure floors are pure.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = crates(tree);
    for source in tree.sources() {
        if let Some(modules) = modules_of(&source.path) {
            floors(source, &modules, &mut found);
        }
    }
    found
}

fn crates(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
        let Some(own) = manifests::name(text) else { continue };
        let Some((_, allowed)) = CRATES.iter().find(|(name, _)| *name == own) else {
            let what = format!("`{own}` is not in the table of crates: add it to tidy/edges.rs");
            found.push(Finding::new(path, 1, what));
            continue;
        };
        for used in manifests::dependencies(text) {
            let ours = CRATES.iter().any(|(name, _)| *name == used.name);
            let for_tests = used.dev && TEST_CRATES.contains(&used.name);
            if ours && used.name != own && !allowed.contains(&used.name) && !for_tests {
                let what = format!(
                    "`{own}` may not depend on `{}`: move the code, or add the edge to \
                     tidy/edges.rs and say why in the commit",
                    used.name
                );
                found.push(Finding::new(path, used.line, what));
            }
        }
    }
    found
}

/// The modules that a file of `fusion-core` stands in; nothing for the crate page and others.
fn modules_of(path: &str) -> Option<Vec<&str>> {
    let inner = path.strip_prefix("fusion-core/src/")?.strip_suffix(".rs")?;
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    (inner != "lib").then(|| inner.split('/').collect())
}

fn floors(source: &Source, modules: &[&str], found: &mut Vec<Finding>) {
    let Some(own) = modules.first() else { return };
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| name == own) else {
        let what = format!("`{own}` is not in the table of floors: add it to tidy/edges.rs");
        found.push(Finding::new(&source.path, 1, what));
        return;
    };
    let test_file = name_of(&source.path) == "tests.rs" || modules.contains(&"tests");
    for path in paths(&source.tokens) {
        let in_tests = test_file || path.in_tests;
        if PURE.contains(own) && !in_tests {
            found
                .extend(impure(&path, own).map(|what| Finding::new(&source.path, path.line, what)));
        }
        let Some(floor) = floor_of(&path, modules.len()) else { continue };
        if floor == *own || allowed.contains(&floor) {
            continue;
        }
        let what = if !FLOORS.iter().any(|(name, _)| *name == floor) {
            format!("`crate::{floor}` is no floor: name the floor where it is defined")
        } else if in_tests && TEST_FLOORS.contains(&floor) {
            continue;
        } else {
            format!(
                "`{own}` may not import `{floor}`: move the code, or add the edge to \
                 tidy/edges.rs and say why in the commit"
            )
        };
        found.push(Finding::new(&source.path, path.line, what));
    }
}

/// The floor that a path leads to when it starts at the crate's root, by `crate` or by `super`s.
fn floor_of(path: &Path, modules: usize) -> Option<&str> {
    let ups = path.parts.iter().take_while(|part| *part == "super").count();
    let first = path.parts.first()?;
    let skip = match ups {
        0 if first == "crate" => 1,
        0 => return None,
        ups if ups == modules.saturating_add(path.depth) => ups,
        _ => return None,
    };
    path.parts.get(skip).map(String::as_str)
}

fn impure(path: &Path, own: &str) -> Option<String> {
    let written = path.parts.join("::");
    let reached = IMPURE.iter().find(|start| {
        let rest = written.strip_prefix(**start);
        // A lone `rand` is a variable; `rand::random` is the crate.
        rest.is_some_and(|rest| rest.starts_with("::") || (rest.is_empty() && start.contains("::")))
    })?;
    Some(format!("`{own}` is pure and may not reach `{reached}`: hand the value in instead"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    #[test]
    fn crates_keep_their_edges() {
        let manifest = |uses: &str| format!("[package]\nname = \"fusion-ops\"\n\n{uses}\n");
        let fine = manifest(
            "[dependencies]\nfusion-core.workspace = true\n[dev-dependencies]\n\
             fusion-conformance = { workspace = true }",
        );
        let wrong = manifest("[dependencies]\nfusion-server = { workspace = true }");
        let at = "fusion-ops/Cargo.toml";
        assert_rule(check, &[(at, &fine)], &[(at, &wrong)], ("fusion-ops/Cargo.toml:5", "server"));
        let unknown = "[package]\nname = \"newcomer\"\n";
        let place = ("newcomer/Cargo.toml:1", "table of crates");
        assert_rule(check, &[], &[("newcomer/Cargo.toml", unknown)], place);
    }

    #[test]
    fn floors_keep_their_edges() {
        let at = "fusion-core/src/graph/check.rs";
        let fine = "//! x\nuse crate::{model::Id, error};\nuse super::build;\n\
                    mod tests { use crate::record; }\n";
        let word = ("fusion-core/src/graph/check.rs:2", "`graph` may not import `run`");
        assert_rule(
            check,
            &[(at, fine)],
            &[(at, "//! x\nuse crate::{model, run::Drive};\n")],
            word,
        );
        assert_rule(check, &[], &[(at, "//! x\nuse super::super::run::Drive;\n")], word);
        assert_rule(check, &[], &[(at, "//! x\nfn f() { m!(crate::run::x) }\n")], word);
        let unnamed = "//! x\nuse crate::Drive;\n";
        assert_rule(check, &[], &[(at, unnamed)], ("fusion-core/src/graph/check.rs:2", "no floor"));
        let floor = ("fusion-core/src/attic.rs:1", "table of floors");
        assert_rule(check, &[], &[("fusion-core/src/attic.rs", "//! x\n")], floor);
    }

    #[test]
    fn pure_floors_stay_pure() {
        let at = "fusion-core/src/schedule/decide.rs";
        let fine = "//! x\nuse std::time::Duration;\nfn f(rand: u8) { g(rand) }\n";
        let wrong = "//! x\nuse std::time::{Duration, Instant};\n";
        let place = ("fusion-core/src/schedule/decide.rs:2", "pure");
        assert_rule(check, &[(at, fine)], &[(at, wrong)], place);
        assert_rule(check, &[], &[(at, "//! x\nfn f() { tokio::spawn(g()); }\n")], place);
    }
}
