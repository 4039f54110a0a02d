//! Agents that are programs on the command line, when `fusion` is killed while they are at work.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::control::signal;
use crate::support::Project;

/// Notes its start with its process and its key, works until there is a file `go`, and says who it was.
const PROGRAM: &str = "#!/bin/sh
cat > /dev/null
echo \"$1 $$ $FUSION_IDEMPOTENCY_KEY $(pwd)\" >> \"$LEDGER\"
[ \"$1\" = slow ] && while [ ! -e \"$LEDGER.go\" ]; do sleep 0.05; done
echo \"made by $1\" > made
echo \"I was $1\"
";

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Began {
    who: String,
    process: String,
    key: String,
    folder: String,
}

fn ledger(project: &Project) -> Vec<Began> {
    let text = std::fs::read_to_string(project.path("ledger")).unwrap_or_default();
    let began = |line: &str| {
        let mut words = line.splitn(4, ' ').map(str::to_owned);
        let mut next = || words.next().unwrap_or_default();
        Began { who: next(), process: next(), key: next(), folder: next() }
    };
    text.lines().map(began).collect()
}

fn project() -> Project {
    let project = Project::with(
        "nodes:\n  \
         quick: { agent: { program: quick, mode: edit }, with: Hi }\n  \
         slow: { agent: { program: slow, mode: edit }, with: Hi, needs: [quick] }\n\
         outputs: { said: \"{{ nodes.slow.text }}\", files: \"{{ nodes.slow.files }}\", asked: \"{{ nodes.quick.text }}\" }\n",
    );
    project.write("program", PROGRAM);
    let program = project.path("program");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir_all(project.path(".fusion/commands")).unwrap();
    for name in ["quick", "slow"] {
        let dialect = json!({
            "dialect": 1, "name": name, "argv": [program, name], "output": "text",
            "modes": { "edit": {} }, "env": { "LEDGER": project.path("ledger") },
        });
        project.write(&format!(".fusion/commands/{name}.json"), dialect.to_string());
    }
    project
}

/// Whether a process works; one that is dead and that nobody asked for its end has no command line.
fn works(process: &str) -> bool {
    let line = std::fs::read(Path::new("/proc").join(process).join("cmdline"));
    line.is_ok_and(|line| !line.is_empty())
}

#[test]
fn a_killed_run_asks_only_the_agent_again_that_was_at_work_and_ends_the_old_one_first() {
    let project = project();
    let id = project.id();
    let child = project.start(&format!("run w.yaml --id {id}"));
    project.until(&format!("runs show {id} --json"), |_| ledger(&project).len() == 2);
    signal(&child, "KILL");
    project.ran(&child.wait_with_output().unwrap());
    let old = ledger(&project).pop().unwrap();

    let recovering = project.start("recover --json");
    project.until(&format!("runs show {id} --json"), |_| ledger(&project).len() == 3);
    // The old one would otherwise change files under the new one's hands.
    assert!(!works(&old.process), "{old:?} still works");
    project.write("ledger.go", "");
    let recovered = project.ran(&recovering.wait_with_output().unwrap());
    assert_eq!(recovered.json()["runs"][0]["status"], "succeeded", "{}", recovered.all());

    let who: Vec<String> = ledger(&project).into_iter().map(|began| began.who).collect();
    assert_eq!(who, ["quick", "slow", "slow"], "what was recorded is not asked again");
    let new = ledger(&project).pop().unwrap();
    assert_eq!((&new.key, &new.folder), (&old.key, &old.folder));
    let run = project.fusion(&format!("runs show {id} --json")).json();
    let outputs = json!({"said": "I was slow", "files": ["made"], "asked": "I was quick"});
    assert_eq!(run["outputs"], outputs, "{run:#}");
}
