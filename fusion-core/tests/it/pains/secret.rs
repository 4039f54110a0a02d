//! Secrets stay out of everything that is written: database, log, events, errors, capsules.

use std::fmt::Write;

use fusion_core::model::graph::{Action, Kind, Node, OnItemFailure, Task, WaitSpec};
use fusion_core::model::{Answer, Cache, Class, Concurrency, Failure, Graph, RunStatus};
use fusion_core::{Fusion, Run};
use serde_json::{Value, json};

use super::bed::{Disk, approval, signal, until};

/// A token with signs that JSON, URLs and shells write in other ways.
const CANARY: &str = "canary+/\"7f3a9c21\"=zz9";
/// Parts that every written form of it has one of: as it is, base64, hexadecimal.
const TRACES: [&str; 4] = ["7f3a9c21", "Y2FuYXJ5Ky8i", "3766336139633231", "YzYTljMjEi"];

async fn open(disk: &Disk) -> Fusion {
    let url = disk.path().display().to_string();
    Fusion::builder(&url)
        .secrets(|name| (name == "TOKEN").then(|| CANARY.to_owned()))
        .command_env([("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into())
        .open()
        .await
        .unwrap()
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for trace in TRACES {
        let found = bytes.windows(trace.len()).position(|part| part == trace.as_bytes());
        let at = found.map(|at| {
            let around = &bytes[at.saturating_sub(100)..(at + 60).min(bytes.len())];
            String::from_utf8_lossy(around).into_owned()
        });
        assert_eq!(at, None, "{what} holds the secret");
    }
}

fn shell(id: &str, script: &str) -> Node {
    let mut node = Node::command(id, ["sh", "-c", script, "sh", "{{ secrets.TOKEN }}"]);
    if let Kind::Run(Task { action: Action::Command(command), .. }) = &mut node.kind {
        command.stdin = Some("stdin {{ secrets.TOKEN }}".to_owned());
        command.env.insert("T".to_owned(), "{{ secrets.TOKEN }}".to_owned());
    }
    node
}

/// Registers steps that spill what they are given by every way out that a step has.
fn spill(fusion: &Fusion) -> Graph {
    let echo = fusion.step_with("echo", |ctx, text: String| async move {
        let text: String = ctx.memo("saved", async { Ok(format!("memo {text}")) }).await?;
        ctx.progress(text.clone());
        Ok(json!({"text": text, CANARY: [text.len(), text]}))
    });
    let large = fusion.step("large", |text: String| async move { Ok(text.repeat(9_000)) });
    let fails = fusion.step("fails", |text: String| async move {
        Err::<Value, _>(Failure::error(format!("no: {text}")).detail(text))
    });
    let panics = fusion.step("panics", |text: String| async move {
        if text.is_empty() { Ok(()) } else { panic!("oh {text}") }
    });
    let token = "{{ secrets.TOKEN }}";
    let mut shared = echo.with(token);
    shared.more_mut().policy.cache = Some(Cache::default());
    let mut items = fails.with("{{ secrets.TOKEN }} {{ item }}").map(json!([1, 2]));
    if let Kind::Map(map) = &mut items.kind {
        map.on_item_failure = OnItemFailure::Collect;
    }
    let graph = fusion.step("graph", |text: String| async move {
        let node = json!({"step": "echo", "with": text});
        Ok(json!({"fusion": 1, "name": "made", "nodes": {"a": node}}))
    });
    let mut graph = graph.with(token);
    graph.more_mut().expand = true;
    let all = r#"echo "$1"; echo "err $T" >&2; cat; printf %s "$T" | base64; printf %s "$T" | od -An -tx1 | tr -d ' \n'"#;
    Graph::new("spill")
        .add(shell("show", all))
        .add(shell("bad", r#"cat; echo "I was given $T" >&2; exit 3"#))
        .node("echo", shared)
        .node("large", large.with(token))
        .node("fails", fails.with(token))
        .node("panics", panics.with(token))
        .node("items", items)
        .add(Node::step("filter", "echo").with("{{ secrets.TOKEN | fromjson }}"))
        .node("again", echo.with(token).until("output.text == 'x'", 2))
        .node("graph", graph)
        .add(signal("go", "go"))
        .add(approval("ok", "Go on?"))
        .node("end", echo.with("{{ nodes.go.token }}").after(["go", "ok"]))
        .output("out", json!(["{{ nodes.show }}", "{{ nodes.echo }}"]))
        .finish_branches()
}

async fn drive(fusion: &Fusion, by: &Run) -> String {
    let answer = Answer { approved: true, by: "ada".into(), comment: format!("it is {CANARY}") };
    until(by, RunStatus::Waiting).await;
    by.answer(Some("ok"), answer).await.unwrap();
    by.signal("go", json!({ "token": CANARY })).await.unwrap();
    let run = fusion.find(by.id()).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    let mut said = format!("{error} {error:?} {:?}", error.failure());
    let mut events = run.events(0);
    while let Some(event) = events.next().await.unwrap() {
        said.push_str(&serde_json::to_string(&event).unwrap());
    }
    for why in run.why().await.unwrap() {
        write!(said, "{why:?}").unwrap();
    }
    write!(said, "{:?}", run.state().await.unwrap()).unwrap();
    write!(said, "{:?}", run.records().await.unwrap()).unwrap();
    said
}

/// Issue, gap 12: a secret that a run uses in every place where templates are, and that bodies hand back in every way,
/// is in no byte of the store.
#[tokio::test]
async fn a_secret_is_in_no_byte_that_is_written() {
    let disk = Disk::new();
    let fusion = open(&disk).await;
    let graph = spill(&fusion);
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let other = open(&disk).await;
    let said = drive(&fusion, &other.find(run.id()).await.unwrap()).await;
    assert_clean("what observers see", said.as_bytes());
    let state = run.state().await.unwrap();
    let status = |name: &str| state.node_status(state.program().find_key(name).unwrap()).word();
    for done in ["show", "echo", "large", "items", "go", "ok", "end"] {
        assert_eq!(status(done), "succeeded", "{done}");
    }
    for failed in ["bad", "fails", "panics", "filter", "again", "graph"] {
        assert_eq!(status(failed), "failed", "{failed}");
    }
    let show = state.program().find_key("show").unwrap();
    let show = run.output(&state, show).await.unwrap().unwrap();
    assert_eq!(show["lines"][0], "***");
    assert_clean("the capsule", &run.export().await.unwrap());
    assert_clean("the database with its log", &disk.bytes());
    fusion.close().await.unwrap();
    other.close().await.unwrap();
    assert_clean("the closed database", &disk.bytes());
}

/// A process that takes a run over knows the secrets that the process before it handed out.
#[tokio::test]
async fn a_new_owner_hides_what_an_old_one_handed_out() {
    let disk = Disk::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let graph = Graph::new("file")
        .add(Node::command(
            "put",
            ["sh", "-c", &format!("printf %s \"$0\" > {path}"), "{{ secrets.TOKEN }}"],
        ))
        .add(signal("go", "go").after("put"))
        .add(Node::command("get", ["cat", path]).after("go"))
        .output("got", "{{ nodes.get.stdout }}");
    let first = open(&disk).await;
    let run = first.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    first.close().await.unwrap();
    let second = open(&disk).await;
    second.recover().await.unwrap();
    let run = second.find(run.id()).await.unwrap();
    run.signal("go", json!(null)).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"got": "***"}));
    assert_clean("the database", &disk.bytes());
}

/// A secret in a place that is recorded is refused before anything runs, with the places where it may be.
#[tokio::test]
async fn a_secret_is_refused_where_it_would_be_recorded() {
    let disk = Disk::new();
    let fusion = open(&disk).await;
    let token = "{{ secrets.TOKEN }}";
    let echo = fusion.step("echo", |text: String| async move { Ok(text.len()) });
    let mut slot = echo.node();
    slot.more_mut().policy.concurrency = Some(Concurrency { key: token.into(), limit: 1 });
    fusion.workflow(Graph::new("child").node("a", echo.with(token)).output("n", "{{ nodes.a }}"));
    for node in [
        slot,
        echo.map(json!([token])),
        approval("", token),
        signal("", token),
        Node::wait("", WaitSpec::Duration(token.into())),
        Node::workflow("", "child").with(json!({ "token": token })),
    ] {
        let error = fusion.start(&Graph::new("bad").node("a", node), json!({})).await.unwrap_err();
        assert!(error.to_string().contains("the secret `TOKEN` would be recorded here"), "{error}");
    }
    let graph = Graph::new("outer").add(Node::workflow("child", "child"));
    let run = fusion.start(&graph.output("n", "{{ nodes.child.n }}"), json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": CANARY.len()}));
    assert_clean("the database", &disk.bytes());
}

/// A secret that is not there is an error that names it, and nothing is run without it.
#[tokio::test]
async fn a_missing_secret_is_named() {
    let disk = Disk::new();
    let fusion = open(&disk).await;
    let graph = Graph::new("missing").add(Node::command("a", ["echo", "{{ secrets.TOKN }}"]));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.failure().map(|it| &it.class), Some(&Class::TEMPLATE), "{error:?}");
    assert!(error.to_string().contains("TOKN"), "{error}");
}
