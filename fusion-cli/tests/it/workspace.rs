//! `fusion workspace`: from the first snapshot to the end.

use serde_json::json;

use crate::support::Project;

fn project() -> Project {
    let project = Project::new();
    std::fs::create_dir(project.path(".fusion")).unwrap();
    project.write("w.tar", archive());
    project
}

/// A tar file with one file, as `tar` writes it.
#[expect(clippy::disallowed_methods, reason = "an archive that is not of our making")]
fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("projects")).unwrap();
    std::fs::write(folder.path().join("projects/a.txt"), "one").unwrap();
    let made = std::process::Command::new("tar")
        .args(["-cf", "-", "projects/a.txt"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    made.stdout
}

#[test]
fn a_workspace_from_its_beginning_to_its_end() {
    let project = project();
    assert_eq!(project.fusion("workspace list").stdout, "no agent has a workspace here\n");
    assert_eq!(project.fusion("workspace archive @w w.tar --unpack").code, 0);
    let file = project.path(".fusion/workspaces/agents/@w/projects/a.txt");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
    let taken = project.fusion("workspace snapshot @w --json").json();
    assert_eq!((&taken["number"], &taken["bytes"]), (&json!(1), &json!(3)));

    std::fs::write(&file, "two").unwrap();
    std::fs::write(file.with_file_name("b.txt"), "new").unwrap();
    let diff = project.fusion("workspace diff @w");
    assert_eq!(diff.stdout, "changed projects/a.txt\nadded   projects/b.txt\n");
    let diff = project.fusion("workspace diff @w 1 --json").json();
    assert_eq!(diff["changes"][1], json!({"path": "projects/b.txt", "kind": "added"}));
    assert_eq!(project.fusion("workspace diff @w 1 1").stdout, "nothing is different\n");

    let list = project.fusion("workspace list --json").json();
    assert_eq!(list["workspaces"][0]["usage"], json!({"bytes": 6, "files": 2}));
    let show = project.fusion("workspace show @w").stdout;
    assert!(show.contains("snapshots: 1\n") && show.contains("  projects/b.txt\n"), "{show}");

    assert_eq!(project.fusion("workspace restore @w 1").code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
    let archived = project.fusion("workspace archive @w again.tar --json").json();
    assert_eq!(archived["hash"], taken["hash"]);

    let refused = project.fusion("workspace clean @w");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(project.fusion("workspace clean @w --snapshot 1 --yes").code, 0);
    assert_eq!(project.fusion("workspace restore @w 1").code, 2);
    assert_eq!(project.fusion("workspace clean @w --yes").code, 0);
    assert!(!file.exists());
}

#[test]
fn what_is_not_there_is_named() {
    let project = project();
    for (line, word) in [
        ("workspace show nobody", "`nobody` has no workspace"),
        ("workspace show ../x", "no name of an agent's workspace"),
        ("workspace archive @w nothing.tar --unpack", "nothing.tar"),
    ] {
        let ran = project.fusion(line);
        assert_ne!(ran.code, 0, "{line}");
        assert!(ran.stderr.contains(word), "{line}: {}", ran.stderr);
    }
}

#[test]
fn the_doctor_says_which_layers_of_the_sandbox_there_are() {
    let project = Project::with("nodes: { a: { command: [\"true\"] } }\n");
    assert_eq!(project.fusion("run w.yaml").code, 0);
    let doctor = project.fusion("doctor --json").json();
    let level = doctor["sandbox"]["level"].as_str().unwrap();
    assert!(["strict", "weaker", "none"].contains(&level), "{level}");
    assert_eq!(level == "strict", cfg!(target_os = "linux"), "{}", doctor["sandbox"]);
}
