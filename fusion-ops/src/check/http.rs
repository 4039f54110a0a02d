//! Asks a service once: plain HTTP, within bounds of time and size.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// The most bytes of an answer that are read.
const MOST: u64 = 1024 * 1024;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
}

/// Asks for a page. Blocks for 10 s at most between two signs of life.
///
/// # Errors
/// Why there is no answer, in words.
pub(super) fn get(url: &str) -> Result<Answer, String> {
    let rest = url.strip_prefix("http://").ok_or("it is no `http://` address")?;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    if host.is_empty() || url.chars().any(|sign| sign.is_control() || sign == ' ') {
        return Err("it is no address".to_owned());
    }
    let with_port = if host.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let told = |why: std::io::Error| why.to_string();
    let mut last = "the name stands for no address".to_owned();
    for address in with_port.to_socket_addrs().map_err(told)? {
        let mut stream = match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => stream,
            Err(why) => {
                last = why.to_string();
                continue;
            }
        };
        stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(told)?;
        let asked = format!(
            "GET {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: fusion\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).map_err(told)?;
        let mut bytes = Vec::new();
        let read = stream.take(MOST).read_to_end(&mut bytes);
        // A server that closes hard after its answer has answered.
        if bytes.is_empty() {
            read.map_err(told)?;
        }
        return answer(&bytes).ok_or_else(|| "what came is no HTTP".to_owned());
    }
    Err(last)
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))?;
    let line = head.lines().next().filter(|line| line.starts_with("HTTP/"))?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, text: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let read = answer(b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nnothing").unwrap();
        assert_eq!((read.status, read.text.as_str()), (404, "nothing"));
        assert!(answer(b"hello").is_none());
        assert!(get("ftp://x").is_err());
        assert!(get("http://").is_err());
        assert!(get("http://127.0.0.1:1/").is_err());
        assert!(get("http://127.0.0.1/\r\nX: y").is_err());
    }
}
