//! Names, manifests and trust, with files that are no libraries: nothing here is loaded.

use std::fs;
use std::path::Path;

use fusion_core::model::Digest;
use fusion_core::model::chat::FaultKind;
use tempfile::TempDir;

use super::{Plugins, Standing};
use crate::{Keys, Settings, open};

fn folder() -> (TempDir, Plugins) {
    let folder = tempfile::tempdir().unwrap();
    let plugins = Plugins::new(folder.path().join("trusted.json")).folder(folder.path());
    (folder, plugins)
}

fn manifest(folder: &Path, name: &str, library: &str) {
    let text = format!(
        r#"{{"manifest": 1, "name": "{name}", "version": "1.0.0", "library": {library}, "secrets": ["K"]}}"#
    );
    fs::write(folder.join(format!("{name}.plugin.json")), text).unwrap();
}

#[test]
fn a_plugin_is_found_by_name_and_by_path() {
    let (folder, plugins) = folder();
    let library = folder.path().join("libone.so");
    fs::write(&library, "first").unwrap();
    manifest(folder.path(), "one", "\"libone.so\"");
    for name in
        ["one", library.to_str().unwrap(), folder.path().join("one.plugin.json").to_str().unwrap()]
    {
        let found = plugins.find(name).unwrap();
        assert_eq!(found.library, library.canonicalize().unwrap());
        assert_eq!((found.hash, found.standing), (Digest::of(b"first"), Standing::Unknown));
        assert_eq!(found.manifest.unwrap().secrets, ["K"]);
    }
    let fault = plugins.find("ome").unwrap_err();
    assert_eq!(fault.message(), "no plugin is called `ome`: did you mean `one`?");
}

#[test]
fn manifests_that_are_wrong_say_why() {
    let (folder, plugins) = folder();
    for (library, why) in [
        ("\"../libone.so\"", "its library `../libone.so` is not beside it or below"),
        ("\"/libone.so\"", "its library `/libone.so` is not beside it or below"),
        ("\"\"", "its library `` is not beside it or below"),
        ("{\"plan9-pdp11\": \"x\"}", "it has no library for "),
        ("7", "did not match any variant"),
        ("\"libnone.so\"", "No such file"),
    ] {
        manifest(folder.path(), "bad", library);
        let fault = plugins.find("bad").unwrap_err();
        assert_eq!(fault.kind(), FaultKind::InvalidRequest);
        assert!(fault.message().contains(why), "{fault}");
        assert_eq!(plugins.list().len(), 1);
        assert!(plugins.list()[0].1.is_err());
    }
    let newer = r#"{"manifest": 2, "name": "bad", "version": "1", "library": "x"}"#;
    fs::write(folder.path().join("bad.plugin.json"), newer).unwrap();
    assert!(
        plugins
            .find("bad")
            .unwrap_err()
            .message()
            .contains("its form is 2, and this program reads 1")
    );
}

#[test]
fn what_is_not_trusted_or_has_changed_is_refused() {
    let (folder, plugins) = folder();
    let library = folder.path().join("libone.so").canonicalize();
    assert!(library.is_err());
    let library = folder.path().join("libone.so");
    fs::write(&library, "first").unwrap();
    let path = library.canonicalize().unwrap();
    let name = path.to_str().unwrap();
    let refused = |plugins: &Plugins| plugins.load(name).unwrap_err().message().to_owned();
    assert!(
        refused(&plugins)
            .contains(&format!("is not trusted: look at it with `fusion plugins inspect {name}`"))
    );
    assert!(refused(&Plugins::default()).contains("is not trusted"));
    // A library that is none is not trusted either.
    assert!(plugins.trust(name).unwrap_err().message().contains("it cannot be loaded"));
    assert_eq!(plugins.find(name).unwrap().standing, Standing::Unknown);
    plugins.trust.set(&path, Some(Digest::of(b"first")), None).unwrap();
    assert_eq!(plugins.find(name).unwrap().standing, Standing::Trusted);
    fs::write(&library, "second").unwrap();
    assert_eq!(plugins.find(name).unwrap().standing, Standing::Changed(Digest::of(b"first")));
    assert!(refused(&plugins).contains("has changed since it was trusted"));
    plugins.distrust(name).unwrap();
    assert!(refused(&plugins).contains("is not trusted"));
    fs::write(folder.path().join("trusted.json"), "{").unwrap();
    assert!(refused(&plugins).contains("cannot be read"));
}

