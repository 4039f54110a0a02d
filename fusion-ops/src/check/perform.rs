//! Makes the checks: looks at files, asks the checker of their language, runs commands, asks services.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::contract::{Context, Env, Exec, Exit, Stop};
use fusion_core::run::Wish;
use futures_util::future::Either;

use super::evidence::{Evidence, Proof};
use super::files::{inside, look, look_for};
use super::race::{Until, first};
use super::rules::look_by;
use super::settings::{Check, Http, What};
use super::{http, suite, syntax};
use crate::testing::Runner;

/// What is kept of what a program writes, in bytes.
const KEPT: usize = 64 * 1024;
/// How long a program may take to end, in milliseconds.
const GRACE_MS: u64 = 2_000;
/// How long the checker of a language may take, in milliseconds.
const SYNTAX_MS: u64 = 30_000;
/// The pause between two questions to a service that is starting, in milliseconds.
const PAUSE_MS: u64 = 100;

/// Makes checks in a workspace.
#[derive(Debug, Clone)]
pub struct Checker {
    env: Arc<dyn Env>,
    ctx: Option<Context>,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    stubs: bool,
    syntax: bool,
    rules: Vec<&'static str>,
}

impl Checker {
    /// Makes one that works for an attempt, in a folder; programs get these variables, and nothing else of the environment.
    pub fn new(
        env: Arc<dyn Env>,
        ctx: Context,
        folder: &Path,
        variables: Vec<(String, String)>,
    ) -> Self {
        Self {
            env,
            ctx: Some(ctx),
            folder: folder.to_owned(),
            variables,
            stubs: false,
            syntax: true,
            rules: Vec::new(),
        }
    }

    /// Makes one that works for no attempt: nobody cancels it.
    pub fn apart(env: Arc<dyn Env>, folder: &Path, variables: Vec<(String, String)>) -> Self {
        Self {
            env,
            ctx: None,
            folder: folder.to_owned(),
            variables,
            stubs: true,
            syntax: true,
            rules: Vec::new(),
        }
    }

    /// Looks again at a file that held, when it is another one since. None when there is nothing new to say.
    pub async fn again(&self, proof: &Proof) -> Option<Proof> {
        if proof.check != "file" || !proof.passed || syntax::command(&proof.subject).is_none() {
            return None;
        }
        let now = look(&self.folder, &proof.subject, self.stubs).proof;
        if now.hash == proof.hash || !now.passed {
            return None;
        }
        Some(self.file(&proof.subject).await).filter(|proof| !proof.passed)
    }

    /// Lets placeholders pass.
    #[must_use]
    pub fn stubs(mut self, allowed: bool) -> Self {
        self.stubs = allowed;
        self
    }

    /// Lets files pass that cannot be read in their language, or not.
    #[must_use]
    pub fn syntax(mut self, checked: bool) -> Self {
        self.syntax = checked;
        self
    }

    /// Looks at files by these rules, too.
    #[must_use]
    pub fn rules(mut self, rules: Vec<&'static str>) -> Self {
        self.rules = rules;
        self
    }

    /// Looks at files, then makes the checks, each in turn.
    pub async fn all(&self, files: &[String], checks: &[Check]) -> Evidence {
        let mut proofs = Vec::new();
        for name in files {
            proofs.push(self.file(name).await);
        }
        for check in checks {
            proofs.push(self.check(check).await);
        }
        Evidence { proofs }
    }

    async fn file(&self, name: &str) -> Proof {
        let proof = self.readable(name).await;
        match look_by(&self.rules, &self.folder, name).filter(|_| proof.passed) {
            Some(why) => Proof { hash: proof.hash, ..Proof::new("file", name, false, &why) },
            None => proof,
        }
    }

