//! The steps of a build's workflow: look before, check after, write down what is done.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::contract::{BoxFuture, Context, Env, Output, Step, Store};
use fusion_core::error::Error;
use fusion_core::model::{Class, Failure, Payload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::boxes::Boxes;
use super::job::Job;
use super::ticks;
use crate::check::{Check, Checker, Evidence, Proof, inside, look};
use crate::tasks::State;

/// Looks whether a task is done already, and whether it can begin.
pub(super) const BEFORE: &str = "build.before";
/// Checks what an attempt made.
pub(super) const CHECK: &str = "build.check";
/// Ticks a task that is proved; fails when it is not.
pub(super) const DONE: &str = "build.done";
/// Makes the checks of requirements and stories.
pub(super) const END: &str = "build.verify";
/// Stands in for an agent that failed.
pub(super) const GONE: &str = "build.gone";

/// Who is asked when nobody else can do a task.
pub(super) const PERSON: &str = "a person";

/// Who did a task whose box a person has ticked.
const BY_HAND: &str = "by hand";

/// The longest words of an agent that are kept, in characters.
const WORDS: usize = 4_000;
/// The most files of an attempt that are looked at.
const FILES: usize = 200;

/// What came of one try of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tried {
    /// Who tried.
    pub worker: String,
    /// Which attempt of this worker it was, from 1.
    pub round: u64,
    /// Whether all checks held.
    pub passed: bool,
    /// What the checks found.
    pub proofs: Vec<Proof>,
    /// The worker's last words, the end of them.
    pub text: String,
    /// The files that it changed, where it tells.
    pub files: Vec<String>,
    /// What it cost, where it tells.
    pub cost: Value,
    /// The tasks beside its own that it ticked: the ticks were taken away.
    pub unticked: Vec<String>,
}

/// What became of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// The task.
    pub id: String,
    /// Who did it: a worker, `by hand` when a person has ticked it, `set aside` when it was put off or given up.
    pub by: String,
    /// What the checks found.
    pub proofs: Vec<Proof>,
    /// The last try of each worker.
    pub tries: Vec<Tried>,
    /// What the words of the task came to that was done.
    pub basis: String,
}

/// The steps of a build; register them all.
#[derive(Clone)]
pub struct Steps {
    name: &'static str,
    env: Arc<dyn Env>,
    store: Arc<dyn Store>,
    variables: Vec<(String, String)>,
}

impl Steps {
    /// Makes them for an engine. `variables` are all that commands of checks see of the environment.
    pub fn all(fusion: &Fusion, variables: &[(String, String)]) -> Vec<Self> {
        let one = |name| Self {
            name,
            env: fusion.env(),
            store: fusion.store(),
            variables: variables.to_vec(),
        };
        [BEFORE, CHECK, DONE, END, GONE].map(one).to_vec()
    }

    fn checker(&self, ctx: &Context, folder: &std::path::Path) -> Checker {
        Checker::new(self.env.clone(), ctx.clone(), folder, self.variables.clone())
    }