/// A library that somebody trusted, under a manifest of a project's that grants it more.
#[cfg(unix)]
#[test]
fn a_manifest_elsewhere_grants_nothing_to_what_is_trusted() {
    let (folder, plugins) = folder();
    let project = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("libone.so"), "first").unwrap();
    let bare = r#"{"manifest": 1, "name": "one", "version": "1", "library": "libone.so"}"#;
    fs::write(folder.path().join("one.plugin.json"), bare).unwrap();
    let own = plugins.find("one").unwrap();
    plugins.trust.set(&own.library, Some(own.hash), own.manifest.as_ref()).unwrap();
    assert_eq!(plugins.find("one").unwrap().standing, Standing::Trusted);

    std::os::unix::fs::symlink(&own.library, project.path().join("mine.so")).unwrap();
    manifest(project.path(), "one", "\"mine.so\"");
    let theirs = Plugins::new(folder.path().join("trusted.json")).folder(project.path());
    let found = theirs.find("one").unwrap();
    assert_eq!((&found.library, found.standing), (&own.library, Standing::Changed(own.hash)));
    // The user's own one of the name wins over the project's.
    let both = theirs.folder(folder.path());
    assert_eq!(both.find("one").unwrap().standing, Standing::Trusted);

    // With the manifest that was trusted it has what that names.
    manifest(folder.path(), "one", "\"libone.so\"");
    let own = plugins.find("one").unwrap();
    assert!(matches!(own.standing, Standing::Changed(_)));
    plugins.trust.set(&own.library, Some(own.hash), own.manifest.as_ref()).unwrap();
    assert_eq!(plugins.find("one").unwrap().standing, Standing::Trusted);
}

#[test]
fn secrets_by_name_are_for_a_name_that_only_one_has() {
    let (folder, plugins) = folder();
    let project = tempfile::tempdir().unwrap();
    for (at, text) in [(folder.path(), "first"), (project.path(), "second")] {
        fs::write(at.join("libone.so"), text).unwrap();
        manifest(at, "one", "\"libone.so\"");
    }
    let alone = plugins.confide("one");
    assert_eq!(alone.secrets(&alone.find("one").unwrap()), ["K"]);
    let both = alone.folder(project.path());
    assert!(both.secrets(&both.find("one").unwrap()).is_empty());
}

#[cfg(unix)]
#[test]
fn what_anybody_may_write_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, plugins) = folder();
    let library = folder.path().join("libone.so");
    fs::write(&library, "first").unwrap();
    fs::set_permissions(&library, fs::Permissions::from_mode(0o666)).unwrap();
    let fault = plugins.trust(library.to_str().unwrap()).unwrap_err();
    assert!(fault.message().contains("may be written by anybody: `chmod o-w"), "{fault}");
    // Nor does it run in a process of its own.
    let settings = Settings::default().plugins(plugins.host(["/none/fusion"]));
    let name = format!("plugin:{}", library.display());
    let fault = open(&name, &Keys::new(|_| None), settings).unwrap_err();
    assert!(fault.message().contains("may be written by anybody"), "{fault}");
}

#[test]
fn opening_by_name_says_what_to_do() {
    let (folder, plugins) = folder();
    fs::write(folder.path().join("libone.so"), "first").unwrap();
    manifest(folder.path(), "one", "\"libone.so\"");
    let keys = Keys::new(|_| None);
    let trusting = plugins.clone();
    let settings = Settings::default().plugins(plugins.host(["/none/fusion", "plugin-host"]));
    for name in ["plugin:one", "plugin:one:small"] {
        // There is no such program: what is not trusted is not loaded here.
        let fault = open(name, &keys, settings.clone()).unwrap_err();
        assert!(fault.message().contains("cannot be started: `/none/fusion`"), "{fault}");
    }
    let path = folder.path().join("libone.so").canonicalize().unwrap();
    trusting.trust.set(&path, Some(Digest::of(b"another")), None).unwrap();
    let fault = open("plugin:one", &keys, settings.clone()).unwrap_err();
    assert!(fault.message().contains("has changed since it was trusted"), "{fault}");
    let fault = open("plugin:", &keys, settings).unwrap_err();
    assert_eq!(
        fault.message(),
        "name the plugin: `plugin:NAME`, or `plugin:` and the path of its library"
    );
}
