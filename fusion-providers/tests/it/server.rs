//! A server that answers as it is told: byte by byte, late, half, or not at all.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusion_core::contract::Env;
use fusion_core::run::Os;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request, in order. At its end the connection is closed.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Writes this.
    Write(Vec<u8>),
    /// Does nothing for so many milliseconds.
    Pause(u64),
    /// Does nothing until the other side leaves.
    Hang,
}

/// A server on a port of its own.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    left: usize,
}

impl Server {
    /// Starts it: what it does with the first request, with the second, and so on; the last one repeats.
    pub(crate) async fn start(acts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (env, shared) = (Os::new().unwrap(), seen.clone());
        let serving = env.clone();
        env.spawn(Box::pin(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let work = serve(stream, acts.clone(), shared.clone());
                serving.spawn(Box::pin(work));
            }
        }));
        Self { url, seen }
    }

    /// Starts one that always answers so.
    pub(crate) async fn always(act: Vec<Act>) -> Self {
        Self::start(vec![act]).await
    }

    /// Gives the requests that came, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// Waits until so many clients closed their connection while the server still held it.
    pub(crate) async fn is_left(&self, count: usize) {
        for _ in 0..1_000 {
            if self.seen.lock().unwrap().left >= count {
                return;
            }
            pause(5).await;
        }
        panic!("the connection is still there: {} left", self.seen.lock().unwrap().left);
    }
}

async fn serve(mut stream: TcpStream, acts: Vec<Vec<Act>>, seen: Arc<Mutex<Seen>>) {
    let Some(request) = request(&mut stream).await else { return };
    let act = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(request);
        acts.get(seen.requests.len() - 1).or_else(|| acts.last()).cloned().unwrap_or_default()
    };
    for one in act {
        match one {
            Act::Write(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            Act::Pause(ms) => pause(ms).await,
            Act::Hang => {
                let mut rest = Vec::new();
                let _gone = stream.read_to_end(&mut rest).await;
                break;
            }
        }
    }
    let mut one = [0];
    let is_gone = tokio::select! {
        biased;
        read = stream.read(&mut one) => read.is_err() || read.is_ok_and(|count| count == 0),
        () = pause(20) => false,
    };
    if is_gone {
        seen.lock().unwrap().left += 1;
    }
    let _closed = stream.shutdown().await;
}

async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
        });
        if body.len() >= length.map_or(0, Result::unwrap) {
            return Some(text);
        }
    }
}

/// Lets some real time pass.
#[expect(clippy::disallowed_methods, reason = "the server is outside of what is tested")]
pub(crate) async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// A whole response with these headers, a line each.
pub(crate) fn response(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<Act> {
    let body = body.as_ref();
    let mut bytes = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    vec![Act::Write(bytes)]
}

/// A whole response of JSON.
pub(crate) fn json(status: u16, body: &str) -> Vec<Act> {
    response(status, "content-type: application/json\r\n", body)
}

/// The head of a stream whose end is the end of the connection.
pub(crate) fn stream(kind: &str) -> Act {
    Act::Write(
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n")
            .into_bytes(),
    )
}

/// A stream of events, each with a line of data.
pub(crate) fn events(data: &[&str]) -> Vec<Act> {
    let events = data.iter().map(|data| Act::Write(format!("data: {data}\n\n").into_bytes()));
    std::iter::once(stream("text/event-stream")).chain(events).collect()
}
