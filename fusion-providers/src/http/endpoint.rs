//! A service: where it is, how one is let in, and how it is asked within limits of time and size.

use std::error::Error as _;
use std::sync::Arc;

use fusion_core::contract::Call;
use fusion_core::model::chat::{Fault, FaultKind};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::reply::Reply;
use super::{Heard, Http, Key, Settings, quota};

/// The most of an error's body that is read, in bytes.
const ERROR_BYTES: usize = 64 * 1024;
/// How many nanoseconds a millisecond has.
pub(super) const NS_PER_MS: u64 = 1_000_000;

/// How one is let in.
#[derive(Debug, Clone)]
pub(crate) enum Auth {
    /// Everybody is.
    Open,
    /// `Authorization: Bearer KEY`.
    Bearer(Key),
    /// A header of this name.
    Header(&'static str, Key),
}

impl Auth {
    /// Chooses by whether there is a key.
    pub(crate) fn bearer(key: Option<Key>) -> Self {
        key.map_or(Self::Open, Self::Bearer)
    }

    /// Chooses by whether there is a key.
    pub(crate) fn header(name: &'static str, key: Option<Key>) -> Self {
        key.map_or(Self::Open, |key| Self::Header(name, key))
    }

    fn key(&self) -> Option<&Key> {
        match self {
            Self::Open => None,
            Self::Bearer(key) | Self::Header(_, key) => Some(key),
        }
    }
}

/// A service.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    name: Arc<str>,
    base: Arc<str>,
    auth: Auth,
    headers: Arc<[(String, String)]>,
    http: Http,
    /// It is on this machine.
    is_here: bool,
}

impl Endpoint {
    /// Makes it; the base URL is checked.
    pub(crate) fn new(settings: Settings, auth: Auth) -> Result<Self, Fault> {
        let Settings { name, base_url, headers, http, .. } = settings;
        let base = base_url.trim_end_matches('/');
        let wrong = |why: &str| {
            let message = format!("the base URL `{base}` {why}");
            Fault::new(FaultKind::InvalidRequest, message).provider(&name)
        };
        let url = reqwest::Url::parse(base)
            .map_err(|error| wrong(&format!("is none: {error}; write `https://host/path`")))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(wrong("begins neither with `https://` nor with `http://`"));
        }
        if url.password().is_some() || url.query().is_some() {
            let message = "the base URL has a password or a query in it: give the key as a key";
            return Err(Fault::new(FaultKind::InvalidRequest, message).provider(&name));
        }
        Ok(Self {
            base: base.into(),
            name: name.into(),
            auth,
            headers: headers.into(),
            http,
            is_here: is_here(&url),
        })
    }

    /// Gives where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Gives what the provider is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks for something.
    pub(crate) async fn get(&self, call: &Call, path: &str) -> Result<Reply, Fault> {
        self.send(call, path, None).await
    }

    /// Sends something.
    pub(crate) async fn post(&self, call: &Call, path: &str, body: &Value) -> Result<Reply, Fault> {
        self.send(call, path, Some(body)).await
    }

    async fn send(&self, call: &Call, path: &str, body: Option<&Value>) -> Result<Reply, Fault> {
        let sent = self.try_send(call, path, body).await;
        sent.map_err(|fault| self.own(fault))
    }

    async fn try_send(
        &self,
        call: &Call,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Fault> {
        call.check()?;
        let limits = call.limits();
        let until_ns =
            call.env().monotonic_ns().saturating_add(call.remaining_ms().saturating_mul(NS_PER_MS));
        let client = self.http.client(limits.connect_ms, self.is_here)?;
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = client.request(method, format!("{}{path}", self.base));
        for (name, value) in self.headers.iter() {
            request = request.header(name, value);
        }
        request = match &self.auth {
            Auth::Open => request,
            Auth::Bearer(key) => request.bearer_auth(key.expose()),
            Auth::Header(name, key) => request.header(*name, key.expose()),
        };
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .header("idempotency-key", call.key())
                .body(body.to_string());
        }
        let answer = async { request.send().await.map_err(|error| broken(&error)) };
        let ms = limits.idle_ms.min(call.remaining_ms());
        let response = call.limited(ms, "nothing was answered", answer).await?;
        let now = call.env().now_ms();
        let (quota, retry_after_ms) = {
            let header = |name: &str| text_of(response.headers(), name);
            (quota::quota(&header, now), quota::retry_after_ms(&header, now))
        };
        let status = response.status().as_u16();
        let redirect =
            text_of(response.headers(), "location").filter(|_| (300..400).contains(&status));
        let mut reply =
            Reply { response, endpoint: self.clone(), call: call.clone(), until_ns, quota };
        if (200..300).contains(&status) {
            return Ok(reply);
        }
        if let Some(to) = redirect {
            let message = format!(
                "the service is elsewhere, and redirects are not followed: set the base URL for `{to}`"
            );
            return Err(Fault::new(FaultKind::InvalidRequest, message).status(status));
        }
        let body = reply.start(ERROR_BYTES).await;
        Err(Heard { status, body: &body, retry_after_ms, quota }.fault())
    }

    /// Makes a fault one of this service, without its key.
    pub(crate) fn own(&self, fault: Fault) -> Fault {
        let fault = match self.auth.key() {
            Some(key) => fault.with_texts(|text| key.hide(text)),
            None => fault,
        };
        fault.provider(&self.name)
    }
}

/// Tells whether a URL leads to this machine, which is asked without a proxy.
pub(crate) fn is_here(url: &reqwest::Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// Gives a header that is text.
pub(super) fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Says how a connection failed. The URL is left out: it says nothing that the name of the provider does not.
pub(super) fn broken(error: &reqwest::Error) -> Fault {
    let mut cause = String::new();
    let mut source = error.source();
    while let Some(error) = source {
        cause = error.to_string();
        source = error.source();
    }
    let (kind, what) = match error {
        error if error.is_timeout() => (FaultKind::Timeout, "no connection was made in time"),
        error if error.is_connect() => (FaultKind::Transport, "no connection could be made"),
        error if error.is_builder() => (FaultKind::InvalidRequest, "the request cannot be sent"),
        _ => (FaultKind::Transport, "the connection broke"),
    };
    let message = if cause.is_empty() { what.to_owned() } else { format!("{what}: {cause}") };
    Fault::new(kind, message)
}
