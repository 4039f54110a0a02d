//! [`Sandbox`]: looks at what there is here, and runs commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OnceCell, watch};

use super::super::quota::Quota;
use super::bubble::{self, Bound as Binds};
use super::end::{self, Ended, Output};
use super::group::Group;
use super::launcher;
use super::level::{Bound, Level};
use super::policy::{Isolation, Policy};
use super::spec::{Answer, Limits, Spec, VARIABLE};
use super::watch::{Over, Watched, full, watch};
use crate::contract::{Env, Exec, Exit, Stop};
use crate::error::{Code, Error, Result};

/// Where bubblewrap is, if it is there. The `PATH` is not asked: what isolates has to be the system's own.
const BUBBLEWRAP: [&str; 3] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"];
/// Where programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a command may take to end when it is asked to, in milliseconds.
const GRACE_MS: u64 = 500;
/// How long a look at the layers may take, in milliseconds.
const PROBE_MS: u64 = 20_000;
/// How often and how long one waits for a control group to be empty, which takes the kernel a moment.
const GROUP_TRIES: u32 = 50;
const GROUP_NS: u64 = 2_000_000;

/// A command to run.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// The program and its arguments. No shell reads them.
    pub argv: Vec<String>,
    /// What it reads.
    pub stdin: Bytes,
    /// Its working directory, a full path.
    pub cwd: PathBuf,
    /// The folders that it may change, by their full paths. Nothing above them may be changed by an agent.
    pub writable: Vec<PathBuf>,
    /// What the first of these folders may hold, looked at while it runs.
    pub quota: Option<Quota>,
    /// Variables that name the attempt (`FUSION_*`): the program has them, and so has what runs it.
    pub attempt: BTreeMap<String, String>,
}

/// Runs commands in isolation. Cheap to clone; what there is here is looked at once.
///
/// ```no_run
/// use std::sync::Arc;
/// use fusion_core::run::{Os, Wish};
/// use fusion_core::workspace::{Command, Policy, Sandbox};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::new(Os::new()?);
/// let folder = std::path::PathBuf::from("/srv/agents/work");
/// let command = Command {
///     argv: vec!["ls".into(), "-l".into()], cwd: folder.clone(), writable: vec![folder], ..Command::default()
/// };
/// let output = sandbox.run(command, &Policy::default(), Arc::new(Wish::default())).await?;
/// assert!(output.level.is_strict());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Sandbox {
    env: Arc<dyn Env>,
    bubblewrap: Option<PathBuf>,
    launcher: Option<Vec<String>>,
    level: Arc<OnceCell<Level>>,
}

impl Sandbox {
    /// Makes one of what is found here: bubblewrap among the system's programs; as launcher this program, if it is the `fusion`
    /// command, else the `fusion` of the `PATH`.
    pub fn new(env: Arc<dyn Env>) -> Self {
        let bubblewrap = BUBBLEWRAP.iter().map(PathBuf::from).find(|path| path.is_file());
        Self { env, bubblewrap, launcher: launcher::find(), level: Arc::default() }
    }

    /// Names the bubblewrap to use.
    #[must_use]
    pub fn bubblewrap(self, path: impl Into<PathBuf>) -> Self {
        Self { bubblewrap: Some(path.into()), level: Arc::default(), ..self }
    }

    /// Names the launcher: a program that calls [`enter`](super::enter), with its arguments.
    #[must_use]
    pub fn launcher(self, argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self { launcher: Some(argv), level: Arc::default(), ..self }
    }

    /// Tells which layers there are here, by putting them on. It is looked at once.
    pub async fn level(&self) -> Level {
        self.level.get_or_init(|| self.probe()).await.clone()
    }