    fn boxes(&self, spec: &Path) -> Boxes {
        Boxes::held(self.store.clone(), self.env.clone(), spec)
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Step for Steps {
    fn name(&self) -> &str {
        self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let own = self.clone();
        Box::pin(async move {
            let output = match own.name {
                BEFORE => own.before(&input.decode()?).await?,
                CHECK => own.check(&ctx, input.decode()?).await?,
                DONE => own.done(&ctx, input.decode()?).await?,
                END => own.end(&ctx, input.decode()?).await,
                _ => gone(&ctx),
            };
            Ok(Output::Value(Payload::json(&output)?))
        })
    }
}

#[derive(Deserialize)]
struct Before {
    workspace: PathBuf,
    spec: PathBuf,
    job: Job,
    /// Who will try it.
    #[serde(default)]
    workers: Vec<String>,
}

#[derive(Deserialize)]
struct After {
    workspace: PathBuf,
    /// What an older version began does not say where it is.
    #[serde(default)]
    spec: Option<PathBuf>,
    job: Job,
    worker: String,
    #[serde(default)]
    round: Value,
    /// The conversation that the attempt went on with.
    #[serde(default)]
    session: String,
    #[serde(default)]
    said: Said,
    /// The hashes of the task's files before anybody worked at it.
    #[serde(default)]
    was: BTreeMap<String, String>,
}

/// What an agent's reply says that is looked at here.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    text: String,
    files: Vec<String>,
    session: Option<String>,
    cost: Value,
    failed: Option<String>,
}

#[derive(Deserialize)]
struct Done {
    workspace: PathBuf,
    spec: PathBuf,
    job: Job,
    before: Was,
    tries: Vec<Option<Try>>,
}

#[derive(Deserialize)]
struct Was {
    done: bool,
    #[serde(default)]
    by: String,
}

#[derive(Deserialize)]
struct Try {
    passed: bool,
    #[serde(default)]
    feedback: String,
    #[serde(default)]
    tried: Option<Tried>,
}

#[derive(Deserialize)]
struct Final {
    workspace: PathBuf,
    checks: Vec<Check>,
}

impl Steps {
    async fn before(&self, given: &Before) -> Result<Value, Failure> {
        let job = &given.job;
        let refused = |message: String| Failure::new(Class::VALIDATION, message).permanent();
        if !given.workspace.is_dir() {
            return Err(refused(format!(
                "{}: there is no folder {}",
                job.id,
                given.workspace.display()
            )));
        }
        let state = ticks::state(&given.spec, &job.id).map_err(|why| refused(why.to_string()))?;
        match state {
            Some(State::Done) => {
                let boxes = self.boxes(&given.spec);
                if boxes.is_of_people(&job.id).await.map_err(|why| broken(&why))? {
                    return Ok(json!({"done": true, "by": BY_HAND}));
                }
                // An agent has ticked it, or somebody while agents worked, and nobody can tell which.
                boxes.take_away(&job.id).await.map_err(|why| broken(&why))?;
            }
            Some(State::Deferred | State::Cancelled) => {
                return Ok(json!({"done": true, "by": "set aside"}));
            }
            Some(State::Open) | None => {}
        }
        let is_missing =
            |name: &&String| !inside(&given.workspace, name).is_some_and(|path| path.exists());
        let missing: Vec<&str> = job.inputs.iter().filter(is_missing).map(String::as_str).collect();
        if !missing.is_empty() {
            return Err(refused(format!(
                "{} cannot begin: these are missing: {}",
                job.id,
                missing.join(", ")
            )));
        }
        let hashes: BTreeMap<&String, String> = job
            .files
            .iter()
            .map(|name| (name, look(&given.workspace, name, true).proof.hash))
            .filter(|(_, hash)| !hash.is_empty())
            .collect();
        let rules: Vec<String> = given.workers.iter().map(|one| job.looked_for(one)).collect();
        Ok(json!({"done": false, "files": hashes, "rules": rules}))
    }

    async fn check(&self, ctx: &Context, given: After) -> Result<Value, Failure> {
        let After { workspace, spec, job, worker, round, session, said, was } = given;
        let unticked = self.unticked(spec.as_deref().filter(|_| worker != PERSON), &job.id).await?;
        // A task that names no file is judged by what was changed.
        let mut files = job.files.clone();
        if files.is_empty() {
            let is_work = |name: &String| {
                !is_own(&workspace, name)
                    && inside(&workspace, name).is_some_and(|path| path.is_file())
            };
            files = said.files.iter().filter(|name| is_work(name)).take(FILES).cloned().collect();
        }
        let checker = self.checker(ctx, &workspace).stubs(job.stubs).syntax(job.syntax);
        let checker = checker.rules(job.rules_of(&worker));
        let mut evidence = checker.all(&files, &job.checks).await;
        for proof in evidence.proofs.iter_mut().filter(|proof| proof.check == "file") {
            if was.get(&proof.subject).is_some_and(|hash| *hash == proof.hash) {
                "it was there before, and is as it was".clone_into(&mut proof.weak);
            }
        }
        if let Some(why) = &said.failed {
            evidence.proofs.insert(0, Proof::new("agent", &worker, false, why));
        }
        let count = said.text.chars().count();
        let tried = Tried {
            worker,
            round: round.as_u64().unwrap_or(0),
            passed: evidence.passed(),
            text: said.text.chars().skip(count.saturating_sub(WORDS)).collect(),
            files: said.files.into_iter().take(FILES).collect(),
            cost: said.cost,
            unticked,
            proofs: evidence.proofs.clone(),
        };
        Ok(json!({
            "passed": evidence.passed(), "feedback": evidence.feedback(),
            "session": said.session.unwrap_or(session), "tried": tried,
        }))
    }

