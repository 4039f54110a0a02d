//! The client: connections, TLS, the environment's proxies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::model::chat::{Fault, FaultKind};
use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// How long a connection that nobody uses is kept, in milliseconds: less than services and proxies keep theirs.
const IDLE_MS: u64 = 50_000;
/// How long a connection to a checked address may take to be made, in milliseconds.
const GUARDED_MS: u64 = 10_000;
/// For how many limits of connecting clients are kept.
const CLIENTS: usize = 8;

/// A client over HTTP; a copy shares its connections.
///
/// TLS trusts what the system trusts. Proxies are those of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), but for
/// servers on this machine, which no proxy knows. Redirects are not followed: what is sent has a key in it.
#[derive(Debug, Clone, Default)]
pub struct Http(Arc<Mutex<BTreeMap<(u64, bool), Client>>>);

impl Http {
    /// Gives a client that takes at most so many milliseconds to connect, to this machine or to any.
    pub(crate) fn client(&self, connect_ms: u64, is_here: bool) -> Result<Client, Fault> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(connect_ms, is_here)) {
            return Ok(client.clone());
        }
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        let client = build(connect_ms, is_here)?;
        clients.insert((connect_ms, is_here), client.clone());
        Ok(client)
    }
}

fn build(connect_ms: u64, is_here: bool) -> Result<Client, Fault> {
    let builder = if is_here { Client::builder().no_proxy() } else { Client::builder() };
    finish(builder.connect_timeout(Duration::from_millis(connect_ms)))
}

/// Gives a client that connects only to addresses of this resolver, and so uses no proxy.
pub(crate) fn guarded(resolve: impl Resolve + 'static) -> Result<Client, Fault> {
    let builder = Client::builder().no_proxy().dns_resolver(Arc::new(resolve)).referer(false);
    finish(builder.connect_timeout(Duration::from_millis(GUARDED_MS)))
}

fn finish(builder: ClientBuilder) -> Result<Client, Fault> {
    let failed = |what: String| Fault::new(FaultKind::Transport, what);
    let tls = tls().map_err(|error| failed(format!("TLS cannot be set up: {error}")))?;
    builder
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .pool_idle_timeout(Duration::from_millis(IDLE_MS))
        .user_agent(concat!("fusion/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| failed(format!("the HTTP client cannot be set up: {error}")))
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = || {
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()
    };
    if let Ok(config) = versions()?.with_platform_verifier() {
        return Ok(config.with_no_client_auth());
    }
    // A machine without certificates can still talk to a server on itself; no other will be trusted.
    let none = RootCertStore::empty();
    Ok(versions()?.with_root_certificates(none).with_no_client_auth())
}
