//! Files of a folder, for an agent that means no good and one that is clumsy.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fusion_core::agent::Tool;
use fusion_providers::tools::Workspace;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hands::{Body, env, once, turns};

/// A folder with a workspace in it, and something beside it that nobody shall see.
fn folder() -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in/src")).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/secret"), "hidden").unwrap();
    let workspace = Workspace::open(folder.path().join("in")).unwrap();
    (folder, workspace)
}

fn tools(workspace: &Workspace) -> Vec<Tool> {
    workspace.clone().writable().tools(env())
}

#[tokio::test]
async fn files_are_written_read_listed_and_found() {
    let (folder, workspace) = folder();
    let tools = tools(&workspace);
    let text = (1..=30).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    let told = turns(
        &Arc::default(),
        &tools,
        &[
            &[("write_file", json!({"path": "notes/ünï/a.txt", "text": text}))],
            &[("read_file", json!({"path": "notes/ünï/a.txt", "from_line": 29}))],
            &[("read_file", json!({"path": "./notes//ünï/a.txt", "from_line": 2, "lines": 1}))],
            &[("list_files", json!({"depth": 3}))],
            &[("search_files", json!({"text": "line 3", "names": "*.txt"}))],
            &[("search_files", json!({"regex": "^line [12]$"}))],
            &[("search_files", json!({"names": "*.txt"}))],
            &[("search_files", json!({"text": "line 7", "path": "notes/ünï/a.txt"}))],
            &[(
                "replace_text",
                json!({"path": "notes/ünï/a.txt", "old": "line 30", "new": "the end"}),
            )],
            &[("read_file", json!({"path": "notes/ünï/a.txt", "from_line": 30}))],
            &[("delete_file", json!({"path": "notes/ünï/a.txt"}))],
            &[("delete_file", json!({"path": "notes/ünï/"}))],
            &[("search_files", json!({"names": "*.txt"}))],
        ],
    )
    .await
    .unwrap();
    let told: Vec<String> = told.into_iter().map(Result::unwrap).collect();
    insta::assert_snapshot!(told.join("\n---\n"), @r"
    wrote 230 bytes to `notes/ünï/a.txt`
    ---
    line 29
    line 30
    [lines 29-30 of 30]
    ---
    line 2
    [lines 2-2 of 30]
    ---
    notes/
    notes/ünï/
    notes/ünï/a.txt (230 bytes)
    src/
    ---
    notes/ünï/a.txt:3: line 3
    notes/ünï/a.txt:30: line 30
    ---
    notes/ünï/a.txt:1: line 1
    notes/ünï/a.txt:2: line 2
    ---
    notes/ünï/a.txt
    ---
    notes/ünï/a.txt:7: line 7
    ---
    replaced it 1 times in `notes/ünï/a.txt`
    ---
    the end
    [lines 30-30 of 30]
    ---
    `notes/ünï/a.txt` is deleted
    ---
    `notes/ünï/` is deleted
    ---
    [nothing]
    ");
    assert!(!folder.path().join("in/notes/ünï").exists());
}

#[tokio::test]
async fn nothing_leads_out() {
    let (folder, workspace) = folder();
    symlink("../out", folder.path().join("in/link")).unwrap();
    symlink("../out/secret", folder.path().join("in/file")).unwrap();
    symlink(folder.path().join("out"), folder.path().join("in/src/abs")).unwrap();
    symlink("loop", folder.path().join("in/loop")).unwrap();
    let tools = tools(&workspace);
    for path in [
        "../out/secret",
        "src/../../out/secret",
        "/etc/passwd",
        "//etc/passwd",
        "link/secret",
        "file",
        "src/abs/secret",
        "./link/secret",
        "link/../../out/secret",
        "loop",
        "loop/x",
        "a\0b",
        "..",
        "src/..",
        "\u{2024}\u{2024}/out/secret",
        "..\\out\\secret",
        "%2e%2e/out/secret",
        &"x/".repeat(3_000),
        &"x".repeat(300),
    ] {
        let read = once(&tools, "read_file", json!({"path": path})).await;
        assert!(!read.clone().unwrap_err().contains("hidden"), "{path}: {read:?}");
        let search = once(&tools, "search_files", json!({"path": path, "text": "hidden"})).await;
        assert!(!format!("{search:?}").contains("secret:1"), "{path}: {search:?}");
        let old =
            once(&tools, "replace_text", json!({"path": path, "old": "hidden", "new": "x"})).await;
        old.unwrap_err();
        let deep = format!("{path}/secret");
        let _ = once(&tools, "write_file", json!({"path": path, "text": "overwritten"})).await;
        let _ = once(&tools, "write_file", json!({"path": deep, "text": "overwritten"})).await;
        let _ = once(&tools, "delete_file", json!({"path": deep})).await;
    }
    let whole = once(&tools, "search_files", json!({"text": "hidden"})).await.unwrap();
    assert_eq!(whole, "[nothing]");
    assert_eq!(fs::read_to_string(folder.path().join("out/secret")).unwrap(), "hidden");
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let said = once(&tools, "read_file", json!({"path": "link/secret"})).await.unwrap_err();
    assert!(
        said.contains("`link` is a symbolic link to `../out`, and links are not followed"),
        "{said}"
    );
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "somebody else, who swaps while we look")]
async fn a_link_that_is_swapped_in_leads_nowhere() {
    let (folder, workspace) = folder();
    let inner = folder.path().join("in");
    fs::create_dir(inner.join("x")).unwrap();
    fs::write(inner.join("x/secret"), "shown").unwrap();
    symlink("../out", inner.join("other")).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (ends, at) = (over.clone(), inner.clone());
    // `x` is now the folder, now the link.
    let swapping = std::thread::spawn(move || {
        let mut swaps = 0_u32;
        while !ends.load(Ordering::SeqCst) {
            renameat_with(CWD, at.join("x"), CWD, at.join("other"), RenameFlags::EXCHANGE).unwrap();
            swaps += 1;
        }
        swaps
    });
    let tools = tools(&workspace);
    let mut seen = (0, 0);
    for _ in 0..400 {
        match once(&tools, "read_file", json!({"path": "x/secret"})).await {
            Ok(text) => {
                assert_eq!(text, "shown");
                seen.0 += 1;
            }
            Err(_) => seen.1 += 1,
        }
        let _ = once(&tools, "write_file", json!({"path": "x/made", "text": "made"})).await;
    }
    over.store(true, Ordering::SeqCst);
    assert!(swapping.join().unwrap() > 100);
    assert!(seen.0 > 0 && seen.1 > 0, "{seen:?}");
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_no_text_is_told_apart() {
    let (folder, workspace) = folder();
    let at = folder.path().join("in");
    fs::write(at.join("binary"), b"\x7fELF\0\0").unwrap();
    fs::write(at.join("latin"), b"gr\xfcn\n").unwrap();
    fs::write(at.join("empty"), "").unwrap();
    fs::write(at.join("long"), "x".repeat(100_000)).unwrap();
    fs::write(at.join("huge"), vec![b'x'; 9 * 1024 * 1024]).unwrap();
    fs::write(at.join("line\nbreak"), "").unwrap();
    pipe(&at.join("pipe"));
    let tools = tools(&workspace);
    let read = |path: &str| {
        let (tools, path) = (tools.clone(), path.to_owned());
        async move { once(&tools, "read_file", json!({"path": path})).await }
    };
    assert!(read("binary").await.unwrap_err().contains("is no text: it has 6 bytes"));
    assert_eq!(
        read("latin").await.unwrap(),
        "gr\u{fffd}n\n\n[what is no UTF-8 is shown as \u{fffd}]"
    );
    assert_eq!(read("empty").await.unwrap(), "[the file is empty]");
    assert!(read("long").await.unwrap().contains("[line 1 has 100000 bytes: cut here]"));
    assert!(read("huge").await.unwrap_err().contains("more than 8388608 bytes"));
    assert!(read("pipe").await.unwrap_err().contains("is not read"));
    assert!(read("src").await.unwrap_err().contains("is not read"));
    assert!(read("nothing").await.unwrap_err().contains("there is no `nothing`"));
    assert!(read("empty/x").await.unwrap_err().contains("`empty` is no folder"));
    let listed = once(&tools, "list_files", json!({})).await.unwrap();
    assert!(
        listed.contains("\"line\\nbreak\" (0 bytes)") && listed.contains("pipe (neither"),
        "{listed}"
    );
    for (path, old) in [("latin", "n"), ("empty", "x"), ("empty", "")] {
        once(&tools, "replace_text", json!({"path": path, "old": old, "new": ""}))
            .await
            .unwrap_err();
    }
    let large = json!({"path": "large", "text": "x".repeat(5 * 1024 * 1024)});
    assert!(once(&tools, "write_file", large).await.unwrap_err().contains("too large"));
    for path in ["src", "pipe", "", "x/"] {
        once(&tools, "write_file", json!({"path": path, "text": "x"})).await.unwrap_err();
    }
}

fn pipe(path: &std::path::Path) {
    #[expect(clippy::disallowed_methods, reason = "a part of the test's world")]
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn who_may_read_cannot_write() {
    let (_folder, workspace) = folder();
    let tools = workspace.clone().named("docs").tools(env());
    let names: Vec<&str> = tools.iter().map(|tool| tool.about().name.as_str()).collect();
    assert_eq!(names, ["docs_list_files", "docs_read_file", "docs_search_files"]);
    let told = once(&tools, "write_file", json!({"path": "a", "text": "a"})).await.unwrap_err();
    assert!(told.contains("there is no tool `write_file`"), "{told}");
}

#[tokio::test]
async fn a_repeated_change_is_made_once() {
    let (folder, workspace) = folder();
    let at = folder.path().join("in/a");
    fs::write(&at, "a b").unwrap();
    fs::set_permissions(&at, fs::Permissions::from_mode(0o754)).unwrap();
    let tools = tools(&workspace);
    // What it writes has what it looks for: made twice it would be another text.
    let call: &[(&str, Value)] = &[("replace_text", json!({"path": "a", "old": "a", "new": "aa"}))];
    let body = Arc::new(Body::default());
    *body.dies_at.lock().unwrap() = Some("turn/0/call/0".to_owned());
    assert_eq!(turns(&body, &tools, &[call]).await.unwrap_err().message, "killed");
    assert_eq!(fs::read_to_string(&at).unwrap(), "aa b");
    let told = turns(&body, &tools, &[call]).await.unwrap();
    assert_eq!(told, [Ok("replaced it 1 times in `a`".to_owned())]);
    assert_eq!(fs::read_to_string(&at).unwrap(), "aa b");
    assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o754);

    // Somebody else changed it meanwhile: nothing is guessed.
    let body = Arc::new(Body::default());
    *body.dies_at.lock().unwrap() = Some("turn/0/call/0".to_owned());
    turns(&body, &tools, &[&[("replace_text", json!({"path": "a", "old": "b", "new": "c"}))]])
        .await
        .unwrap_err();
    fs::write(&at, "other").unwrap();
    let told =
        turns(&body, &tools, &[&[("replace_text", json!({"path": "a", "old": "b", "new": "c"}))]])
            .await;
    assert!(told.unwrap()[0].as_ref().unwrap_err().contains("changed by somebody else"));
}

#[tokio::test]
async fn changes_of_one_answer_do_not_lose_one_another() {
    let (folder, workspace) = folder();
    let words: Vec<String> = (0..8).map(|n| format!("word{n};")).collect();
    fs::write(folder.path().join("in/a"), words.concat()).unwrap();
    let calls: Vec<(&str, Value)> = words
        .iter()
        .map(|word| ("replace_text", json!({"path": "a", "old": word, "new": "done;"})))
        .collect();
    turns(&Arc::default(), &tools(&workspace), &[&calls]).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("in/a")).unwrap(), "done;".repeat(8));
    assert_eq!(fs::read_dir(folder.path().join("in")).unwrap().count(), 2);
}

