//! `fusion init`: each mode, going up, twice, over what is somebody's own, and in the way of others.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Project;

/// What needs testing, auth and a database, so that a higher mode has all that a lower one adds.
const SHOP: &str = "# Feature Specification: Shop\n\n## Requirements\n\n\
- **FR-001**: Users MUST be able to sign in with a name and a password.\n\
- **FR-002**: Users MUST be able to pay by credit card with Stripe, and get refunds.\n\
- **FR-003**: System MUST store orders in the PostgreSQL database.\n\
- **FR-004**: Every requirement MUST have automated unit tests.\n";

/// A folder with a specification outside of every project.
pub(crate) fn outside(project: &Project) -> String {
    fs::create_dir_all(project.path("given/001-shop")).unwrap();
    project.write("given/001-shop/spec.md", SHOP);
    project
        .write("given/001-shop/tasks.md", "# Tasks\n\n- [ ] T001 Begin in src/main.py (FR-003)\n");
    "given/001-shop".to_owned()
}

/// All files below a folder by their paths, but for what is not for version control.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == ".fusion") {
                continue;
            }
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// What stands in a file, whatever the order of its lines: components put theirs at the end when they come.
fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn names(value: &Value, key: &str) -> Vec<String> {
    let all = value.as_array().unwrap();
    all.iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
}

