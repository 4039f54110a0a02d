//! Models: a server on this machine is asked, piped to, and named in a workflow file.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Project, Ran};

/// A server of OpenAI's protocol that says what it was told last, or calls `run_command` with what it was told after a `!`; counts its
/// calls. Gives its URL.
#[expect(clippy::disallowed_methods, reason = "the server stands for one outside of the program")]
fn server(calls: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
            let (head, body) = loop {
                let count = stream.read(&mut part).unwrap_or(0);
                bytes.extend_from_slice(&part[..count]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                if head.starts_with("GET")
                    || count == 0
                    || serde_json::from_str::<Value>(body).is_ok()
                {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let answer = answer(&head, &body, &calls);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn answer(head: &str, body: &str, calls: &AtomicUsize) -> String {
    let plain = |kind: &str, body: String| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{body}")
    };
    if head.starts_with("GET") {
        return plain("application/json", json!({"data": [{"id": "echo"}]}).to_string());
    }
    calls.fetch_add(1, Ordering::SeqCst);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let said = &body["messages"].as_array().and_then(|all| all.last()).unwrap()["content"];
    let said = said.as_str().map_or_else(|| said[0]["text"].clone(), Value::from);
    let roles = |all: &Vec<Value>| all.iter().map(|one| one["role"].clone()).collect();
    let said = match said.as_str() {
        Some("who spoke?") => {
            let roles: Vec<Value> = body["messages"].as_array().map(roles).unwrap_or_default();
            Value::from(Value::from(roles).to_string())
        }
        _ => said,
    };
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 3});
    if let Some(arguments) = said.as_str().and_then(|text| text.strip_prefix('!')) {
        let call = json!([{"index": 0, "id": "c1", "type": "function",
            "function": {"name": "run_command", "arguments": arguments}}]);
        let message = json!({"role": "assistant", "content": null, "tool_calls": call});
        let choice = |key: &str| {
            json!({"id": "1", "model": "echo", "usage": usage, "choices": [
                {"index": 0, key: message, "finish_reason": "tool_calls"}]})
        };
        return if body["stream"] == true {
            plain("text/event-stream", format!("data: {}\n\ndata: [DONE]\n\n", choice("delta")))
        } else {
            plain("application/json", choice("message").to_string())
        };
    }
    if body["stream"] == true {
        let event = json!({"id": "1", "model": "echo", "usage": usage, "choices": [
            {"index": 0, "delta": {"content": said}, "finish_reason": "stop"}]});
        return plain("text/event-stream", format!("data: {event}\n\ndata: [DONE]\n\n"));
    }
    let message = json!({"role": "assistant", "content": said});
    let whole = json!({"id": "1", "model": "echo", "usage": usage, "choices": [
        {"index": 0, "message": message, "finish_reason": "stop"}]});
    plain("application/json", whole.to_string())
}

/// Runs `fusion` with no key in its environment, and these variables.
fn fusion(project: &Project, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    // Whatever listens on this machine is none of the test's.
    command.env("OLLAMA_HOST", "127.0.0.1:9").env("LLAMA_BASE_URL", "http://127.0.0.1:9/v1");
    for name in ["OPENAI_API_KEY", "OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    project.finish(command.args(args))
}

#[test]
fn a_provider_is_tried_and_its_models_are_listed() {
    let (project, url) = (Project::new(), server(Arc::default()));
    let set = [("OPENAI_BASE_URL", url.as_str())];
    let tried = fusion(&project, &["providers", "test", "openai:echo", "--json"], &set).json();
    assert_eq!((&tried["ok"], &tried["model"]), (&json!(true), &json!("echo")));
    let models = fusion(&project, &["providers", "models", "openai", "--json"], &set).json();
    assert_eq!(models["models"][0]["id"], "echo");
    let list = fusion(&project, &["providers", "list", "--json"], &set).json();
    let named = |name: &str| {
        list["providers"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&named("openai")["set"], &named("anthropic")["set"]),
        (&json!(true), &json!(false))
    );
    let text = fusion(&project, &["providers", "list"], &set).stdout;
    assert!(text.contains("anthropic") && text.contains("ANTHROPIC_API_KEY"), "{text}");
}

#[test]
fn what_is_piped_in_is_one_question() {
    let (project, url) = (Project::new(), server(Arc::default()));
    let pipe = |rest: &str| {
        project.shell(&format!("printf 'Hello\\nyou' | OPENAI_BASE_URL={url} $FUSION chat {rest}"))
    };
    let plain = pipe("-p openai:echo");
    assert_eq!((plain.code, plain.stdout.as_str()), (0, "Hello\nyou\n"), "{}", plain.stderr);
    let json = pipe("-p openai -m echo --json").json();
    assert_eq!((&json["text"], &json["usage"]["input"]), (&json!("Hello\nyou"), &json!(7)));
    let empty = project.shell(&format!("OPENAI_BASE_URL={url} $FUSION chat -p openai </dev/null"));
    assert_eq!(empty.code, 2, "{}", empty.stderr);
}

#[test]
fn a_conversation_with_a_name_goes_on_another_day() {
    let (project, url) = (Project::new(), server(Arc::default()));
    let say = |text: &str, rest: &str| {
        let ask = format!("printf '{text}' | OPENAI_BASE_URL={url} $FUSION chat -p openai:echo");
        project.shell(&format!("{ask} {rest}"))
    };
    let first = say("Hello", "-s plans --system short");
    assert_eq!((first.code, first.stdout.as_str()), (0, "Hello\n"), "{}", first.stderr);
    let roles = say("who spoke?", "-s plans").stdout;
    assert_eq!(roles, "[\"system\",\"user\",\"assistant\",\"user\"]\n", "all of it is told");
    assert_eq!(say("who spoke?", "").stdout, "[\"user\"]\n", "one without a name is forgotten");
    // What had no answer is not part of it.
    let lost = project.shell(
        "printf lost | OPENAI_BASE_URL=http://127.0.0.1:9/v1 $FUSION chat -p openai:echo -s plans",
    );
    assert_eq!(lost.code, 1, "{}", lost.stderr);
    let kept = project.fusion("chat --sessions --json").json();
    assert_eq!(kept["sessions"][0]["session"], "plans");
    assert_eq!(kept["sessions"][0]["questions"], 2);
    let leaked = project.shell(&format!(
        "printf 'my key is sk-1234567890abcdef' | OPENAI_API_KEY=sk-1234567890abcdef OPENAI_BASE_URL={url} $FUSION chat -p openai:echo -s leaks",
    ));
    assert_eq!(leaked.code, 0, "{}", leaked.stderr);
    let store = std::fs::read_dir(project.path(".fusion")).unwrap();
    for file in store.filter_map(|entry| std::fs::read(entry.unwrap().path()).ok()) {
        let text = String::from_utf8_lossy(&file);
        assert!(!text.contains("sk-1234567890abcdef"), "keys are not kept");
    }
    assert_eq!(project.fusion("chat -s leaks --forget").code, 0);
    let late = say("x", "-s plans --system long");
    assert_eq!(
        (late.code, late.stderr.contains("has begun already")),
        (2, true),
        "{}",
        late.stderr
    );
    assert_eq!(say("x", "-s ' '").code, 2);
    assert_eq!(project.fusion("chat -s plans --forget").code, 0);
    assert_eq!(project.fusion("chat -s plans --forget").code, 2);
    assert_eq!(say("who spoke?", "-s plans").stdout, "[\"user\"]\n");
}

#[test]
fn a_workflow_asks_a_model_once_however_often_it_is_started() {
    let calls = Arc::new(AtomicUsize::new(0));
    let url = server(calls.clone());
    let project = Project::with(
        "nodes:\n  a: { model: \"openai:echo\", with: { prompt: Hello } }\n  b: { command: [test, -e, go], needs: [a] }\noutputs: { text: \"{{ nodes.a.text }}\" }\n",
    );
    let (id, set) = (project.id(), [("OPENAI_BASE_URL", url.as_str())]);
    let first = fusion(&project, &["run", "w.yaml", "--id", &id], &set);
    assert_eq!(first.code, 1, "{}", first.stderr);
    project.write("go", "");
    let again = fusion(&project, &["runs", "retry", &id, "--json"], &set);
    assert_eq!(again.json()["outputs"], json!({"text": "Hello"}), "{}", again.stderr);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_provider_that_cannot_be_asked_says_what_to_do() {
    let project = Project::new();
    for (args, code, told) in [
        (&["providers", "test", "antropic"][..], 2, "did you mean `anthropic`?"),
        (&["providers", "test", "anthropic:x"], 1, "set ANTHROPIC_API_KEY"),
        (&["providers", "models", "http://127.0.0.1:9/v1"], 1, "transport"),
        (&["providers", "test", "local"], 1, "no model listens on this machine"),
        (&["chat"], 1, "no provider has a key"),
    ] {
        let ran = fusion(&project, args, &[]);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_program_is_asked_by_its_description_or_its_line() {
    let project = Project::with(
        "nodes:\n  a: { model: \"command:house:big\", with: { prompt: Hello } }\noutputs: { text: \"{{ nodes.a.text }}\" }\n",
    );
    std::fs::create_dir_all(project.path(".fusion/commands")).unwrap();
    project.write("house.sh", r#"printf '{"done":"%s heard %s"}\n' "$1" "$(cat)""#);
    let script = project.path("house.sh");
    let dialect = json!({
        "dialect": 1, "name": "house", "argv": ["sh", script, "{model}"], "output": "lines",
        "events": [{"when": {"/done": {"not": null}}, "text": "/done", "end": true}],
    });
    project.write(".fusion/commands/house.json", dialect.to_string());
    let tried = fusion(&project, &["providers", "test", "command:house:m", "--json"], &[]).json();
    assert!(tried["text"].as_str().unwrap().starts_with("m heard Answer"), "{tried}");
    let ran = fusion(&project, &["run", "w.yaml", "--json"], &[]);
    assert_eq!(ran.json()["outputs"], json!({"text": "big heard Hello"}), "{}", ran.stderr);
    let chat = project.shell("printf Hi | $FUSION chat -p 'command:sh -c \"cat; echo !\"'");
    assert_eq!((chat.code, chat.stdout.as_str()), (0, "Hi!\n"), "{}", chat.stderr);
    let list = fusion(&project, &["providers", "list"], &[]).stdout;
    assert!(
        list.contains("command:house") && list.contains("npm install -g @openai/codex"),
        "{list}"
    );
    let missing = fusion(&project, &["providers", "test", "command:no-such-agent --x"], &[]);
    assert!(
        missing.code == 2 && missing.stderr.contains("not found in PATH"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_program_works_in_a_folder_as_an_agent() {
    let project = Project::with(
        "inputs: { at: { type: string } }\nnodes:\n  a:\n    agent: { program: house, mode: edit, workspace: \"{{ inputs.at }}\" }\n    with: { prompt: Hello }\n  b: { agent: \"command:house\", with: Hi, needs: [a] }\noutputs: { files: \"{{ nodes.a.files }}\", own: \"{{ nodes.b.workspace }}\", mode: \"{{ nodes.b.text }}\" }\n",
    );
    std::fs::create_dir_all(project.path(".fusion/commands")).unwrap();
    std::fs::create_dir_all(project.path("shop")).unwrap();
    let dialect = json!({
        "dialect": 1, "name": "house", "argv": ["sh", "-c", "cat > said.txt; printf %s $0", "{mode}"],
        "modes": {"read_only": {"argv": ["reads"]}, "edit": {"argv": ["edits"]}},
    });
    project.write(".fusion/commands/house.json", dialect.to_string());
    let ran = fusion(&project, &["run", "w.yaml", "--input", "at=shop", "--json"], &[]).json();
    assert_eq!(ran["outputs"]["files"], json!(["said.txt"]), "{ran}");
    assert_eq!(ran["outputs"]["mode"], "reads");
    assert!(ran["outputs"]["own"].as_str().unwrap().contains(".fusion/workspaces/house-"), "{ran}");
    assert!(project.path("shop/said.txt").exists());
    project.write("w.yaml", "fusion: 1\nname: w\nnodes: { a: { agent: horse, with: Hi } }\n");
    let refused = fusion(&project, &["run", "w.yaml"], &[]);
    assert!(
        refused.stderr.contains("needs the agent `horse`, which is not in this program"),
        "{}",
        refused.stderr
    );
}

/// Lets an agent run a shell's line in its workspace, with these keys of its tool; gives what the model was told of it.
fn told(keys: &str, line: &str) -> (Project, String) {
    let url = server(Arc::default());
    let words = json!({"command": ["sh", "-c", line]}).to_string();
    let project = Project::with(&format!(
        "nodes:\n  a:\n    agent:\n      model: \"openai:echo\"\n      tools: [{{ workspace: work, write: true }}, {{ command: [sh]{keys} }}]\n    \
         with: {}\noutputs: {{ text: \"{{{{ nodes.a.text }}}}\" }}\n",
        json!(format!("!{words}")),
    ));
    project.write("secret", "canary-31");
    let ran = fusion(&project, &["run", "w.yaml", "--json"], &[("OPENAI_BASE_URL", &url)]);
    let text = ran.json()["outputs"]["text"].as_str().map(str::to_owned);
    (project, text.unwrap_or_else(|| panic!("{}", ran.stderr)))
}

#[test]
fn commands_of_an_agent_in_a_sandbox_see_their_folder_alone() {
    let line = "echo mine > a; cat a; cat ../secret; env | grep -c OPENAI; echo $FUSION_NODE";
    let (project, text) = told("", line);
    assert!(text.contains("canary-31"), "without a sandbox it is seen: {text}");
    drop(project);
    let (project, text) = told(", sandbox: strict", line);
    assert!(text.starts_with("exit code 0\n--- stdout\nmine\n0\na\n"), "{text}");
    assert!(!text.contains("canary-31"), "{text}");
    assert_eq!(std::fs::read_to_string(project.path("work/a")).unwrap(), "mine\n");
    let (_project, text) =
        told(", sandbox: strict, env: { A: b }, timeout: 1s", "echo $A; sleep 9");
    assert!(text.contains("took longer than 1000 ms") && text.contains("\nb"), "{text}");
}

#[test]
fn what_belongs_to_a_sandbox_needs_one() {
    let wrong = |keys: &str| {
        let project = Project::with(&format!(
            "nodes:\n  a: {{ agent: {{ model: \"openai:echo\", tools: [{{ command: [sh]{keys} }}] }}, with: Hi }}\n"
        ));
        let ran =
            fusion(&project, &["run", "w.yaml"], &[("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")]);
        assert_ne!(ran.code, 0);
        ran.stderr + &ran.stdout
    };
    assert!(wrong(", network: host").contains("`network` needs `sandbox`"));
    assert!(wrong(", sandbox: of").contains("off"));
}
