//! The server: started for a test, and gone with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fusion_core::contract::{Call, Provider};
use fusion_core::run::Os;
use fusion_providers::{OpenAi, Settings};

/// How long it may take to load the model, in tenths of a second.
const TRIES: u32 = 600;

/// A server with a model.
pub(crate) struct Server {
    child: Child,
    /// Where it is, without a path.
    pub(crate) url: String,
}

impl Server {
    /// Starts it; none when `cargo xtask real` was not asked for.
    pub(crate) async fn start(more: &[&str]) -> Option<Self> {
        if std::env::var_os("FUSION_REAL").is_none() {
            println!("skipped: `cargo xtask real` runs it");
            return None;
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/real");
        let (python, model) = (folder.join("venv/bin/python"), folder.join("model.gguf"));
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let server = Self {
            child: spawn(&python, &model, port, more),
            url: format!("http://127.0.0.1:{port}"),
        };
        server.is_ready().await;
        Some(server)
    }

    /// A provider of OpenAI's protocol for it.
    pub(crate) fn openai(&self) -> OpenAi {
        OpenAi::new(Settings::default().base_url(format!("{}/v1", self.url)).model("smollm2"))
            .unwrap()
    }

    async fn is_ready(&self) {
        let provider = self.openai();
        for _ in 0..TRIES {
            if provider.models(&call()).await.is_ok() {
                return;
            }
            pause(100).await;
        }
        panic!("the server does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the server is outside of what is tested")]
fn spawn(python: &Path, model: &Path, port: u16, more: &[&str]) -> Child {
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/serve.py");
    let mut command = Command::new(python);
    command.arg(script).arg(model).arg(port.to_string()).args(more);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the server is outside of what is tested")]
pub(crate) async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// A call with the usual limits.
pub(crate) fn call() -> Call {
    Call::new(Os::new().unwrap())
}
