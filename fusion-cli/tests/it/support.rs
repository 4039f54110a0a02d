//! A folder of its own for each test, and the real program in it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

/// A project in a folder of its own.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a command did.
pub(crate) struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// Standard output as it was, for JSON.
    raw: Vec<u8>,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A project with one workflow file, `w.yaml`, whose beginning is given.
    pub(crate) fn with(text: &str) -> Self {
        let project = Self::new();
        project.write("w.yaml", format!("fusion: 1\nname: w\n{text}"));
        project
    }

    /// A run id that no other test has: programs of one run and node are known by it on the whole machine.
    pub(crate) fn id(&self) -> String {
        let name = self.folder.path().file_name().unwrap_or_default();
        format!("r-{}", name.to_string_lossy().trim_start_matches('.'))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The program in the project's folder, with nothing of the outer environment that would change it.
    #[expect(clippy::disallowed_methods, reason = "the test starts the real program")]
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["FUSION_STORE", "FUSION_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("USER", "tester").env("COLUMNS", "100");
        command
    }

    /// Runs `fusion` with these arguments, split at spaces.
    pub(crate) fn fusion(&self, args: &str) -> Ran {
        self.args(&args.split(' ').collect::<Vec<_>>())
    }

    /// Runs `fusion` with these arguments.
    pub(crate) fn args(&self, args: &[&str]) -> Ran {
        self.finish(self.command(env!("CARGO_BIN_EXE_fusion")).args(args))
    }

    /// Runs a shell script with `$FUSION` in it.
    pub(crate) fn shell(&self, script: &str) -> Ran {
        let mut command = self.command("sh");
        self.finish(command.args(["-c", script]).env("FUSION", env!("CARGO_BIN_EXE_fusion")))
    }

    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        self.ran(&command.output().unwrap())
    }

    pub(crate) fn ran(&self, output: &Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: self.filter(&String::from_utf8_lossy(&output.stdout)),
            stderr: self.filter(&String::from_utf8_lossy(&output.stderr)),
            raw: output.stdout.clone(),
        }
    }

    /// Starts `fusion` and leaves it running.
    pub(crate) fn start(&self, args: &str) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_fusion"));
        command.args(args.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Asks for JSON and waits until it is as wanted.
    pub(crate) fn until(&self, args: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        #[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
        let start = Instant::now();
        loop {
            let value = self.fusion(args).json();
            if wanted(&value) {
                return value;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "still {value:#}");
            #[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Replaces what differs from one time to another.
    fn filter(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let mut text = text.replace(&folder, "[DIR]");
        if let Ok(whole) = Path::new(&folder).canonicalize() {
            text = text.replace(&whole.display().to_string(), "[DIR]");
        }
        for (pattern, word) in [
            (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "[MOMENT]"),
            (r"\b\d\d:\d\d:\d\d\b", "[TIME]"),
            (r"\b\d+(\.\d+)? (ms|s)\b", "[LENGTH]"),
            (r"in PATH \([^)]*\)", "in PATH (…)"),
            (r"(hash|one) [0-9a-f]{12}\b", "$1 [HASH]"),
        ] {
            text = Regex::new(pattern).unwrap().replace_all(&text, word).into_owned();
        }
        text
    }
}

impl Ran {
    /// Everything in one text, for snapshots.
    pub(crate) fn all(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, part) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !part.is_empty() {
                write!(text, "--- {name}\n{part}").unwrap();
            }
        }
        text
    }

    /// What was printed as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.raw).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }

    /// The code of the first error.
    pub(crate) fn error(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}