    async fn done(&self, ctx: &Context, given: Done) -> Result<Value, Failure> {
        let Done { workspace, spec, job, before, tries } = given;
        let id = job.id.clone();
        if before.done {
            let checker = self.checker(ctx, &workspace).stubs(job.stubs).syntax(job.syntax);
            let Evidence { proofs } = match before.by.as_str() {
                BY_HAND => checker.all(&job.files, &job.checks).await,
                _ => Evidence::default(),
            };
            return Ok(json!(Outcome {
                id,
                by: before.by,
                proofs,
                tries: Vec::new(),
                basis: job.basis
            }));
        }
        let tries: Vec<Try> = tries.into_iter().flatten().collect();
        let Some(good) =
            tries.iter().rev().find(|one| one.passed).and_then(|one| one.tried.clone())
        else {
            let feedback = tries.iter().rev().find(|one| !one.feedback.is_empty());
            let why = feedback.map_or("nobody tried it", |one| one.feedback.as_str());
            let why = headed(why);
            return Err(
                Failure::new(Class::VALIDATION, format!("{id} is not done: {why}")).permanent()
            );
        };
        let now = ticks::title(&spec, &id).map_err(|why| broken(&why))?;
        if now.is_some_and(|now| now != job.title) {
            let why = format!("{id} was written anew while it was worked at: build again");
            return Err(Failure::new(Class::VALIDATION, why).permanent());
        }
        self.boxes(&spec).prove(&id).await.map_err(|why| broken(&why))?;
        let tries = tries.into_iter().filter_map(|one| one.tried).collect();
        Ok(json!(Outcome { id, by: good.worker, proofs: good.proofs, tries, basis: job.basis }))
    }

    /// Takes away what was ticked without the build, and tells of which tasks other than this one.
    async fn unticked(&self, spec: Option<&Path>, own: &str) -> Result<Vec<String>, Failure> {
        let Some(spec) = spec else { return Ok(Vec::new()) };
        let mut swept = self.boxes(spec).sweep().await.map_err(|why| broken(&why))?;
        swept.retain(|id| id != own);
        Ok(swept)
    }

    async fn end(&self, ctx: &Context, given: Final) -> Value {
        let checker = self.checker(ctx, &given.workspace);
        let mut made = Vec::new();
        for check in given.checks {
            let proof = checker.check(&check).await;
            made.push(
                json!({"requirement": check.requirement, "story": check.story, "proof": proof}),
            );
        }
        json!({"checks": made})
    }
}

/// Reasons with the first of them, and how many there are, in the first line: lists of runs show no other.
fn headed(why: &str) -> String {
    let all: Vec<&str> =
        why.split("\n- ").map(|one| one.strip_prefix("- ").unwrap_or(one)).collect();
    match all.split_first() {
        Some((one, [])) => (*one).to_owned(),
        Some((first, more)) => {
            let line = first.lines().next().unwrap_or_default();
            format!("{line} (and {} more)\n{why}", more.len())
        }
        None => why.to_owned(),
    }
}

/// What the store or `tasks.md` refused; it may go better the next time.
fn broken(why: &Error) -> Failure {
    Failure::error(why.to_string())
}

fn gone(ctx: &Context) -> Value {
    let why = ctx.about().feedback.map_or_else(|| "it failed".to_owned(), |why| why.to_string());
    json!({"text": "", "files": [], "failed": why})
}

/// Tells whether a file is the engine's, version control's, or one of a specification: what changes there proves no work.
fn is_own(workspace: &Path, name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    let is_store = [".db", ".db-wal", ".db-shm"].iter().any(|ending| name.ends_with(ending));
    let beside = workspace.join(name).with_file_name("spec.md");
    matches!(first, ".fusion" | ".git" | ".hg" | ".svn" | "fusion.toml" | "fusion.lock")
        || is_store
        || beside.is_file()
}