    /// Runs a command to its end, and ends it with all that it started when `stop` is set.
    ///
    /// # Errors
    /// `FU0101` for what the policy does not allow; `FU0602` when it cannot be isolated as the policy demands: nothing was
    /// started then; `FU0601` when the program cannot be started.
    pub async fn run(&self, command: Command, policy: &Policy, stop: Stop) -> Result<Output> {
        if let Some(why) = policy.refuses(&command.argv).or_else(|| policy.mistake()) {
            return Err(Error::new(Code::InvalidInput, why));
        }
        let mut level = match policy.isolation {
            Isolation::Off => Level::default(),
            Isolation::Strict | Isolation::Available => self.level().await,
        };
        if policy.isolation == Isolation::Strict && !level.is_strict() {
            return Err(missing(&level));
        }
        let mut group = match policy.isolation {
            Isolation::Off => Group::default(),
            _ => Group::make(&self.name(), policy),
        };
        bounds(&mut level, &group, policy);
        let exec = self.exec(&command, policy, (&level, &group))?;
        let until_ns =
            self.env.monotonic_ns().saturating_add(policy.time_ms.saturating_mul(1_000_000));
        let folder = command.writable.first().cloned().zip(command.quota);
        let watched = Watched { until_ns, folder };
        let (exit, mut ended) = self.follow(exec, &watched, stop).await?;
        self.leave(&mut group).await;
        if ended.is_none() {
            ended = full(&self.env, &watched).await;
        }
        end::output(exit, ended, level)
    }

    async fn follow(
        &self,
        exec: Exec,
        watched: &Watched,
        theirs: Stop,
    ) -> Result<(Exit, Option<Ended>)> {
        let (say, ours) = watch::channel(None);
        let over = Over { theirs, ours: ours.clone() };
        let running = self.env.exec(exec, Arc::new(over));
        let exit = tokio::select! {
            biased;
            exit = running => exit,
            () = watch(&self.env, watched, say) => return Err(Error::new(Code::Internal, "the watch ended")),
        };
        let exit = exit.map_err(|failure| {
            Error::new(Code::Workspace, failure.message.clone()).with_failure(failure)
        })?;
        let ended = ours.borrow().clone();
        Ok((exit, ended))
    }