    async fn readable(&self, name: &str) -> Proof {
        let found = look_for(&self.folder, name, (self.stubs, self.syntax));
        let is_due = found.proof.passed && self.syntax;
        let (Some(command), true) = (syntax::command(name), is_due) else {
            return found.proof;
        };
        let Some(path) = found.path else { return found.proof };
        let mut argv: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        argv.push(path.display().to_string());
        match self.run(argv, SYNTAX_MS).await {
            Ran::Ended(exit) if exit.code != Some(0) => {
                let detail = format!("its syntax is wrong: {}", said(&exit));
                Proof {
                    passed: false,
                    ..Proof { hash: found.proof.hash, ..Proof::new("file", name, false, &detail) }
                }
            }
            // A language whose checker is not installed, or does not end, is not checked.
            _ => found.proof,
        }
    }

    /// Makes one check.
    pub async fn check(&self, check: &Check) -> Proof {
        match &check.what {
            What::Command(argv) => self.command(argv, check.timeout_ms).await,
            What::Http(http) => self.http(http, check.timeout_ms).await,
            What::Schema { file, schema } => self.schema(file, schema),
            What::Tests(wanted) => {
                let runner = Runner {
                    env: self.env.clone(),
                    ctx: self.ctx.clone(),
                    recorded: false,
                    root: self.folder.clone(),
                    variables: self.variables.clone(),
                };
                suite::tests(&runner, wanted, check.timeout_ms).await
            }
        }
    }

    async fn command(&self, argv: &[String], timeout_ms: u64) -> Proof {
        let subject = argv.join(" ");
        match self.run(argv.to_vec(), timeout_ms).await {
            Ran::Ended(exit) if exit.code == Some(0) => {
                let took = format!("ended with 0 in {} ms", exit.duration_ms);
                Proof::new("command", subject, true, &took)
            }
            Ran::Ended(exit) => {
                let code = exit
                    .code
                    .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                Proof::new(
                    "command",
                    subject,
                    false,
                    &format!("ended with {code}:\n{}", said(&exit)),
                )
            }
            Ran::Late => Proof::new(
                "command",
                subject,
                false,
                &format!("it took longer than {timeout_ms} ms"),
            ),
            Ran::Never(why) => Proof::new("command", subject, false, &why),
        }
    }

    fn schema(&self, file: &str, schema: &str) -> Proof {
        let subject = format!("{file} against {schema}");
        match self.fits(file, schema) {
            Ok(()) => Proof::new("schema", subject, true, ""),
            Err(why) => Proof::new("schema", subject, false, &why),
        }
    }

