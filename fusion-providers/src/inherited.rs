//! What programs see of the environment of this process: some of its variables, never all.

/// For tools, and for servers of tools.
pub(crate) const FEW: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
/// For agents on the command line, which have their logins and settings in the user's folders and ask services.
pub(crate) const MANY: [&str; 20] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
];

/// Gives those of these variables that are set, and are texts.
pub(crate) fn inherited(names: &[&str]) -> impl Iterator<Item = (String, String)> {
    let found =
        |name: &&str| Some(((*name).to_owned(), std::env::var_os(name)?.into_string().ok()?));
    names.iter().filter_map(found)
}
