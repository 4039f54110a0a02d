//! Programs that are not there, and what a person is told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

async fn refusal(exec: Exec) -> String {
    let failure = run(exec).await.unwrap_err();
    assert!(failure.class.is_permanent(), "{failure:?}");
    failure.to_string()
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn no_such_program() {
    let text = refusal(command(&["fusion-no-such-thing"])).await;
    let path = "/usr/local/bin:/usr/bin:/bin";
    assert_eq!(
        text,
        format!("spawn: cannot start `fusion-no-such-thing`: not found in PATH ({path})")
    );
    let text = refusal(command(&["slepe"])).await;
    assert!(text.ends_with("did you mean `sleep`?"), "{text}");
    let mut exec = command(&["fusion-no-such-thing"]);
    exec.env.clear();
    let text = refusal(exec).await;
    assert!(
        text.ends_with("not found in /usr/local/bin:/usr/bin:/bin (its environment has no PATH)")
    );
}

#[tokio::test]
async fn a_shell_line_is_not_a_list_of_words() {
    let text = refusal(command(&["sort | uniq -c"])).await;
    assert!(text.contains("write [\"sh\", \"-c\", \"sort | uniq -c\"] for a shell"), "{text}");
    let text = refusal(command(&["source", "x"])).await;
    assert!(text.contains("`source` is a word of the shell"), "{text}");
}

#[tokio::test]
async fn no_program_at_all() {
    for argv in [&[][..], &[""], &["", "x"]] {
        let text = refusal(command(argv)).await;
        assert!(text.contains("it names no program"), "{text}");
    }
}

#[tokio::test]
async fn impossible_words_and_variables() {
    let text = refusal(command(&["echo", "a\0b"])).await;
    assert!(text.contains("an argument holds a NUL byte"), "{text}");
    let mut exec = command(&["echo"]);
    exec.env.insert("A=B".to_owned(), String::new());
    assert!(refusal(exec).await.contains("the variable \"A=B\""));
}

#[tokio::test]
async fn no_such_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    write(&file, "", 0o644);
    for (path, what) in [(folder.path().join("none"), "does not exist"), (file, "is not a folder")]
    {
        let mut exec = command(&["true"]);
        exec.cwd = Some(path.clone());
        let expected =
            format!("spawn: cannot start `true`: its working directory {} {what}", path.display());
        assert_eq!(refusal(exec).await, expected);
    }
}

#[tokio::test]
async fn files_that_are_no_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("plain"), "echo hello\n", 0o644);
    write(&path("lost"), "#!/no/such/interpreter -x\n", 0o755);
    write(&path("noise"), "\u{1}\u{2}\n", 0o755);
    let cases = [
        ("plain", "is not executable (`chmod +x` makes it so)"),
        ("lost", "begins with `#!/no/such/interpreter -x`, which does not exist"),
        ("noise", "is neither a program for this machine nor a script that begins with `#!`"),
        ("gone", "does not exist"),
        ("", "is a folder"),
    ];
    for (name, what) in cases {
        let text = refusal(command(&[path(name).to_str().unwrap()])).await;
        assert!(text.ends_with(what), "{name}: {text}");
    }
    let mut exec = command(&["plain"]);
    exec.env.insert("PATH".to_owned(), folder.path().to_str().unwrap().to_owned());
    assert!(refusal(exec).await.ends_with("plain is not executable (`chmod +x` makes it so)"));
}

#[tokio::test]
async fn relative_paths_start_at_the_working_directory_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("hello"), "#!/bin/sh\necho \"$0\"\n", 0o755);
    let mut exec = command(&["./hello"]);
    exec.cwd = Some(folder.path().to_owned());
    let text = String::from_utf8(run(exec.clone()).await.unwrap().stdout.to_vec()).unwrap();
    assert!(text.trim().ends_with("/hello"), "{text}");
    exec.argv = command(&["hello"]).argv;
    exec.env.insert("PATH".to_owned(), ".:/bin".to_owned());
    assert_eq!(run(exec).await.unwrap().code, Some(0));
}

#[tokio::test]
async fn more_arguments_than_the_system_takes() {
    let text = refusal(command(&["echo", &"x".repeat(4_000_000)])).await;
    assert!(text.contains("4000006 bytes of arguments"), "{text}");
    assert!(text.contains("give large data by stdin"), "{text}");
}