    fn fits(&self, file: &str, schema: &str) -> Result<(), String> {
        let read = |name: &str| -> Result<serde_json::Value, String> {
            let found = look(&self.folder, name, true);
            let path = found.path.ok_or_else(|| format!("{name}: {}", found.proof.detail))?;
            let text = std::fs::read_to_string(path).map_err(|why| format!("{name}: {why}"))?;
            if ["yaml", "yml"].contains(&name.rsplit('.').next().unwrap_or_default()) {
                return fusion_core::graph::file::value(&text, name).map_err(|why| why.to_string());
            }
            serde_json::from_str(&text).map_err(|why| format!("{name} is no JSON: {why}"))
        };
        let (value, schema) = (read(file)?, read(schema)?);
        let patterns = jsonschema::PatternOptions::regex();
        let validator =
            jsonschema::options().offline().with_pattern_options(patterns).build(&schema);
        let validator = validator.map_err(|why| format!("the schema is none: {why}"))?;
        let wrong: Vec<String> = validator
            .iter_errors(&value)
            .take(10)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    async fn http(&self, http: &Http, timeout_ms: u64) -> Proof {
        if http.serve.is_empty() {
            return self.ask(http, timeout_ms, false).await;
        }
        let enough = Wish::default();
        let until = Arc::new(Until::new(self.ctx.as_ref(), &self.env, timeout_ms, enough.clone()));
        let stop: Stop = until;
        let served = self.env.exec(self.exec(http.serve.clone()), stop);
        let asked = Box::pin(async {
            let proof = self.ask(http, timeout_ms, true).await;
            enough.give();
            proof
        });
        let slot: Mutex<Option<Proof>> = Mutex::new(None);
        let asked = Box::pin(async {
            let proof = asked.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(proof);
            // The program ends now: who waits for it sees that.
            std::future::pending::<()>().await;
        });
        let ended = match first(served, asked).await {
            Either::Left(ended) => ended,
            Either::Right(()) => return Proof::new("http", &http.url, false, "it was given up"),
        };
        let seen = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        seen.unwrap_or_else(|| {
            let why = match ended {
                Ok(exit) => format!("`{}` ended by itself: {}", http.serve.join(" "), said(&exit)),
                Err(failure) => failure.to_string(),
            };
            Proof::new("http", &http.url, false, &why)
        })
    }

    /// Asks until the answer is right; a service that is there is asked once.
    async fn ask(&self, http: &Http, timeout_ms: u64, starting: bool) -> Proof {
        let deadline = self.env.monotonic_ns().saturating_add(timeout_ms.saturating_mul(1_000_000));
        loop {
            let url = http.url.clone();
            let answer = self.blocking(move || super::http::get(&url)).await;
            let wrong = match &answer {
                Err(why) => format!("there is no answer: {why}"),
                Ok(answer) if answer.status != http.status => {
                    format!("the status is {}, not {}", answer.status, http.status)
                }
                Ok(answer) => match &http.contains {
                    Some(text) if !answer.text.contains(text.as_str()) => {
                        format!("`{text}` does not stand in the answer")
                    }
                    _ => {
                        let detail =
                            format!("status {}, {} bytes", answer.status, answer.text.len());
                        return Proof::new("http", &http.url, true, &detail);
                    }
                },
            };
            let now = self.env.monotonic_ns();
            if !starting
                || answer.is_ok()
                || now >= deadline
                || self.ctx.as_ref().is_some_and(Context::is_cancelled)
            {
                return Proof::new("http", &http.url, false, &wrong);
            }
            if let Some(ctx) = &self.ctx {
                ctx.heartbeat();
            }
            self.env.sleep_until(now + PAUSE_MS * 1_000_000).await;
        }
    }

    /// Does something that blocks away from the tasks.
    async fn blocking(
        &self,
        job: impl FnOnce() -> Result<http::Answer, String> + Send + 'static,
    ) -> Result<http::Answer, String> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.env.blocking(Box::new(move || {
            let _ = sender.send(job());
        }));
        receiver.await.unwrap_or_else(|_| Err("it was given up".to_owned()))
    }

    fn exec(&self, argv: Vec<String>) -> Exec {
        Exec {
            argv,
            cwd: Some(self.folder.clone()),
            env: self.variables.iter().cloned().collect(),
            stdout_limit: KEPT,
            stderr_limit: KEPT,
            grace_ms: GRACE_MS,
            ..Exec::default()
        }
    }

    async fn run(&self, argv: Vec<String>, timeout_ms: u64) -> Ran {
        let until = Arc::new(Until::new(self.ctx.as_ref(), &self.env, timeout_ms, Wish::default()));
        let stop: Stop = until.clone();
        match self.env.exec(self.exec(argv), stop).await {
            Ok(exit) if exit.code.is_none() && until.is_late() => Ran::Late,
            Ok(exit) => Ran::Ended(exit),
            Err(failure) => Ran::Never(failure.to_string()),
        }
    }

    /// Tells whether a name is one of a file in the workspace.
    pub fn has(&self, name: &str) -> bool {
        inside(&self.folder, name).is_some_and(|path| path.exists())
    }
}

/// How a program went.
enum Ran {
    Ended(Exit),
    Late,
    Never(String),
}

/// What a program said: its complaints, or else its output.
fn said(exit: &Exit) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (err, out) = (text(&exit.stderr), text(&exit.stdout));
    match (err.is_empty(), out.is_empty()) {
        (true, _) => out,
        (_, true) => err,
        _ => format!("{out}\n{err}"),
    }
}
