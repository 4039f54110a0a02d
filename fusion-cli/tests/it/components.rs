//! `fusion components` and `fusion spec analyze --auto-install`, on real folders.

use std::fs;

use crate::support::Project;

const SPEC: &str = "# Feature Specification: Shop\n\n## Requirements\n\n\
- **FR-001**: Users MUST be able to sign in with an e-mail address and a password.\n\
- **FR-002**: Users MUST be able to pay by credit card with Stripe, and get refunds.\n\
- **FR-003**: System MUST store orders in the PostgreSQL database.\n\
- **FR-004**: Every requirement MUST have automated unit tests.\n";

fn shop() -> Project {
    let project = Project::new();
    fs::create_dir_all(project.path("specs/001-shop")).unwrap();
    project.write("specs/001-shop/spec.md", SPEC);
    project.write(
        "specs/001-shop/tasks.md",
        "# Tasks\n\n## Phase 1: Setup\n\n- [ ] T001 Create the project in src/main.py\n",
    );
    project
}

/// A package in a folder of the project.
fn package(project: &Project, version: &str, rest: &str, text: &str) {
    let folder = format!("own/tool/{version}");
    fs::create_dir_all(project.path(&folder)).unwrap();
    let head = format!("name = \"tool\"\nversion = \"{version}\"\n");
    project.write(&format!("{folder}/component.toml"), format!("{head}{rest}"));
    project.write(&format!("{folder}/a"), text);
}

#[test]
fn they_are_listed_by_category_offline() {
    let project = Project::new();
    let all = project.fusion("--json components list").json();
    assert_eq!(all["components"].as_array().unwrap().len(), 25);
    for args in [
        "components list --category authentication --json",
        "components --list-available --category authentication --json",
    ] {
        let found = project.fusion(args).json();
        assert_eq!(found["components"][0]["name"], "auth", "{args}");
        assert_eq!(found["components"].as_array().unwrap().len(), 1);
    }
    assert!(project.fusion("components").stdout.contains("payments"));
    let shown = project.fusion("components show payments --json").json();
    assert_eq!(shown["specs"][0]["name"], "stripe");
    let text = project.fusion("components show payments --file specs/stripe/spec.md");
    assert!(text.stdout.contains("FR-STRIPE-001"));
    let wrong = project.fusion("components show paymnts");
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean `payments`?"), "{}", wrong.stderr);
    assert!(!project.path(".fusion").exists());
}

