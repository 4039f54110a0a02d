//! [`Web`], and the tool that it gives.

use std::error::Error as _;
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use fusion_core::agent::Tool;
use fusion_core::contract::{Context, Env};
use fusion_core::model::chat::{self, Fault};
use fusion_core::model::{Class, Failure};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::json;

use super::guard::{Guard, Lookup, Refused};
use super::hosts::Hosts;
use super::page;
use crate::http::guarded;

/// How long a call may take, redirects and all, in milliseconds.
const LIMIT_MS: u64 = 30_000;
/// How often a call is sent elsewhere.
const HOPS: usize = 5;
/// How much of an answer is read, in bytes, and how much of its text one call shows.
const READ_BYTES: usize = 2 * 1024 * 1024;
const SHOWN_BYTES: usize = 48 * 1024;

/// What an agent may ask of the web: hosts of a list, and only at public addresses.
///
/// A host is `docs.rs`, `*.rust-lang.org` (what is below it), or `*` (any); one with another port than 80 and 443 names it,
/// `localhost:8080`. Names are resolved here, every address is checked, and only a checked one is connected to, for each redirect
/// again; so nothing leads to this machine, its network or a cloud's inner services unless [`Web::allow_private`] is called.
/// No proxy, cookie or key of the environment goes along. An answer takes at most 30 seconds and is read to 2 MiB; what is no
/// text is not shown, HTML is shown as what can be read of it.
///
/// ```
/// use fusion_providers::tools::Web;
///
/// let web = Web::new(["docs.rs", "*.rust-lang.org"]).unwrap();
/// assert!(Web::new(["https://docs.rs/"]).is_err());
/// # let _ = web;
/// ```
#[derive(Clone)]
pub struct Web {
    hosts: Hosts,
    guard: Guard,
    post: bool,
    limit_ms: u64,
    client: Arc<OnceLock<Client>>,
}

impl Web {
    /// Allows these hosts, to be read from (GET).
    ///
    /// # Errors
    /// Of class `validation` for what names no host.
    pub fn new(hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, Failure> {
        let hosts = Hosts::read(hosts).map_err(|why| Failure::new(Class::VALIDATION, why))?;
        Ok(Self {
            hosts,
            guard: Guard::system(),
            post: false,
            limit_ms: LIMIT_MS,
            client: Arc::default(),
        })
    }

    /// Allows POST, too. After a crash what was under way is sent again, with the same `Idempotency-Key`.
    #[must_use]
    pub fn allow_post(mut self) -> Self {
        self.post = true;
        self
    }

    /// Allows addresses of this machine and its network, for tests and services of one's own. Name the hosts one by one then.
    #[must_use]
    pub fn allow_private(mut self) -> Self {
        self.hosts.private = true;
        self.guard.private = true;
        self.client = Arc::default();
        self
    }

    /// Sets how names become addresses; the system's way without it. What it gives is checked all the same.
    #[must_use]
    pub fn lookup(mut self, lookup: Lookup) -> Self {
        self.guard.lookup = lookup;
        self.client = Arc::default();
        self
    }

    /// Sets how long a call may take, in milliseconds; 30 seconds without it.
    #[must_use]
    pub fn limit_ms(mut self, ms: u64) -> Self {
        self.limit_ms = ms;
        self
    }

    /// Gives the tool: `fetch_url`.
    pub fn tool(&self, env: Arc<dyn Env>) -> Tool {
        let mut properties = json!({
            "url": {"type": "string"},
            "from": {"type": "integer", "minimum": 0, "description": "Where to go on in a long text, in bytes."},
        });
        if let (true, Some(map)) = (self.post, properties.as_object_mut()) {
            let text = |about: &str| json!({"type": "string", "description": about});
            map.insert("method".to_owned(), json!({"type": "string", "enum": ["GET", "POST"]}));
            map.insert("body".to_owned(), text("What is sent with POST."));
            map.insert("content_type".to_owned(), text("Of the body; JSON without it."));
        }
        let what = format!("Gets a page of the web as text. {}", self.hosts.listed());
        let about = chat::Tool::new("fetch_url", what).schema(json!({
            "type": "object", "properties": properties, "required": ["url"], "additionalProperties": false,
        }));
        let web = self.clone();
        Tool::with(about, move |body: Context, asked: Asked| {
            let (web, env) = (web.clone(), env.clone());
            async move {
                let ms = web.limit_ms;
                let until = env.monotonic_ns().saturating_add(ms.saturating_mul(1_000_000));
                tokio::select! {
                    biased;
                    said = web.fetch(&body, asked) => said.map_err(Failure::error),
                    () = env.sleep_until(until) => Err(Failure::error(format!("the answer was not whole within {ms} ms"))),
                }
            }
        })
    }

    async fn fetch(&self, body: &Context, asked: Asked) -> Result<String, String> {
        let mut url = Url::parse(&asked.url)
            .map_err(|error| format!("`{}` is no URL: {error}", asked.url))?;
        let mut posts = asked.method.as_deref() == Some("POST")
            || (asked.method.is_none() && asked.body.is_some());
        for _ in 0..=HOPS {
            self.hosts.check(&url)?;
            let response = self.send(body, &url, &asked, posts).await?;
            let Some(next) = elsewhere(&response) else {
                return shown(response, asked.from).await;
            };
            // As every browser does: only two codes keep what was sent.
            let keeps = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT]
                .contains(&response.status());
            posts = posts && keeps;
            url = url
                .join(&next)
                .map_err(|error| format!("it leads to `{next}`, which is no URL: {error}"))?;
        }
        Err(format!("it leads elsewhere more than {HOPS} times"))
    }

