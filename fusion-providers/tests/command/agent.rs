//! Agents that work in a folder: what they are given, what is recorded, what is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fusion_core::contract::{Env, Timeouts};
use fusion_core::error::Result;
use fusion_core::model::Graph;
use fusion_core::run::Os;
use fusion_core::{Fusion, graph};
use fusion_providers::command::{CommandAgent, CommandStep, Mode};
use fusion_providers::{Dialects, Keys};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bed::{Bed, KEY};

/// A program that plays Claude: it changes files, and says so.
const WORKS: &str = r#"prompt=$(cat)
echo "$prompt" >> "$(dirname "$0")/asked"
echo new > made.txt; echo more >> kept.txt; rm -f gone.txt; mkdir -p deep .git; echo x > deep/file; echo x > .git/HEAD
echo '{"type":"system","subtype":"init","session_id":"s1","model":"m"}'
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"I begin."}]}}'
echo '{"type":"result","is_error":false,"result":"Done.","session_id":"s1","total_cost_usd":0.5,"usage":{"input_tokens":7,"output_tokens":2}}'"#;

fn none() -> Keys {
    Keys::new(|_| None)
}

fn workspace() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["kept.txt", "gone.txt", "still.txt"] {
        fs::write(folder.path().join(name), "old\n").unwrap();
    }
    folder
}

/// Runs a graph of one node to its end, and gives the node's output.
async fn run(fusion: &Fusion, agent: CommandAgent) -> Result<Value> {
    let agent = fusion.agent(agent);
    let graph = Graph::new("w").node("a", agent.with("Do it.")).output("a", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await?;
    Ok(run.result::<Value>().await?["a"].take())
}

#[tokio::test]
async fn what_it_did_is_recorded() {
    let (bed, folder) = (Bed::new(WORKS), workspace());
    let fusion = Fusion::open("memory://").await.unwrap();
    let agent = CommandAgent::new("fixer", bed.dialect("claude"), none());
    let agent = agent.workspace(folder.path()).mode(Mode::Edit).system("Be brief.").session("s0");
    let reply = run(&fusion, agent).await.unwrap();
    assert_eq!(
        (&reply["text"], &reply["ended"], &reply["agent"]),
        (&json!("Done."), &json!("done"), &json!("fixer"))
    );
    assert_eq!(reply["files"], json!(["deep/file", "gone.txt", "kept.txt", "made.txt"]));
    assert_eq!((&reply["session"], &reply["cost"]), (&json!("s1"), &json!("0.5")));
    assert_eq!((&reply["usage"]["input"], &reply["usage"]["output"]), (&json!(7), &json!(2)));
    let real = folder.path().canonicalize().unwrap();
    assert_eq!(reply["workspace"], json!(real.to_str().unwrap()));
    assert_eq!(bed.noted("cwd").trim(), real.to_str().unwrap());
    let args = bed.noted("args");
    assert!(
        args.contains(
            "--permission-mode\nacceptEdits\n--append-system-prompt\nBe brief.\n--resume\ns0\n"
        ),
        "{args}"
    );
    assert!(!args.contains("--no-session-persistence"), "{args}");
    let env = bed.noted("env");
    assert!(env.contains("FUSION_NODE=a\n") && env.contains("FUSION_IDEMPOTENCY_KEY="), "{env}");
}

#[tokio::test]
async fn without_a_folder_it_gets_one_that_only_it_sees() {
    use std::os::unix::fs::PermissionsExt;
    let (bed, base) = (Bed::new(WORKS), TempDir::new().unwrap());
    let fusion = Fusion::open("memory://").await.unwrap();
    let agent = CommandAgent::new("reader", bed.dialect("claude"), none()).workspaces(base.path());
    let reply = run(&fusion, agent).await.unwrap();
    let folder = Path::new(reply["workspace"].as_str().unwrap());
    assert!(
        folder.starts_with(base.path().canonicalize().unwrap()) && folder.join("made.txt").exists()
    );
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert!(bed.noted("args").contains("--tools\nRead,Grep,Glob\n"), "{}", bed.noted("args"));
}

#[tokio::test]
async fn what_is_done_is_not_done_again() {
    let (bed, folder) = (Bed::new(WORKS), workspace());
    let dialects = Dialects::default().with(bed.dialect("claude"));
    let fusion = Fusion::open("memory://").await.unwrap();
    let env: Arc<dyn Env> = Os::current().unwrap();
    for step in CommandStep::all(&env, &none(), &dialects) {
        fusion.register(step);
    }
    // Refused by a check, it is asked again and told why; the answer that passed is kept over the failure of another node.
    let text = format!(
        "fusion: 1\nname: f\ninputs: {{ at: {{ type: string }} }}\nnodes:\n  a:\n    agent: {{ program: claude, mode: full, workspace: '{{{{ inputs.at }}}}' }}\n    with: {{ prompt: 'Do it.' }}\n    retry: {{ attempts: 2, initial: 1ms, on: [validation] }}\n    validate: [{{ that: \"(output.files | length) > 0\" }}]\n  b: {{ command: [test, -e, '{}'], needs: [a] }}\noutputs: {{ said: '{{{{ nodes.a.text }}}}' }}\n",
        folder.path().join("go").display()
    );
    let file = graph::file::parse(&text, "f.yaml").unwrap();
    let run = fusion.start(&file.graph, json!({"at": folder.path()})).await.unwrap();
    assert!(run.result::<Value>().await.is_err(), "`b` fails");
    fs::write(folder.path().join("go"), "").unwrap();
    run.retry(&[], "test").await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap()["said"], "Done.");
    assert_eq!(bed.noted("asked"), "Do it.\n");
}

