//! The real command-line agents, each asked once, against a service that always says the same.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{FaultKind, Request};
use fusion_core::run::Os;
use fusion_providers::command::dialect::{Home, Words};
use fusion_providers::{CommandLine, Dialects, Keys};

use crate::server::pause;

const SAID: &str = "Hello from the stub.";

/// The service, gone with the test.
struct Stub(Child, u16);

impl Stub {
    #[expect(clippy::disallowed_methods, reason = "the service is outside of what is tested")]
    async fn start(status: u16) -> Self {
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/stub.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(port.to_string()).arg(status.to_string());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let stub = Self(child, port);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            pause(50).await;
        }
        stub
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Gives an agent that asks the stub, with a home of its own.
fn agent(name: &str, port: u16) -> CommandLine {
    let mut dialect = (*Dialects::default().find(name).unwrap().0).clone();
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/real/agents/node_modules/.bin");
    let program: PathBuf = folder.join(dialect.program());
    dialect.argv[0] = Words::One(program.to_string_lossy().into_owned());
    dialect.home.get_or_insert(Home { with: Vec::new(), files: [].into() });
    if name == "codex" {
        let place = format!(
            r#"model_providers.loc={{name="loc",base_url="http://127.0.0.1:{port}/v1",env_key="OPENAI_API_KEY",wire_api="responses"}}"#
        );
        let words = ["-c".to_owned(), "model_provider=loc".to_owned(), "-c".to_owned(), place];
        dialect.argv.splice(2..2, words.map(Words::One));
    }
    let keys = Keys::new(move |name| {
        let url = format!("http://127.0.0.1:{port}");
        Some(match name {
            "ANTHROPIC_BASE_URL" | "GOOGLE_GEMINI_BASE_URL" => url,
            "OPENAI_BASE_URL" | "COPILOT_PROVIDER_BASE_URL" => format!("{url}/v1"),
            "ANTHROPIC_API_KEY" | "GEMINI_API_KEY" | "OPENAI_API_KEY" => "sk-of-nobody".to_owned(),
            "COPILOT_OFFLINE" => "true".to_owned(),
            "OPENAI_MODEL" => "stub".to_owned(),
            "OPENCODE_CONFIG_CONTENT" => format!(
                r#"{{"provider":{{"loc":{{"npm":"@ai-sdk/openai-compatible","options":{{"baseURL":"{url}/v1","apiKey":"x"}},"models":{{"stub":{{}}}}}}}}}}"#
            ),
            _ => return None,
        })
    });
    let model = match name {
        "claude" => "sonnet",
        "gemini" => "gemini-2.5-pro",
        "opencode" => "loc/stub",
        _ => "stub",
    };
    CommandLine::new(dialect, keys).model(model)
}

#[tokio::test]
async fn every_agent_answers_and_says_what_is_wrong() {
    if std::env::var_os("FUSION_REAL_AGENTS").is_none() {
        println!("skipped: `cargo xtask real agents` runs it");
        return;
    }
    let (stub, closed) = (Stub::start(200).await, Stub::start(401).await);
    let request = Request::new("").user("Say hello.");
    let call = || Call::new(Os::new().unwrap()).within_ms(120_000);
    let mut wrong = Vec::new();
    for name in ["claude", "codex", "gemini", "qwen", "copilot", "opencode"] {
        match agent(name, stub.1).complete(&call(), &request).await {
            Ok(answer) if answer.text() == SAID => {
                println!("{name}: {:?} {:?} {:?}", answer.id, answer.usage, answer.cost);
            }
            other => wrong.push(format!("{name}: {other:?}")),
        }
        match agent(name, closed.1).complete(&call(), &request).await {
            Err(fault) if fault.kind() == FaultKind::Auth => {
                println!("{name}: {}", fault.message());
            }
            other => wrong.push(format!("{name}, refused: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