    /// Puts the command line together.
    fn exec(
        &self,
        command: &Command,
        policy: &Policy,
        (level, group): (&Level, &Group),
    ) -> Result<Exec> {
        let mut env = BTreeMap::from(
            [("PATH", PATH), ("LANG", "C.UTF-8")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        env.extend(command.attempt.clone());
        let mut spec = Self::spec(command, policy, level);
        spec.env.extend(env.clone());
        spec.env.extend(policy.env.clone());
        let (mut argv, mut outer) = (group.words(), env);
        if *level == Level::default() {
            // No layer at all: the program as it is.
            argv.extend(command.argv.clone());
            outer = spec.env;
        } else {
            if level.namespaces {
                let launcher = launcher::needs(self.launcher.as_deref().unwrap_or_default());
                let cwd = command.cwd.as_path();
                let binds = Binds { writable: &command.writable, launcher: &launcher, cwd };
                argv.extend(self.bubble(policy, binds));
            }
            argv.extend(self.launcher.clone().unwrap_or_default());
            argv.push("--".to_owned());
            argv.extend(command.argv.clone());
            outer.insert(VARIABLE.to_owned(), text(&spec)?);
        }
        Ok(Exec {
            argv,
            stdin: command.stdin.clone(),
            cwd: Some(command.cwd.clone()),
            env: outer,
            stdout_limit: policy.stdout_bytes,
            stderr_limit: policy.stderr_bytes,
            grace_ms: GRACE_MS,
            leaves_nothing: false,
            heard: None,
        })
    }

    fn spec(command: &Command, policy: &Policy, level: &Level) -> Spec {
        let home = command.writable.first().unwrap_or(&command.cwd).display().to_string();
        let tmp = if level.namespaces { "/tmp".to_owned() } else { home.clone() };
        let limits = Limits {
            data_bytes: Some(policy.memory_bytes),
            // Of root the kernel counts nothing, and without a namespace it counts all that the user runs.
            processes: level.namespaces.then_some(policy.processes),
            open_files: Some(policy.open_files),
            file_bytes: Some(policy.file_bytes),
        };
        Spec {
            probe: false,
            landlock: level.landlock.is_some(),
            seccomp: level.seccomp,
            private: level.namespaces,
            network: policy.network,
            writable: command.writable.clone(),
            readable: policy.readable.clone(),
            env: BTreeMap::from([("HOME".to_owned(), home), ("TMPDIR".to_owned(), tmp)]),
            cwd: command.cwd.clone(),
            limits,
        }
    }

    fn bubble(&self, policy: &Policy, binds: Binds<'_>) -> Vec<String> {
        let program = self.bubblewrap.as_deref().unwrap_or_else(|| Path::new("bwrap"));
        let mut argv = vec![program.display().to_string()];
        argv.extend(bubble::arguments(policy, binds));
        argv
    }

    /// A name that no other command has.
    fn name(&self) -> String {
        format!("fusion-{}-{:016x}", std::process::id(), self.env.random())
    }

    async fn leave(&self, group: &mut Group) {
        for _ in 0..GROUP_TRIES {
            if group.remove() {
                return;
            }
            self.env.sleep_until(self.env.monotonic_ns().saturating_add(GROUP_NS)).await;
        }
    }

    async fn probe(&self) -> Level {
        let mut level = Level::default();
        let Some(launcher) = self.launcher.clone() else {
            level
                .missing
                .push("there is no `fusion` command on the PATH to be the launcher".to_owned());
            return level;
        };
        let mut within = Err("bubblewrap (`bwrap`) is not installed".to_owned());
        if self.bubblewrap.is_some() {
            let needed = launcher::needs(&launcher);
            let binds = Binds { writable: &[], launcher: &needed, cwd: Path::new("/") };
            let mut argv = self.bubble(&Policy::default(), binds);
            argv.extend(launcher.clone());
            within = self.ask(argv, true).await;
        }
        let answer = match within {
            Ok(answer) => {
                level.namespaces = true;
                answer
            }
            Err(why) => {
                level.missing.push(why);
                self.ask(launcher, false)
                    .await
                    .unwrap_or_else(|why| Answer { missing: vec![why], ..Answer::default() })
            }
        };
        (level.landlock, level.seccomp) = (answer.landlock, answer.seccomp);
        level.missing.extend(answer.missing);
        let policy = Policy::default();
        let mut group = Group::make(&self.name(), &policy);
        bounds(&mut level, &group, &policy);
        group.remove();
        level
    }

    /// Lets the launcher put its layers on and say which came about.
    async fn ask(&self, argv: Vec<String>, private: bool) -> Result<Answer, String> {
        let spec = Spec { probe: true, private, ..Spec::default() };
        let spec = text(&spec).map_err(|error| error.to_string())?;
        let env =
            BTreeMap::from([(VARIABLE.to_owned(), spec), ("PATH".to_owned(), PATH.to_owned())]);
        let name = argv.first().cloned().unwrap_or_default();
        let exec = Exec {
            argv,
            env,
            stdout_limit: 64 * 1024,
            stderr_limit: 4 * 1024,
            grace_ms: GRACE_MS,
            ..Exec::default()
        };
        let until_ns = self.env.monotonic_ns().saturating_add(PROBE_MS * 1_000_000);
        let watched = Watched { until_ns, folder: None };
        let never: Stop = Arc::new(super::watch::Never);
        let (exit, _) =
            self.follow(exec, &watched, never).await.map_err(|error| error.message().to_owned())?;
        serde_json::from_slice(&exit.stdout).map_err(|_| {
            let said = String::from_utf8_lossy(&exit.stderr);
            format!("{name} does not do: {}", said.lines().next().unwrap_or("it said nothing"))
        })
    }
}

fn text(spec: &Spec) -> Result<String> {
    serde_json::to_string(spec)
        .map_err(|error| Error::new(Code::Internal, "the rules of a sandbox").because(error))
}

/// Says how limits of all processes are kept.
fn bounds(level: &mut Level, group: &Group, policy: &Policy) {
    let alone = policy.isolation != Isolation::Off;
    // In a user namespace of its own a user's processes are counted apart; root's are not counted.
    let counted = level.namespaces && !rustix::process::getuid().is_root();
    level.processes = if group.processes || counted { Bound::Together } else { Bound::None };
    let launched = level.landlock.is_some() || level.seccomp || level.namespaces;
    level.memory = match (group.memory, alone && launched) {
        (true, _) => Bound::Together,
        (false, true) => Bound::Each,
        (false, false) => Bound::None,
    };
}

fn missing(level: &Level) -> Error {
    let why = level.missing.join("; ");
    let message = format!("the command was not started: it has to be isolated, and {why}");
    Error::new(Code::NoSandbox, message)
        .hint("`fusion doctor` says what is missing; `available` or `off` in place of `strict` accepts less")
}

/// The page about workspaces: its program is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/workspaces.md")]
struct Page;