    async fn send(
        &self,
        body: &Context,
        url: &Url,
        asked: &Asked,
        posts: bool,
    ) -> Result<Response, String> {
        let client = self.client().map_err(|fault| fault.message().to_owned())?;
        let method = if posts { Method::POST } else { Method::GET };
        let mut request = client.request(method, url.clone());
        if posts {
            request = request
                .header(CONTENT_TYPE, asked.content_type.as_deref().unwrap_or("application/json"))
                .header("idempotency-key", body.idempotency_key())
                .body(asked.body.clone().unwrap_or_default());
        }
        request.send().await.map_err(|error| broken(url, &error))
    }

    fn client(&self) -> Result<&Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = guarded(self.guard.clone())?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Web({})", self.hosts.listed())
    }
}

#[derive(Deserialize)]
struct Asked {
    url: String,
    #[serde(default)]
    from: usize,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
}

/// Gives where an answer leads, if it leads elsewhere.
fn elsewhere(response: &Response) -> Option<String> {
    let codes = [301, 302, 303, 307, 308];
    let moved = codes.contains(&response.status().as_u16());
    let location = response.headers().get(LOCATION).filter(|_| moved)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// Says why there is no answer.
fn broken(url: &Url, error: &reqwest::Error) -> String {
    let mut cause = String::new();
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        cause = error.to_string();
        source = error.source();
    }
    format!("`{}` does not answer: {cause}", url.host_str().unwrap_or_default())
}

/// Reads an answer as a text.
async fn shown(mut response: Response, from: usize) -> Result<String, String> {
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).to_lowercase())
    };
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    if let Some(coding) = header(CONTENT_ENCODING).filter(|coding| coding != "identity") {
        return Err(format!("the answer is packed ({coding}), though nobody asked for that"));
    }
    let about = format!("{} {}", response.status().as_u16(), response.url());
    if !kind.is_empty() && !page::is_text(&kind) {
        return Err(format!("{about}: {kind} is no text, and is not shown"));
    }
    let (mut bytes, mut cut) = (Vec::new(), false);
    while let Some(piece) =
        response.chunk().await.map_err(|error| broken(response.url(), &error))?
    {
        bytes.extend_from_slice(&piece);
        if bytes.len() > READ_BYTES {
            bytes.truncate(READ_BYTES);
            cut = true;
            break;
        }
    }
    if bytes.iter().take(8_192).any(|byte| *byte == 0) {
        return Err(format!("{about}: {} bytes that are no text", bytes.len()));
    }
    let text = page::text(&kind, &bytes);
    let mut said = format!("{about}\n\n{}", part(&text, from));
    if cut {
        let _ = write!(said, "\n[only the first {READ_BYTES} bytes were read]");
    }
    Ok(said)
}

/// Gives a part of a long text, and says how to go on.
fn part(text: &str, from: usize) -> String {
    let near = |at: usize| {
        (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    let (start, end) = (near(from), near(from.saturating_add(SHOWN_BYTES)));
    let shown = text.get(start..end).unwrap_or_default();
    if end == text.len() {
        shown.to_owned()
    } else {
        format!("{shown}\n[bytes {start}-{end} of {}: go on with `from`]", text.len())
    }
}