#[tokio::test]
async fn when_its_time_is_over_there_is_what_there_is() {
    let begun = WORKS.rsplit_once('\n').unwrap().0;
    let (bed, folder) = (Bed::new(&format!("{begun}\nsleep 60")), workspace());
    let fusion = Fusion::open("memory://").await.unwrap();
    let limits = Timeouts { connect_ms: 1_000, idle_ms: 30_000, total_ms: 1_500 };
    let agent = CommandAgent::new("slow", bed.dialect("claude"), none())
        .workspace(folder.path())
        .mode(Mode::Edit);
    let reply = run(&fusion, agent.timeouts(limits)).await.unwrap();
    assert_eq!(
        (&reply["ended"], &reply["text"], &reply["session"]),
        (&json!("time"), &json!("I begin."), &json!("s1"))
    );
    assert_eq!(reply["files"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_no_key_is_in_the_journal() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let keys = Keys::new(|name| (name == "ANTHROPIC_API_KEY").then(|| KEY.to_owned()));
    let bed = Bed::new(&format!("echo {KEY} >&2; echo {KEY}; exit 3"));
    let failed =
        run(&fusion, CommandAgent::new("a", bed.dialect("claude"), keys)).await.unwrap_err();
    let said = format!("{failed:?}");
    assert!(said.contains("exit code 3") && !said.contains(KEY), "{said}");
    let plain = Dialects::default().find(bed.program().to_str().unwrap()).unwrap().0;
    let failed = run(&fusion, CommandAgent::new("b", plain, none())).await.unwrap_err();
    assert!(format!("{failed:?}").contains("it has no mode `read_only`"), "{failed:?}");
    let missing =
        CommandAgent::new("c", bed.dialect("claude"), none()).workspace("/no/such/folder");
    let failed = run(&fusion, missing).await.unwrap_err();
    assert!(
        format!("{failed:?}").contains("the workspace /no/such/folder cannot be used"),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_node_names_what_it_wants_or_is_told_what_is_wrong() {
    let bed = Bed::new(WORKS);
    let base = TempDir::new().unwrap();
    let dialects = Dialects::default().with(bed.dialect("claude")).workspaces(base.path());
    let fusion = Fusion::open("memory://").await.unwrap();
    let env: Arc<dyn Env> = Os::current().unwrap();
    for step in CommandStep::all(&env, &none(), &dialects) {
        fusion.register(step);
    }
    for (agent, told) in [
        ("claude", Ok("Done.")),
        ("'command:claude:big'", Ok("Done.")),
        ("{ program: 'claude:big', name: x }", Ok("Done.")),
        ("{ program: claude, session: s9 }", Ok("Done.")),
        ("'command:cluade'", Err("did you mean `claude`?")),
    ] {
        let text = format!(
            "fusion: 1\nname: f\nnodes:\n  a: {{ agent: {agent}, with: Go }}\noutputs: {{ said: '{{{{ nodes.a.text }}}}' }}\n"
        );
        let file = graph::file::parse(&text, "f.yaml").unwrap();
        let run = fusion.start(&file.graph, json!({})).await.unwrap();
        match (run.result::<Value>().await, told) {
            (Ok(outputs), Ok(said)) => assert_eq!(outputs["said"], said, "{agent}"),
            (Err(error), Err(why)) => {
                assert!(format!("{error:?}").contains(why), "{agent}: {error:?}");
            }
            (other, _) => panic!("{agent}: {other:?}"),
        }
    }
    assert!(bed.noted("args").contains("--resume\ns9\n"), "{}", bed.noted("args"));
}
