//! Which URLs a list of hosts allows. Pure.

use std::net::IpAddr;

use reqwest::Url;

use super::address::is_public;

/// The hosts that may be asked.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    rules: Vec<Rule>,
    /// Addresses of this machine and its network are allowed, too.
    pub(super) private: bool,
}

/// `docs.rs`, `*.rust-lang.org` (what is below it), `*` (any), each with a port if it is another than that of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    host: String,
    port: Option<u16>,
}

impl Hosts {
    /// Reads a list.
    pub(super) fn read(rules: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, String> {
        let rules: Result<Vec<Rule>, String> =
            rules.into_iter().map(|rule| Rule::read(rule.as_ref())).collect();
        Ok(Self { rules: rules?, private: false })
    }

    /// Refuses a URL that may not be asked; its name's addresses are looked at when it is connected to.
    pub(super) fn check(&self, url: &Url) -> Result<(), String> {
        if !["http", "https"].contains(&url.scheme()) {
            return Err(format!("`{}:` is not asked: only `http:` and `https:` are", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL has a user or a password in it, which is not sent".to_owned());
        }
        let host = host(url);
        let given = url.port_or_known_default();
        let is_usual = url.port().is_none() || [Some(80), Some(443)].contains(&given);
        let fits = |rule: &Rule| {
            rule.fits(host) && if rule.port.is_some() { rule.port == given } else { is_usual }
        };
        if !self.rules.iter().any(fits) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return Err(format!(
                "the policy does not allow the host `{host}{port}`. {}",
                self.listed()
            ));
        }
        // A name is looked at when it is resolved; an address never is.
        match host.parse::<IpAddr>() {
            Ok(address) if !self.private && !is_public(address) => Err(inner(host)),
            _ => Ok(()),
        }
    }

    /// Says what is allowed.
    pub(super) fn listed(&self) -> String {
        let one = |rule: &Rule| match (rule.host.as_str(), rule.port) {
            ("*", None) => "any public host".to_owned(),
            (host, None) => format!("`{host}`"),
            (host, Some(port)) => format!("`{host}:{port}`"),
        };
        format!("Allowed: {}.", self.rules.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// Says that an address is not a public one.
pub(super) fn inner(host: &str) -> String {
    format!(
        "the policy does not allow `{host}`: it leads to this machine or its network, and only public addresses are asked"
    )
}

/// Gives the host of a URL, an IPv6 address without its brackets, without the dot at the end.
fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host)
}

impl Rule {
    fn read(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` names no host: {why}");
        if text == "*" {
            return Ok(Self { host: text.to_owned(), port: None });
        }
        let (star, rest) = match text.strip_prefix("*.") {
            Some(rest) => ("*.", rest),
            None => ("", text),
        };
        if rest.contains('*') {
            return Err(wrong("a `*` stands alone, or before the first dot"));
        }
        if rest.contains(['/', '@', '?', '#']) || rest.is_empty() {
            return Err(wrong("write `docs.rs`, `*.rust-lang.org` or `localhost:8080`"));
        }
        // As the URLs are read, with which it is compared.
        let url =
            Url::parse(&format!("http://{rest}")).map_err(|error| wrong(&error.to_string()))?;
        let port = rest.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        Ok(Self {
            host: format!("{star}{}", host(&url)),
            port: port.filter(|_| !rest.ends_with(']')),
        })
    }

    fn fits(&self, host: &str) -> bool {
        match self.host.strip_prefix('*') {
            Some("") => true,
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => self.host == host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rules: &[&str], url: &str) -> bool {
        Hosts::read(rules).unwrap().check(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn a_list_names_hosts_what_is_below_them_and_ports() {
        for (rule, url, holds) in [
            ("docs.rs", "https://docs.rs/serde", true),
            ("docs.rs", "http://DOCS.RS./", true),
            ("docs.rs", "https://evil-docs.rs/", false),
            ("docs.rs", "https://docs.rs.evil.com/", false),
            ("docs.rs", "https://docs.rs@evil.com/", false),
            ("docs.rs", "https://user@docs.rs/", false),
            ("docs.rs", "https://docs.rs:8443/", false),
            ("docs.rs:8443", "https://docs.rs:8443/", true),
            ("docs.rs:8443", "https://docs.rs/", false),
            ("docs.rs", "ftp://docs.rs/", false),
            ("docs.rs", "file:///etc/passwd", false),
            ("*.rust-lang.org", "https://doc.rust-lang.org/", true),
            ("*.rust-lang.org", "https://rust-lang.org/", false),
            ("*.rust-lang.org", "https://evilrust-lang.org/", false),
            ("bücher.example", "https://xn--bcher-kva.example/", true),
            ("*", "https://anywhere.example/", true),
            ("*", "http://anywhere.example:22/", false),
            ("*", "http://1.1.1.1/", true),
            ("*", "http://127.0.0.1/", false),
            ("127.0.0.1:80", "http://127.0.0.1/", false),
            ("*", "http://2130706433/", false),
            ("*", "http://0x7f.1/", false),
            ("*", "http://0177.0.0.1/", false),
            ("*", "http://127.1/", false),
            ("*", "http://127.0.0.1./", false),
            ("*", "http://[::1]/", false),
            ("*", "http://[::ffff:7f00:1]/", false),
            ("*", "http://[64:ff9b::a9fe:a9fe]/", false),
            ("*", "http://169.254.169.254/latest/meta-data/", false),
        ] {
            assert_eq!(allows(&[rule], url), holds, "{rule}: {url}");
        }
        let mut hosts = Hosts::read(["[::1]:80", "127.0.0.1:8080"]).unwrap();
        hosts.private = true;
        assert_eq!(hosts.check(&Url::parse("http://[::1]:80/").unwrap()), Ok(()));
        assert_eq!(hosts.check(&Url::parse("http://127.0.0.1:8080/").unwrap()), Ok(()));
        assert!(!allows(&[], "https://docs.rs/"));
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in
            ["", "https://docs.rs", "docs.rs/serde", "a*b.rs", "*.*.rs", "*rs", "u@h", "a b"]
        {
            assert!(Hosts::read([text]).is_err(), "{text}");
        }
    }
}
