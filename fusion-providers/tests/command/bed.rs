//! Programs for the tests: scripts of the shell, really run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fusion_core::contract::{Call, Chunks, Provider, Timeouts};
use fusion_core::model::chat::{Answer, Chunk, Fault, Fold, Request};
use fusion_core::run::Os;
use fusion_providers::command::dialect::{Dialect, Words};
use fusion_providers::{CommandLine, Dialects, Keys};
use futures_util::StreamExt;
use tempfile::TempDir;

/// The key that nobody may see.
pub(crate) const KEY: &str = "sk-canary-5f1d9a";

/// A program in a folder of its own.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
}

impl Bed {
    /// Makes a program that notes its words, its input and its variables, and then does this.
    pub(crate) fn new(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let here = folder.path().display();
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > {here}/args\nenv > {here}/env\npwd > {here}/cwd\n{script}\n"
        );
        let program = folder.path().join("program");
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// Makes a program that reads its input and plays a transcript.
    pub(crate) fn playing(transcript: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/transcripts");
        let file = file.join(transcript);
        Self::new(&format!("cat > \"$(dirname \"$0\")/stdin\"\ncat {}", file.display()))
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    /// Reads what the program noted.
    pub(crate) fn noted(&self, what: &str) -> String {
        fs::read_to_string(self.folder.path().join(what)).unwrap_or_default()
    }

    /// Gives a dialect that is built in, for this program.
    pub(crate) fn dialect(&self, name: &str) -> Dialect {
        let mut dialect = (*Dialects::default().find(name).unwrap().0).clone();
        dialect.argv[0] = Words::One(self.program().to_string_lossy().into_owned());
        dialect
    }

    pub(crate) fn provider(&self, name: &str) -> CommandLine {
        CommandLine::new(self.dialect(name), Keys::new(|_| None))
    }

    /// Gives a provider for a program whose output is the answer.
    pub(crate) fn plain(&self) -> CommandLine {
        let line = self.program().to_string_lossy().into_owned();
        CommandLine::new(Dialect::of_template(&line).unwrap(), Keys::new(|_| None))
    }
}

/// A call with these limits, in milliseconds: between two words, in all.
pub(crate) fn limited(idle_ms: u64, total_ms: u64) -> Call {
    let limits = Timeouts { connect_ms: 2_000, idle_ms, total_ms };
    Call::new(Os::new().unwrap()).timeouts(limits)
}

pub(crate) fn call() -> Call {
    limited(20_000, 60_000)
}

pub(crate) fn request() -> Request {
    Request::new("").user("Hello!")
}

pub(crate) async fn ask(provider: &dyn Provider) -> Result<Answer, Fault> {
    provider.complete(&call(), &request()).await
}

/// Reads a stream to its end: what came, the answer if it is whole, and the fault that ended it.
pub(crate) async fn streamed(mut chunks: Chunks) -> (Vec<Chunk>, Result<Answer, Fault>) {
    let (mut all, mut fold) = (Vec::new(), Fold::default());
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => {
                fold.push(chunk.clone()).unwrap();
                all.push(chunk);
            }
            Err(fault) => {
                assert!(chunks.next().await.is_none(), "nothing comes after a fault");
                return (all, Err(fault));
            }
        }
    }
    (all, fold.finish())
}

/// The living processes that have this word among their arguments.
pub(crate) fn holders(word: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let held = |path: PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    };
    entries.filter(|entry| held(entry.path())).count()
}

/// Waits until so many processes have the word.
#[expect(clippy::disallowed_methods, reason = "tests wait for the real machine")]
pub(crate) async fn await_holders(word: &str, count: usize) {
    let start = Instant::now();
    while holders(word) != count {
        assert!(start.elapsed() < Duration::from_secs(10), "{count} awaited: {}", holders(word));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A number of seconds to sleep that no other test uses, to find the sleepers by.
pub(crate) fn unique_seconds() -> String {
    use fusion_core::contract::Env;
    format!("9{}", Os::new().unwrap().random() % 1_000_000_000_000)
}