#[tokio::test]
async fn a_large_tree_ends() {
    let (folder, workspace) = folder();
    for n in 0..700 {
        fs::write(folder.path().join(format!("in/src/{n:04}")), "needle").unwrap();
    }
    fs::create_dir_all(folder.path().join("in/target/debug")).unwrap();
    fs::write(folder.path().join("in/target/debug/x"), "needle").unwrap();
    let tools = tools(&workspace);
    let found = once(&tools, "search_files", json!({"text": "needle"})).await.unwrap();
    assert!(
        found.ends_with("[there are more than 500: ask for less]") && !found.contains("target"),
        "{found}"
    );
    let named =
        once(&tools, "search_files", json!({"text": "needle", "path": "target"})).await.unwrap();
    assert_eq!(named, "target/debug/x:1: needle");
    let wrong = once(&tools, "search_files", json!({"regex": "("})).await.unwrap_err();
    assert!(wrong.contains("`regex` cannot be read"), "{wrong}");
}

#[tokio::test]
async fn a_folder_is_made_for_nobody_else() {
    let (folder, _) = folder();
    let made = Workspace::create(folder.path().join("new/one")).unwrap();
    assert_eq!(fs::metadata(made.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let missing = Workspace::open(folder.path().join("nowhere")).unwrap_err();
    assert!(missing.message.contains("nowhere cannot be opened"), "{missing}");
    Workspace::open(folder.path().join("out/secret")).unwrap_err();
}