#[test]
fn one_is_added_looked_at_and_removed() {
    let project = Project::new();
    project.write(".env.example", "MINE=1");
    let dry = project.fusion("components add auth --dry-run --json").json();
    assert_eq!(dry["changed"], false);
    assert!(!project.path("fusion.lock").exists());
    let ran = project.fusion("components add auth");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let (database, auth) =
        (ran.stdout.find("+ database").unwrap(), ran.stdout.find("+ auth").unwrap());
    assert!(database < auth, "{}", ran.stdout);
    let plan = project.fusion("--json spec plan specs/components/auth/jwt-auth").json();
    assert_eq!(plan["problems"].as_array().unwrap().len(), 0);
    assert_eq!(plan["tasks"][0]["id"], "AUTH-101");
    assert_eq!(project.fusion("components verify").code, 0);
    assert_eq!(project.fusion("components add auth").stdout, "nothing to change\n");
    assert!(project.fusion("components tree").stdout.contains("auth 1.0.0\n  database 1.0.0"));
    let checks = project.fusion("components verify --checks --json");
    assert_eq!(checks.code, 1);
    let checks = checks.json();
    let found = checks["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "The secret that signs tokens is documented");
    assert_eq!(found.unwrap()["state"], "passed");
    fs::write(project.path("specs/components/auth/mfa/spec.md"), "mine").unwrap();
    let changed = project.fusion("components verify --json");
    assert_eq!(changed.code, 1);
    assert_eq!(changed.json()["problems"][0]["kind"], "changed");
    let refused = project.fusion("components remove database");
    assert_eq!(refused.code, 2, "{}", refused.all());
    assert!(refused.stderr.contains("is needed by auth"), "{}", refused.stderr);
    let gone = project.fusion("components remove auth");
    assert!(gone.stderr.contains("kept: specs/components/auth/mfa/spec.md"), "{}", gone.all());
    assert_eq!(fs::read_to_string(project.path(".env.example")).unwrap(), "MINE=1");
    assert!(
        !project.path("fusion.lock").exists()
            && !project.path("specs/components/database").exists()
    );
}

#[test]
fn what_a_specification_requires_is_added_once() {
    let project = shop();
    let ran = project.fusion("spec analyze specs/001-shop --auto-install --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told = ran.json();
    let all = told["components"].as_array().unwrap();
    for id in ["auth", "payments", "database", "testing"] {
        let one = all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no {id}"));
        assert_eq!(one["state"], "added");
    }
    assert_eq!(told["install"]["changed"], true);
    let plan = project.fusion("--json spec plan specs/001-shop").json();
    let tasks = plan["tasks"].as_array().unwrap();
    assert_eq!(plan["problems"].as_array().unwrap().len(), 0, "{plan:#}");
    let card = tasks.iter().find(|task| task["id"] == "PAY-105").unwrap();
    assert_eq!(card["requirements"][0], "FR-STRIPE-001");
    assert!(tasks[0]["id"] == "T001" && tasks.len() > 60, "{}", tasks.len());
    let lock = fs::read(project.path("fusion.lock")).unwrap();
    for args in [
        "spec analyze specs/001-shop --auto-install --json",
        "spec analyze . --auto-install --json",
        "components --install-required --spec specs/001-shop --json",
        "components add --install-required --spec specs/001-shop --json",
    ] {
        let again = project.fusion(args);
        assert_eq!(again.code, 0, "{}", again.all());
        let again = again.json();
        assert_eq!(again["install"]["changed"], false, "{args}: {again:#}");
        assert!(
            again["components"].as_array().unwrap().iter().all(|one| one["state"] == "installed"),
            "{again:#}"
        );
    }
    assert_eq!(fs::read(project.path("fusion.lock")).unwrap(), lock);
    let alone = project.fusion("--json spec analyze specs/001-shop").json();
    assert_eq!(
        alone["components"].as_array().unwrap().len(),
        all.len(),
        "tasks of components count as words"
    );
    assert_eq!(project.fusion("components verify").code, 0);
}

#[test]
fn edits_are_kept_by_an_upgrade() {
    let project = Project::new();
    let rest = "[[files]]\nfrom = \"a\"\nto = \"tool.txt\"\n";
    package(&project, "1.0.0", rest, "one\n");
    assert_eq!(project.fusion("components add tool --registry own").code, 0);
    package(&project, "1.1.0", rest, "two\n");
    let ran = project.fusion("components upgrade --registry own --json");
    assert_eq!(ran.json()["components"][0]["to"], "1.1.0");
    assert_eq!(fs::read_to_string(project.path("tool.txt")).unwrap(), "two\n");
    project.write("tool.txt", "mine\n");
    package(&project, "1.2.0", rest, "three\n");
    let ran = project.fusion("components upgrade tool --registry own");
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("kept: tool.txt (tool): it was edited here"), "{}", ran.all());
    assert_eq!(fs::read_to_string(project.path("tool.txt")).unwrap(), "mine\n");
}

#[test]
fn hooks_run_only_when_they_are_allowed() {
    let project = Project::new();
    let rest = "[[files]]\nfrom = \"a\"\nto = \"tool.txt\"\n[[hooks]]\non = \"after-add\"\ncommand = [\"sh\", \"-c\", \"cat tool.txt > ran\"]\n\
                [[checks]]\nname = \"it ran\"\ncommand = [\"test\", \"-f\", \"ran\"]\n";
    package(&project, "1.0.0", rest, "one\n");
    let ran = project.fusion("components add tool --registry own");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("not run: `sh -c"), "{}", ran.stderr);
    assert!(!project.path("ran").exists());
    let checks = project.fusion("components verify --checks --registry own --json").json();
    assert_eq!(checks["checks"][0]["state"], "skipped");
    let ran = project.fusion("components add tool --registry own --allow-hooks --json");
    assert_eq!(ran.json()["hooks"][0]["ok"], true, "{}", ran.all());
    assert_eq!(fs::read_to_string(project.path("ran")).unwrap(), "one\n");
    fs::remove_file(project.path("ran")).unwrap();
    assert_eq!(project.fusion("components add tool --registry own --allow-hooks").code, 0);
    assert!(!project.path("ran").exists(), "a hook ran twice");
    let checks = project.fusion("components verify --checks --allow-commands --registry own");
    assert_eq!(checks.code, 1, "{}", checks.all());
    let failing = rest
        .replace("cat tool.txt > ran", "echo broken >&2; exit 3")
        .replace("after-add", "after-upgrade");
    package(&project, "2.0.0", &failing, "one\n");
    let ran = project.fusion("components upgrade --registry own --allow-hooks");
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("exit code 3: broken"), "{}", ran.stderr);
}

