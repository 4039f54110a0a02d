//! A thousand streams at once: over HTTP from a server in another process, from a plugin, and from a plugin in another process.
//! Each is measured in a process of its own, so that its peak of memory is its own.
#![expect(clippy::print_stdout, reason = "one process tells another what it measured")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use fusion_benches::figure::Figure;
use fusion_benches::meter::peak_bytes;
use fusion_benches::setup::{Outcome, c_plugin, folder, itself, runtime};
use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Chunk, Fault, Request};
use fusion_core::run::Os;
use fusion_providers::{Keys, OpenAi, Plugin, PluginProcess, Settings};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

/// How many streams there are at once; the plugin waits for as many.
const STREAMS: usize = 1_000;
/// How many pieces each has after the first one.
const PIECES: usize = 20;
/// What an event of a stream looks like.
const EVENT: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"},\"finish_reason\":null}]}\n\n";
const LAST: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn main() -> Outcome {
    // A connection is a file, and the usual limit is 1024.
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    match std::env::args().nth(1).as_deref() {
        Some("host") => Ok(fusion_providers::plugins::host().map_err(said)?),
        Some("server") => runtime()?.block_on(server()),
        Some(what) => measured(what),
        None => all(),
    }
}

/// Measures each in a process of its own.
fn all() -> Outcome {
    for (what, name) in [
        ("http", "1,000 streams at once over HTTP: most memory"),
        ("plugin", "1,000 streams at once from a plugin: most memory"),
        ("process", "1,000 streams at once from a plugin in a process of its own: most memory"),
    ] {
        let (mut child, line) = started(what)?;
        if !child.wait()?.success() {
            return Err(format!("`{what}` failed").into());
        }
        let bytes: f64 = line.trim().parse()?;
        Figure::new(name, bytes / 1024.0 / 1024.0, "MiB").target("< 100").say();
    }
    Ok(())
}

/// Starts this program as something else, and reads the line that it says first.
#[expect(
    clippy::disallowed_methods,
    reason = "a process is measured from outside, without an engine"
)]
fn started(what: &str) -> Outcome<(Child, String)> {
    let [program, argument] = itself(what)?;
    let mut child = Command::new(program).arg(argument).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok((child, line))
}

/// Reads all streams at once, and says how much memory that took at most.
fn measured(what: &str) -> Outcome {
    let (runtime, folder) = (runtime()?, folder()?);
    let library = folder.path().join("libmany.so");
    let (none, mut server) = (Keys::new(|_| None), None);
    let provider: Arc<dyn Provider> = if what == "http" {
        let (child, port) = started("server")?;
        server = Some(child);
        let url = format!("http://127.0.0.1:{}/v1", port.trim());
        Arc::new(OpenAi::new(Settings::default().base_url(url)).map_err(said)?)
    } else {
        c_plugin("many.c", &[], &library)?;
        let opened = if what == "process" {
            PluginProcess::new(&library).program(itself("host")?).open(&Value::Null, &none)
        } else {
            Plugin::load(&library).and_then(|plugin| plugin.open(&Value::Null, &none))
        };
        let provider = opened.map_err(said)?;
        let call = Call::new(Os::with_runtime(runtime.handle().clone()));
        runtime.block_on(provider.complete(&call, &Request::new("m").user("x"))).map_err(said)?;
        provider
    };
    let call = Call::new(Os::with_runtime(runtime.handle().clone()));
    let read = runtime.block_on(try_join_all((0..STREAMS).map(|_| one(&*provider, &call))));
    let counts = read.map_err(said)?;
    if let Some(mut server) = server {
        server.kill()?;
        server.wait()?;
    }
    if counts.iter().any(|count| *count < PIECES) {
        return Err("a stream was cut off".into());
    }
    println!("{}", peak_bytes());
    Ok(())
}

/// Reads one stream; gives how many pieces of text it had.
async fn one(provider: &dyn Provider, call: &Call) -> Result<usize, Fault> {
    let request = Request::new("m").user("Say something in pieces.");
    let mut chunks = provider.stream(call, &request).await?;
    let mut count = 0;
    while let Some(chunk) = chunks.next().await {
        count += usize::from(matches!(chunk?, Chunk::Text { .. }));
    }
    Ok(count)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in for a closure of `map_err`")]
fn said(fault: Fault) -> String {
    fault.to_string()
}

/// Serves streams that begin at once, and go on when all have begun.
async fn server() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let begun = Arc::new(Barrier::new(STREAMS));
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        let begun = begun.clone();
        tasks.spawn(async move { serve(socket, &begun).await });
    }
}

async fn serve(mut socket: TcpStream, begun: &Barrier) -> Outcome {
    let mut asked = Vec::new();
    // The request is one object of JSON, and its last bracket ends it.
    while !(asked.ends_with(b"}") && asked.windows(4).any(|four| four == b"\r\n\r\n")) {
        if socket.read_buf(&mut asked).await? == 0 {
            return Ok(());
        }
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(EVENT.as_bytes()).await?;
    begun.wait().await;
    for _ in 0..PIECES {
        socket.write_all(EVENT.as_bytes()).await?;
        tokio::task::yield_now().await;
    }
    socket.write_all(LAST.as_bytes()).await?;
    Ok(())
}
