//! `LiteLLM`'s proxy: three protocols of one server that we did not write, its faults, its limits.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use fusion_core::contract::{Provider, gather};
use fusion_core::model::chat::{FaultKind, Request};
use fusion_providers::{Anthropic, Gemini, Key, OpenAi, OpenRouter, Settings};

use crate::server::{call, pause};

/// The key of `litellm.yaml`.
const KEY: &str = "sk-proxy-1234";
/// How long it may take to start, in seconds.
const TRIES: u32 = 120;

/// The proxy; it goes with the test.
struct Proxy {
    child: Child,
    url: String,
}

impl Proxy {
    /// Starts it; none when `cargo xtask real litellm` was not asked for.
    async fn start() -> Option<Self> {
        if std::env::var_os("FUSION_REAL_LITELLM").is_none() {
            println!("skipped: `cargo xtask real litellm` runs it");
            return None;
        }
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let proxy = Self { child: spawn(port), url: format!("http://127.0.0.1:{port}") };
        for _ in 0..TRIES {
            if proxy.openai().models(&call()).await.is_ok() {
                return Some(proxy);
            }
            pause(1_000).await;
        }
        panic!("the proxy does not answer");
    }

    fn settings(&self, path: &str) -> Settings {
        Settings::default().base_url(format!("{}{path}", self.url)).key(Key::new(KEY))
    }

    fn openai(&self) -> OpenAi {
        OpenAi::new(self.settings("/v1")).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the server is outside of what is tested")]
fn spawn(port: u16) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(root.join("../target/real/litellm/bin/litellm"));
    command.arg("--config").arg(root.join("tests/real/litellm.yaml"));
    command.args(["--host", "127.0.0.1", "--telemetry", "False", "--port"]).arg(port.to_string());
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The faults that it can be asked for, and of which class they are.
const FAULTS: [(&str, FaultKind); 4] = [
    ("limited", FaultKind::RateLimit),
    ("broken", FaultKind::Overloaded),
    ("small", FaultKind::ContextTooLong),
    ("none-such", FaultKind::InvalidRequest),
];

#[tokio::test]
async fn it_speaks_three_protocols_and_fails_in_classes() {
    let Some(proxy) = Proxy::start().await else { return };
    let openai = proxy.openai();
    let router = OpenRouter::new(proxy.settings("/v1")).unwrap();
    let anthropic = Anthropic::new(proxy.settings("")).unwrap();
    let gemini = Gemini::new(proxy.settings("/v1beta")).unwrap();
    let question = |model: &str| Request::new(model).user("Name a colour.");
    for provider in [&openai as &dyn Provider, &router, &anthropic, &gemini] {
        let answer = provider.complete(&call(), &question("word")).await;
        let answer = answer.unwrap_or_else(|fault| panic!("{}: {fault:?}", provider.name()));
        assert_eq!(answer.text(), "Blue is a colour.", "{}", provider.name());
        assert!(answer.usage.input > 0 && answer.usage.output > 0, "{answer:?}");
    }
    for provider in [&openai as &dyn Provider, &router] {
        let chunks = provider.stream(&call(), &question("word")).await.unwrap();
        assert_eq!(gather(chunks).await.unwrap().text(), "Blue is a colour.");
    }
    for provider in [&openai as &dyn Provider, &router, &anthropic] {
        for (model, kind) in FAULTS {
            let fault = provider.complete(&call(), &question(model)).await.unwrap_err();
            assert_eq!(fault.kind(), kind, "{} {model}: {fault:?}", provider.name());
            assert!(!format!("{fault:?}").contains(KEY));
        }
    }
    let models = openai.models(&call()).await.unwrap();
    assert!(models.iter().any(|model| model.id == "word"), "{models:?}");
}
