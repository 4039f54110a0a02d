//! The world of a call inside a plugin: the host's clock and randomness, the plugin's own tasks.

use fusion_core::contract::{BoxFuture, Env, Exec, Exit, Job, Peers, Stop, Stopped, Task};
use fusion_core::model::{Class, Failure};

use crate::abi::CallId;
use crate::host::Host;
use crate::sleep::Sleep;
use crate::tasks;

/// The world of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) call: CallId,
}

impl Env for World {
    fn now_ms(&self) -> i64 {
        self.host.now_ms(self.call)
    }

    fn monotonic_ns(&self) -> u64 {
        self.host.now_ns(self.call)
    }

    fn random(&self) -> u64 {
        self.host.random(self.call)
    }

    fn sleep_until(&self, monotonic_ns: u64) -> BoxFuture<'static, ()> {
        let delay = monotonic_ns.saturating_sub(self.monotonic_ns());
        Box::pin(Sleep::new(self.host, self.call, delay))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task {
        let task = tasks::runtime().map(|runtime| runtime.spawn(future).abort_handle());
        Task::new(move || {
            if let Some(task) = task {
                task.abort();
            }
        })
    }

    fn blocking(&self, job: Job) {
        if let Some(runtime) = tasks::runtime() {
            runtime.spawn_blocking(job);
        }
    }

    fn in_place(&self, _job: &mut dyn FnMut()) -> bool {
        false
    }

    fn dedicated(&self, _name: &str, job: Job) {
        self.blocking(job);
    }

    fn exec(&self, exec: Exec, _stop: Stop) -> BoxFuture<'static, Result<Exit, Failure>> {
        let program = exec.argv.into_iter().next().unwrap_or_default();
        let message = format!("`{program}` was not started: a plugin starts programs by itself");
        Box::pin(std::future::ready(Err(Failure::new(Class::SPAWN, message))))
    }
}

impl Peers for World {
    fn identity(&self) -> String {
        format!("plugin-{}", std::process::id())
    }

    fn is_dead(&self, _identity: &str) -> bool {
        false
    }
}

/// The wish to end: when it comes, the host's `cancel` ends the task, so nobody has to wait for it here.
impl Stopped for World {
    fn is_set(&self) -> bool {
        !self.host.wants(self.call)
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}
