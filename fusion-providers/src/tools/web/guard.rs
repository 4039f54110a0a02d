//! Names become checked addresses, and no others are connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use fusion_core::contract::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;
use super::hosts::inner;

/// How names become addresses.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Resolves names, and gives the client only addresses that were checked: what it connects to cannot be another one.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) lookup: Lookup,
    pub(super) private: bool,
}

/// Why a name is not connected to.
#[derive(Debug)]
pub(super) struct Refused(String);

impl Guard {
    /// Asks the system.
    pub(super) fn system() -> Self {
        let lookup: Lookup = Arc::new(|name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        });
        Self { lookup, private: false }
    }

    /// One address inside is enough to refuse: else it would be asked when the public ones do not answer.
    fn check(&self, name: &str, found: Vec<IpAddr>) -> Result<Addrs, Refused> {
        if !self.private && !found.iter().copied().all(is_public) {
            return Err(Refused(inner(name)));
        }
        Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, name) = (self.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let found = (guard.lookup)(name.clone()).await?;
            Ok(guard.check(&name, found)?)
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}
