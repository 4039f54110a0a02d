//! What stands around an attempt: a secret, a victim, servers of the host; and how an escape is noticed.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fusion_core::run::{Os, Wish};
use fusion_core::workspace::{Command, Isolation, Output, Policy, Quota, Sandbox};

/// What nobody in a sandbox may read.
pub(crate) const CANARY: &str = "canary-5e1f0c77";

/// An attempt is a program, and its text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt {
    Shell(&'static str),
    Python(&'static str),
}

/// Makes a test of each attempt. `open` ones are made without the sandbox first, where they have to lead out.
macro_rules! attempts {
    ($($kind:ident $name:ident: $language:ident $text:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let attempt = $crate::ground::Attempt::$language($text);
            $crate::ground::attempt(attempt, stringify!($kind) == "open").await;
        })*
    };
}
pub(crate) use attempts;

/// Everything outside that an attempt may aim at.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
    victim: Child,
    tcp: TcpListener,
    udp: UdpSocket,
    unix: UnixListener,
    within: UnixListener,
    named: UnixListener,
    abstract_name: String,
    /// Open for whoever inherits it.
    _inherited: std::fs::File,
    _alone: MutexGuard<'static, ()>,
}

/// Attempts of one process are made one after the other: without a sandbox they would inherit what another one holds open.
static ALONE: Mutex<()> = Mutex::new(());

impl Ground {
    #[expect(clippy::disallowed_methods, reason = "a process of the host that is none of ours")]
    pub(crate) fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("outside")).unwrap();
        std::fs::create_dir(at("work")).unwrap();
        std::fs::write(at("outside/secret"), CANARY).unwrap();
        std::fs::write(at("outside/tool"), "#!/bin/sh\necho tool\n").unwrap();
        let abstract_name = format!("fusion-{}", folder.path().display());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let unix = UnixListener::bind(at("outside/socket")).unwrap();
        let within = UnixListener::bind(at("work/socket")).unwrap();
        let named = UnixListener::bind_addr(&address).unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        for listener in [&unix, &within, &named] {
            listener.set_nonblocking(true).unwrap();
        }
        let inherited = std::fs::File::open(at("outside")).unwrap();
        rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).unwrap();
        let victim = std::process::Command::new("/bin/sh")
            .args(["-c", "echo ready; read line", CANARY])
            .env("SECRET", CANARY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            folder,
            victim,
            tcp,
            udp,
            unix,
            within,
            named,
            abstract_name,
            _inherited: inherited,
            _alone: alone,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let text = |name: &str| self.path(name).display().to_string();
        let all = [
            ("OUT", text("outside")),
            ("WORK", text("work")),
            ("FUSION", env!("CARGO_BIN_EXE_fusion").to_owned()),
            ("VICTIM", self.victim.id().to_string()),
            ("PORT", self.tcp.local_addr().unwrap().port().to_string()),
            ("UDP", self.udp.local_addr().unwrap().port().to_string()),
            ("NAMED", self.abstract_name.clone()),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }

    pub(crate) async fn run(&self, argv: &[&str], policy: Policy) -> Output {
        let quota = Quota { bytes: 8 << 20, files: 500 };
        let command = Command {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            cwd: self.path("work"),
            writable: vec![self.path("work")],
            quota: Some(quota),
            ..Command::default()
        };
        let policy = Policy { env: self.env(), ..policy };
        sandbox().run(command, &policy, Arc::new(Wish::default())).await.unwrap()
    }

    /// Says how the outside was reached; nothing when it was not.
    pub(crate) fn reached(&mut self, output: &Output) -> Option<&'static str> {
        let said =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        let lines = said.iter().flat_map(|text| text.lines());
        let mut lines = lines.map(str::trim);
        if said.iter().any(|text| text.contains(CANARY)) {
            return Some("the secret was read");
        }
        if lines.any(|line| line == "ESCAPED") {
            return Some("it says so itself");
        }
        let mut names: Vec<String> = list(&self.path("outside"));
        names.sort();
        let secret = std::fs::read_to_string(self.path("outside/secret")).unwrap_or_default();
        let mode = mode_of(&self.path("outside/secret"));
        if names != ["secret", "socket", "tool"] || secret != CANARY || mode & 0o777 != 0o644 {
            return Some("a file outside was changed");
        }
        if list(self.folder.path()) != ["outside", "work"] {
            return Some("a file was made outside");
        }
        let mut datagram = [0; 8];
        if self.tcp.accept().is_ok() || self.udp.recv_from(&mut datagram).is_ok() {
            return Some("a server of the host was reached by the network");
        }
        if [&self.unix, &self.within, &self.named].iter().any(|server| server.accept().is_ok()) {
            return Some("a server of the host was reached by a socket");
        }
        if self.victim.try_wait().unwrap().is_some() {
            return Some("a process of the host was ended");
        }
        let privileged = list(&self.path("work")).into_iter().find(|name| {
            let path = self.path("work").join(name);
            let kind = mode_of(&path) & 0o170_000;
            mode_of(&path) & 0o6000 != 0 || kind == 0o020_000 || kind == 0o060_000
        });
        privileged.map(|_| "a device, or a program with rights of its owner, was made")
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(Os::current().unwrap()).launcher([env!("CARGO_BIN_EXE_fusion"), "sandbox"])
}

fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().map_or(0, |about| about.mode())
}

fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A policy under which attempts are short.
pub(crate) fn policy() -> Policy {
    Policy {
        time_ms: 20_000,
        processes: 64,
        memory_bytes: 256 << 20,
        file_bytes: 8 << 20,
        tmp_bytes: 4 << 20,
        ..Policy::default()
    }
}

/// Makes an attempt: in the sandbox it leads nowhere; without it an open one leads out.
pub(crate) async fn attempt(attempt: Attempt, open: bool) {
    let argv = match attempt {
        Attempt::Shell(text) => ["sh", "-c", text],
        Attempt::Python(text) => ["python3", "-c", text],
    };
    if open {
        let mut ground = Ground::new();
        let off = Policy { isolation: Isolation::Off, ..policy() };
        let output = ground.run(&argv, off).await;
        assert!(
            ground.reached(&output).is_some(),
            "it does not lead out without a sandbox: {output:?}"
        );
    }
    let mut ground = Ground::new();
    let output = ground.run(&argv, policy()).await;
    assert!(output.level.is_strict(), "{}", output.level);
    assert_eq!(ground.reached(&output), None, "{output:?}");
    // An attempt that did not even begin proves nothing.
    let said = String::from_utf8_lossy(&output.stdout);
    let missing =
        output.code == Some(127) || String::from_utf8_lossy(&output.stderr).contains("SyntaxError");
    assert!(!missing, "{output:?}, {said}");
}