/// A mode, what is added, and how many agents, checks and environments there are.
type Line = (&'static str, &'static [&'static str], usize, &'static str, usize, usize);

#[test]
fn each_mode_yields_its_components_agents_checks_and_environments() {
    let project = Project::new();
    let spec = outside(&project);
    let required: &[&str] = &["api", "auth", "database", "payments", "testing"];
    let more: &[&str] =
        &["analytics", "api", "auth", "database", "monitoring", "payments", "testing"];
    let five = ["copilot", "claude", "codex", "qwen", "gemini"];
    let all_checks = [
        "files",
        "placeholders",
        "checks",
        "syntax",
        "tests",
        "coverage",
        "success",
        "every",
        "must",
        "components",
    ];
    let table: [Line; 4] = [
        ("prototype", &[], 1, "minimal", 3, 1),
        ("mvp", &["auth", "database", "testing"], 2, "standard", 5, 2),
        ("production", required, 4, "comprehensive", 8, 3),
        ("scale", more, 5, "enterprise", 10, 4),
    ];
    for (mode, components, agents, level, checks, environments) in table {
        let args = ["--json", "init", mode, "--from-spec", &spec, "--mode", mode];
        let dry = project.args(&[&args[..], &["--dry-run"]].concat());
        assert_eq!(dry.code, 0, "{}", dry.all());
        assert!(!project.path(mode).exists(), "a dry run leaves nothing behind");
        let ran = project.args(&args);
        assert_eq!(ran.code, 0, "{}", ran.all());
        for told in [dry.json(), ran.json()] {
            let mut added = names(&told["install"]["components"], "name");
            added.sort();
            assert_eq!(added, components, "{mode}");
            assert_eq!(names(&told["agents"], "agent"), five[..agents], "{mode}");
            assert_eq!((&told["qa"], &told["mode"]), (&json!(level), &json!(mode)));
            assert_eq!(told["checks"], json!(all_checks[..checks]), "{mode}");
            let all = ["local", "staging", "production", "global"];
            assert_eq!(told["environments"], json!(all[..environments]), "{mode}");
        }
        assert_eq!(ran.json()["changed"], true);
        let made = files(&project.path(mode));
        assert_eq!(made.contains_key("fusion.lock"), !components.is_empty(), "{mode}");
        for file in [
            "fusion.toml",
            "specs/001-shop/spec.md",
            "specs/001-shop/build.yaml",
            "specs/001-shop/workflow.yaml",
        ] {
            assert!(made.contains_key(file), "{mode} has no {file}");
        }
        // The plan is one that runs, and what it says to type next works.
        let next = ran.json()["next"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect::<Vec<_>>();
        let next = next.join(" && ").replace("fusion ", "\"$FUSION\" ");
        let typed = project.shell(&next);
        assert_eq!(typed.code, 0, "{next}: {}", typed.all());
        // Again: nothing.
        let again = project.args(&["--json", "init", mode]);
        assert_eq!((again.code, &again.json()["changed"]), (0, &json!(false)), "{}", again.all());
        assert_eq!(files(&project.path(mode)), made, "{mode}");
        let said = project.args(&["init", mode, "--from-spec", &spec]);
        assert!(said.stdout.contains("nothing to change"), "{}", said.all());
        assert_eq!(files(&project.path(mode)), made, "{mode}");
    }
}

#[test]
fn going_up_adds_and_comes_to_the_same() {
    let project = Project::new();
    let spec = outside(&project);
    let up = |folder: &str, mode: &str| {
        let ran = project.args(&["init", folder, "--from-spec", &spec, "--mode", mode]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        files(&project.path(folder))
    };
    let modes = ["prototype", "mvp", "production", "scale"];
    let mut before: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for mode in modes {
        let now = up("slow/p", mode);
        for (name, bytes) in &before {
            let there = now.get(name).unwrap_or_else(|| panic!("{mode} took {name}"));
            let joined = ["fusion.lock", "fusion.toml", ".env.example"].contains(&name.as_str())
                || name.ends_with("workflow.yaml");
            if name.ends_with("tasks.md") {
                assert!(there.starts_with(bytes.as_slice()), "{mode} changed {name}");
            } else if !joined {
                assert!(there == bytes, "{mode} changed {name}");
            }
        }
        before = now;
    }
    let (slow, fast) = (before, up("fast/p", "scale"));
    assert_eq!(slow.keys().collect::<Vec<_>>(), fast.keys().collect::<Vec<_>>());
    for (name, bytes) in &slow {
        if name.ends_with("tasks.md") || name == ".env.example" {
            assert_eq!(lines(bytes), lines(&fast[name]), "{name}");
        } else if name.ends_with("workflow.yaml") {
            assert_eq!(lines(bytes).len(), lines(&fast[name]).len(), "{name}");
        } else {
            assert!(*bytes == fast[name], "{name}");
        }
    }
    let refused = project.args(&["init", "slow/p", "--mode", "mvp"]);
    assert_eq!(refused.code, 2, "{}", refused.all());
    assert!(refused.stderr.contains("does not go back to mvp"), "{}", refused.stderr);
    assert_eq!(files(&project.path("slow/p")), slow);
}

#[test]
fn a_project_begins_with_pages_to_fill_in() {
    let project = Project::new();
    let ran = project.args(&["init", "Ärger & Söhne", "--mode", "mvp"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let next = ran.stderr.lines().find_map(|line| line.strip_prefix("next: ")).unwrap();
    assert!(next.starts_with("cd 'Ärger & Söhne' && fusion spec validate specs/001-"), "{next}");
    let typed = project.shell(&next.replace("fusion ", "\"$FUSION\" "));
    assert_eq!(typed.code, 0, "{}", typed.all());
    let made = files(&project.path("Ärger & Söhne"));
    assert!(made.contains_key("specs/components/auth/jwt-auth/tasks.md"), "{:?}", made.keys());
    let spec = made.keys().find(|name| name.ends_with("/spec.md") && !name.contains("components"));
    let spec = spec.unwrap().trim_end_matches("/spec.md").to_owned();
    // When it says what is wanted, tasks are made of that and of what the components ask for.
    let root = project.path("Ärger & Söhne");
    fs::write(root.join(&spec).join("spec.md"), SHOP).unwrap();
    let again = project.args(&["--json", "init", "Ärger & Söhne"]);
    assert_eq!(again.code, 0, "{}", again.all());
    let tasks = fs::read_to_string(root.join(&spec).join("tasks.md")).unwrap();
    assert!(tasks.contains("(FR-002)") && tasks.contains("Component auth"), "{tasks}");
    assert!(root.join(&spec).join("workflow.yaml").is_file());
    let third = project.args(&["--json", "init", "Ärger & Söhne"]).json();
    assert_eq!(third["changed"], false, "{third:#}");
}

#[test]
fn what_is_somebodys_own_stays() {
    let project = Project::new();
    fs::create_dir_all(project.path("specs/007-shop/checklists")).unwrap();
    fs::create_dir_all(project.path(".specify/memory")).unwrap();
    let own = [
        (".specify/memory/constitution.md", "# Constitution\n"),
        ("specs/007-shop/spec.md", SHOP),
        (
            "specs/007-shop/tasks.md",
            "# Tasks\n\n- [x] T001 Begin in src/main.py\n- [ ] T002 Go on (FR-001)\n",
        ),
        ("specs/007-shop/build.yaml", "build: 1\nattempts: 1\ngates: { tests: false }\n"),
        ("specs/007-shop/workflow.yaml", "# mine\n"),
        ("specs/007-shop/checklists/ux.md", "- [ ] fine\n"),
        ("specs/components/auth/mfa/spec.md", "mine\n"),
        (
            "fusion.toml",
            "# ours\nname = \"Shop\"\n\n[modes.mvp]\ncomponents = [\"core\", \"auth\"]\n",
        ),
    ];
    fs::create_dir_all(project.path("specs/components/auth/mfa")).unwrap();
    for (name, text) in own {
        project.write(name, text);
    }
    let ran = project.args(&["init", "--mode", "mvp"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for kept in ["kept: specs/007-shop/workflow.yaml", "kept: specs/components/auth/mfa/spec.md"] {
        assert!(ran.stderr.contains(kept), "{}", ran.all());
    }
    let made = files(&project.path("."));
    for (name, text) in own {
        let now = String::from_utf8(made[name].clone()).unwrap();
        match name {
            "fusion.toml" => {
                assert_eq!(now, format!("mode = \"mvp\"\nspec = \"specs/007-shop\"\n{text}"));
            }
            "specs/007-shop/tasks.md" => assert!(now.starts_with(text), "{now}"),
            _ => assert_eq!(now, text, "{name}"),
        }
    }
    // The project said that it wants no testing.
    let lock = String::from_utf8(made["fusion.lock"].clone()).unwrap();
    assert!(lock.contains("auth") && !lock.contains("component.testing"), "{lock}");
    // What its build.yaml says comes before what the mode asks for.
    let covered = project.args(&["--json", "spec", "coverage", "specs/007-shop"]).json();
    assert_eq!(covered["mode"]["qa"], "standard");
    let gates = names(&covered["refused"], "gate");
    assert!(!gates.contains(&"tests".to_owned()), "{gates:?}");
}

#[test]
fn what_is_in_the_way_is_said_and_left() {
    let project = Project::new();
    let spec = outside(&project);
    let refused = |folder: &str, wanted: &str| {
        let before = files(&project.path("."));
        let ran = project.args(&["init", folder, "--from-spec", &spec, "--mode", "mvp"]);
        assert_eq!(ran.code, 2, "{wanted}: {}", ran.all());
        assert!(ran.stderr.contains(wanted), "{wanted}: {}", ran.all());
        let after = files(&project.path("."));
        for (name, bytes) in before {
            assert!(after[&name] == bytes, "{name} was touched");
        }
    };
    project.write("file", "mine");
    refused("file", "is a file");
    fs::create_dir_all(project.path("a/fusion.toml")).unwrap();
    refused("a", "fusion.toml` is a folder");
    fs::create_dir_all(project.path("b")).unwrap();
    project.write("b/fusion.toml", "mode = \"mpv\"\n");
    refused("b", "unknown variant `mpv`");
    fs::create_dir_all(project.path("h")).unwrap();
    project.write("h/fusion.toml", "[modes.mvp]\ncomponents = [\"core\", \"autth\"]\n");
    refused("h", "did you mean `auth`?");
    assert_eq!(fs::read_dir(project.path("h")).unwrap().count(), 1, "nothing was begun");
    fs::create_dir_all(project.path("c")).unwrap();
    project.write("c/.fusion", "mine");
    refused("c", "is no folder");
    fs::create_dir_all(project.path("d/specs/001-shop")).unwrap();
    project.write("d/specs/001-shop/spec.md", "# Another\n");
    refused("d", "is another specification");
    assert!(!project.path("d/fusion.toml").exists(), "nothing was begun");
    #[cfg(unix)]
    {
        fs::create_dir_all(project.path("elsewhere")).unwrap();
        fs::create_dir_all(project.path("e")).unwrap();
        std::os::unix::fs::symlink(project.path("elsewhere"), project.path("e/specs")).unwrap();
        refused("e", "is a link");
        assert!(!project.path("e/fusion.toml").exists(), "nothing was begun");
        fs::create_dir_all(project.path("f")).unwrap();
        std::os::unix::fs::symlink(project.path("elsewhere/x"), project.path("f/fusion.toml"))
            .unwrap();
        refused("f", "is a link");
        assert_eq!(fs::read_dir(project.path("elsewhere")).unwrap().count(), 0);
    }
    let none = project.args(&["init", "g", "--from-spec", "nowhere"]);
    assert!(none.code == 2 && none.stderr.contains("there is no folder nowhere"), "{}", none.all());
    let two = Project::new();
    for name in ["001-a", "002-b"] {
        fs::create_dir_all(two.path("specs").join(name)).unwrap();
        two.write(&format!("specs/{name}/spec.md"), SHOP);
    }
    let ran = two.args(&["init"]);
    assert!(ran.code == 2 && ran.stderr.contains("`--from-spec`"), "{}", ran.all());
    assert!(!two.path("fusion.toml").exists());
    assert_eq!(two.args(&["init", "--from-spec", "specs/002-b"]).code, 0);
    assert_eq!(two.args(&["init"]).code, 0, "it knows which one");
}

/// Whatever a specification requires, a higher mode has every file of the lower ones, and every component and agent.
#[test]
fn no_mode_takes_anything_away() {
    for (at, asks) in [
        "",
        "- **FR-001**: Users MUST upload pictures of 10 MB and search them by words\n",
        "- **FR-001**: Readers MUST see all posts\n- **FR-002**: The team MUST be told of every error by e-mail\n",
        "- **FR-001**: System MUST translate all pages into three languages and cache them\n",
    ]
    .into_iter()
    .enumerate()
    {
        let project = Project::new();
        fs::create_dir_all(project.path("specs/001-it")).unwrap();
        project.write("specs/001-it/spec.md", format!("# It {at}\n\n## Requirements\n\n{asks}"));
        let (mut before, mut had): (Vec<String>, Vec<String>) = Default::default();
        let mut agents = 0;
        for mode in ["prototype", "mvp", "production", "scale"] {
            let ran = project.args(&["--json", "init", "--mode", mode]);
            assert_eq!(ran.code, 0, "{at} {mode}: {}", ran.all());
            let told = ran.json();
            let enlisted = names(&told["agents"], "agent").len();
            let now: Vec<String> = files(&project.path(".")).into_keys().collect();
            let tree = project.args(&["--json", "components", "tree"]).json();
            let tree = tree["components"].as_object().unwrap();
            let has: Vec<String> = tree.keys().cloned().collect();
            assert!(before.iter().all(|name| now.contains(name)), "{at} {mode}: {before:?} {now:?}");
            assert!(had.iter().all(|name| has.contains(name)), "{at} {mode}: {had:?} {has:?}");
            assert!(agents < enlisted, "{at} {mode}");
            assert_eq!(project.args(&["components", "verify"]).code, 0, "{at} {mode}");
            (before, had, agents) = (now, has, enlisted);
        }
    }
}

/// Killed between the pages to begin with, in any order of them.
#[test]
fn pages_that_a_crash_left_alone_are_made_whole() {
    let project = Project::new();
    assert_eq!(project.fusion("init . --mode prototype").code, 0);
    let folder = std::fs::read_dir(project.path("specs")).unwrap().flatten().next().unwrap().path();
    let whole = std::fs::read(folder.join("spec.md")).unwrap();
    std::fs::remove_file(folder.join("spec.md")).unwrap();
    std::fs::remove_file(folder.join("tasks.md")).unwrap();
    let again = project.fusion("init . --mode prototype");
    assert_eq!(again.code, 0, "{}", again.all());
    assert_eq!(std::fs::read(folder.join("spec.md")).unwrap(), whole);
    assert!(folder.join("tasks.md").is_file());
}

#[cfg(unix)]
#[test]
fn a_link_in_a_specification_from_outside_is_refused() {
    let (project, outside) = (Project::new(), Project::new());
    std::fs::create_dir_all(outside.path("login")).unwrap();
    outside.write("login/spec.md", "# Login\n\n- **FR-001**: Users MUST sign in\n");
    outside.write("secret", "not for projects\n");
    std::os::unix::fs::symlink(outside.path("secret"), outside.path("login/research.md")).unwrap();
    let from = outside.path("login").display().to_string();
    let told = project.args(&["init", ".", "--from-spec", &from]);
    assert!(told.code == 2 && told.stderr.contains("research.md is a link"), "{}", told.all());
    assert!(!project.path("specs").exists() && !project.path("fusion.toml").exists());
}