#[test]
fn hostile_packages_are_named_and_harmless() {
    let project = Project::new();
    package(&project, "1.0.0", "[[files]]\nfrom = \"a\"\nto = \"../../escaped\"\n", "x");
    let ran = project.fusion("components add tool --registry own");
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("could lead out of the folder"), "{}", ran.stderr);
    let listed = project.fusion("components list --registry own --json").json();
    assert_eq!(listed["broken"][0]["code"], "FU0101");
    package(&project, "1.0.0", "description = \"\\u001b[2J\"\n", "x");
    let ran = project.fusion("components list --registry own");
    assert!(
        !ran.all().contains('\u{1b}') && ran.stderr.contains("control characters"),
        "{}",
        ran.all()
    );
}

/// Where the child works that is killed in the middle. Without the variable it is no test.
const CHILD: &str = "FUSION_TEST_COMPONENTS_KILLED";

#[test]
#[expect(clippy::disallowed_methods, reason = "the test hands its child what to do")]
fn child_that_is_killed_in_the_middle() {
    use fusion_ops::component::{Goal, Options, Project as Folder, Registry};
    let Ok(path) = std::env::var(CHILD) else { return };
    let folder = Folder::open(std::path::Path::new(&path)).unwrap();
    let goal = Goal::Add([("auth".to_owned(), "*".parse().unwrap())].into());
    let plan = folder.plan(&Registry::built_in(), &goal, &Options::default()).unwrap();
    let _ = folder.apply_watched(&plan, &mut |what| {
        if what.starts_with("move the new specs/components/auth/mfa/spec.md") {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
                .unwrap();
        }
        Ok(())
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test starts itself, to be killed")]
fn a_killed_change_is_undone_by_the_next_command() {
    use std::os::unix::process::ExitStatusExt as _;
    let project = Project::new();
    project.write(".env.example", "MINE=1");
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "components::child_that_is_killed_in_the_middle"])
        .env(CHILD, project.path(""))
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(9), "{}", String::from_utf8_lossy(&child.stdout));
    assert!(
        project.path(".fusion-change/journal").exists()
            && project.path("specs/components/auth/jwt-auth/spec.md").exists()
    );
    let ran = project.fusion("components tree");
    assert!(
        ran.stderr.contains("a change that was cut off by a crash was undone"),
        "{}",
        ran.all()
    );
    assert!(!project.path("specs").exists() && !project.path(".fusion-change").exists());
    assert_eq!(fs::read_to_string(project.path(".env.example")).unwrap(), "MINE=1");
    assert_eq!(project.fusion("components add auth").code, 0);
    assert_eq!(project.fusion("components verify").code, 0);
}

#[test]
fn the_schema_of_a_package_is_printed() {
    let schema = Project::new().fusion("schema component").json();
    assert_eq!(schema["required"][0], "name");
    assert_eq!(schema["properties"]["checks"]["items"]["oneOf"].as_array().unwrap().len(), 4);
}
