//! Packages that want out, projects that lead out, and texts that are no texts.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use fusion_core::error::{Code, Error};
use tempfile::TempDir;

use super::super::*;
use super::{add, texts, tree};

/// A registry with one package in a folder.
fn package(manifest: &str, files: &[(&str, &[u8])]) -> (TempDir, Registry) {
    let folder = TempDir::new().unwrap();
    let own = folder.path().join("bad");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("component.toml"), manifest).unwrap();
    for (path, bytes) in files {
        fs::create_dir_all(own.join(path).parent().unwrap()).unwrap();
        fs::write(own.join(path), bytes).unwrap();
    }
    let mut registry = Registry::new();
    registry.folder(folder.path());
    (folder, registry)
}

/// Asks for the package, and looks that nothing came of it.
fn refused(registry: &Registry, project: &Path) -> Error {
    let before = tree(project);
    let own = Project::open(project).unwrap();
    let error = own.plan(registry, &add(&["bad"]), &Options::default()).unwrap_err();
    assert_eq!(tree(project), before);
    assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error}");
    error
}

const HEAD: &str = "name = \"bad\"\nversion = \"1.0.0\"\n";

#[test]
fn manifests_that_want_out_or_lie_are_refused() {
    let project = TempDir::new().unwrap();
    let file = |to: &str| format!("{HEAD}[[files]]\nfrom = \"a\"\nto = {to:?}\n");
    let cases = [
        (file("../x"), Code::InvalidInput, "`..`"),
        (file("/etc/cron.d/x"), Code::InvalidInput, "full path"),
        (file("a/../../x"), Code::InvalidInput, "`..`"),
        (file("C:/x"), Code::InvalidInput, "full path"),
        (file("src/nul.txt"), Code::InvalidInput, "Windows"),
        (file(".git/hooks/pre-commit"), Code::InvalidInput, "may not write"),
        (file("fusion.lock"), Code::InvalidInput, "may not write"),
        (file(".fusion/plugins/x.so"), Code::InvalidInput, "may not write"),
        (format!("{}[[files]]\nfrom = \"a\"\nto = \"X\"\n", file("x")), Code::Duplicate, "twice"),
        (
            format!("{HEAD}[[files]]\nfrom = \"../../etc/passwd\"\nto = \"x\"\n"),
            Code::InvalidInput,
            "`..`",
        ),
        (
            format!("{HEAD}description = \"a\\u001b[2Jb\"\n"),
            Code::InvalidInput,
            "control characters",
        ),
        (
            "name = \"a\\u001b[31m\"\nversion = \"1.0.0\"\n".to_owned(),
            Code::InvalidId,
            "no name of a component",
        ),
        (format!("{HEAD}[requires]\n\"\\u202egnp\" = \"*\"\n"), Code::InvalidId, "no name"),
        (
            format!("{HEAD}[[hooks]]\non = \"after-add\"\ncommand = []\n"),
            Code::InvalidInput,
            "no command",
        ),
        (
            format!("{HEAD}[[checks]]\nname = \"a\"\nexists = [\"../../x\"]\n"),
            Code::InvalidInput,
            "`..`",
        ),
        (
            format!("{HEAD}[[checks]]\nname = \"a\"\nmatches = \"(\"\nin = [\"a\"]\n"),
            Code::InvalidInput,
            "regular expression",
        ),
        (
            format!("{HEAD}[[blocks]]\nfrom = \"a\"\ninto = \"package.json\"\n"),
            Code::InvalidInput,
            "no remarks",
        ),
        (format!("{HEAD}stak = [\"python\"]\n"), Code::Syntax, "unknown field `stak`"),
        ("name = \"bad\"\nversion = \"1\"\n".to_owned(), Code::Syntax, "cannot be read"),
    ];
    for (manifest, code, said) in cases {
        let (_folder, registry) = package(&manifest, &[("a", b"x")]);
        let error = refused(&registry, project.path());
        assert_eq!(error.code(), code, "{manifest}: {error}");
        assert!(error.message().contains(said), "{said}: {error}");
    }
    let (folder, _) = package(HEAD, &[]);
    fs::write(folder.path().join("bad/component.toml"), b"name = \"\xff\"").unwrap();
    let mut registry = Registry::new();
    registry.folder(folder.path());
    assert!(refused(&registry, project.path()).message().contains("UTF-8"));
    fs::write(folder.path().join("bad/component.toml"), vec![b'#'; 300 << 10]).unwrap();
    let mut registry = Registry::new();
    registry.folder(folder.path());
    assert_eq!(refused(&registry, project.path()).code(), Code::Limit);
}

#[test]
fn files_of_packages_that_are_links_huge_or_absent_are_refused() {
    let project = TempDir::new().unwrap();
    let manifest = format!("{HEAD}[[files]]\nfrom = \"in/a\"\nto = \"a\"\n");
    let (folder, registry) = package(&manifest, &[]);
    assert_eq!(refused(&registry, project.path()).code(), Code::FileUnreadable);
    let own = folder.path().join("bad/in");
    fs::create_dir(&own).unwrap();
    symlink("/etc/hostname", own.join("a")).unwrap();
    assert!(refused(&registry, project.path()).message().contains("is a link"));
    fs::remove_file(own.join("a")).unwrap();
    fs::write(own.join("a"), vec![b'x'; (1 << 20) + 1]).unwrap();
    assert_eq!(refused(&registry, project.path()).code(), Code::Limit);
    fs::remove_dir_all(&own).unwrap();
    symlink("/etc", &own).unwrap();
    assert!(refused(&registry, project.path()).message().contains("is a link"));
    fs::remove_file(&own).unwrap();
    fs::create_dir(&own).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        own.join("a"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    assert!(refused(&registry, project.path()).message().contains("no plain file"));
    // A file whose name is no text is nobody's business, and no package.
    fs::create_dir(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff"))).unwrap();
    let mut again = Registry::new();
    again.folder(folder.path());
    assert_eq!(again.broken().count(), 0);
}

#[test]
fn templates_cannot_inject_or_grow() {
    let project = TempDir::new().unwrap();
    let manifest = format!("{HEAD}[[templates]]\nfrom = \"t\"\nto = \"t\"\n");
    let loops = "{% for a in \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" %}".repeat(12)
        + "x"
        + &"{% endfor %}".repeat(12);
    let long =
        format!("{{% for a in \"{}\" %}}{}{{% endfor %}}", "a".repeat(2000), "x".repeat(2000));
    let cases: [(&str, &[u8]); 12] = [
        ("undefined", b"{{ project.nam }}"),
        ("undefined", b"{{ secrets.KEY }}"),
        ("statement", b"{% include \"/etc/passwd\" %}"),
        ("statement", b"{% set a = 1 %}"),
        ("statement", b"{%- macro a() %}{% endmacro %}"),
        ("`*`", b"{{ \"a\" * 100000000000 }}"),
        ("`~`", b"{{ \"a\" ~ \"b\" }}"),
        ("cannot be filled in", b"{{ range(1000000000) }}"),
        ("cannot be filled in", loops.as_bytes()),
        ("1 MiB", long.as_bytes()),
        ("UTF-8", b"\xff"),
        ("control characters", b"a\x1b[2Jb"),
    ];
    for (said, text) in cases {
        let (_folder, registry) = package(&manifest, &[("t", text)]);
        let error = refused(&registry, project.path());
        assert!(error.message().contains(said), "{said}: {error}");
    }
    for name in
        ["{{ 7 * 7 }}", "a\nb", "$(rm -rf /)", "\u{1b}[31m", "", "`id`", "a\"; DROP TABLE x; --"]
    {
        assert_eq!(Values::new(name, &[]).unwrap_err().code(), Code::InvalidId, "{name}");
    }
}

#[test]
fn links_in_the_project_lead_nowhere() {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("own"), "theirs").unwrap();
    let manifest = format!(
        "{HEAD}[[files]]\nfrom = \"a\"\nto = \"deep/own\"\n[[blocks]]\nfrom = \"a\"\ninto = \"env\"\n"
    );
    let (_folder, registry) = package(&manifest, &[("a", b"x\n")]);
    let project = TempDir::new().unwrap();
    symlink(outside.path(), project.path().join("deep")).unwrap();
    let own = Project::open(project.path()).unwrap();
    let error = own.plan(&registry, &add(&["bad"]), &Options::default()).unwrap_err();
    assert!(error.message().contains("`deep` is a link"), "{error}");
    fs::remove_file(project.path().join("deep")).unwrap();
    symlink(outside.path().join("own"), project.path().join("env")).unwrap();
    let error = own.plan(&registry, &add(&["bad"]), &Options::default()).unwrap_err();
    assert!(error.message().contains("`env` is a link"), "{error}");
    fs::remove_file(project.path().join("env")).unwrap();
    // A link that appears between the plan and the change.
    let plan = own.plan(&registry, &add(&["bad"]), &Options::default()).unwrap();
    let mut done = false;
    let result = own.apply_watched(&plan, &mut |what| {
        if what.starts_with("make the folder deep") {
            symlink(outside.path(), project.path().join("deep")).unwrap();
            done = true;
        }
        Ok(())
    });
    assert!(done && result.is_err(), "{result:?}");
    assert_eq!(fs::read_to_string(outside.path().join("own")).unwrap(), "theirs");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    drop(own);
    symlink(outside.path(), project.path().join(".fusion-change")).unwrap();
    assert!(Project::open(project.path()).unwrap_err().message().contains("is a link"));
}

#[test]
fn lock_files_and_journals_of_others_reach_nothing_outside() {
    let project = TempDir::new().unwrap();
    let hash = "0".repeat(64);
    let lock = format!("form = 1\n[file.\"../x\"]\nof = \"a\"\nhash = \"{hash}\"\n");
    fs::write(project.path().join("fusion.lock"), lock).unwrap();
    assert!(Project::open(project.path()).unwrap().lock().unwrap_err().message().contains("`..`"));
    fs::write(project.path().join("fusion.lock"), "form = 2\n").unwrap();
    assert_eq!(Project::open(project.path()).unwrap().lock().unwrap_err().code(), Code::StoreNewer);
    fs::remove_file(project.path().join("fusion.lock")).unwrap();
    let change = project.path().join(".fusion-change");
    fs::create_dir(&change).unwrap();
    let journal = r#"{"form":1,"folders":[],"steps":[{"path":"../x","before":null,"after":null}],"emptied":[]}"#;
    fs::write(change.join("journal"), journal).unwrap();
    assert!(Project::open(project.path()).unwrap_err().message().contains("`..`"));
    fs::write(change.join("journal"), "{").unwrap();
    let error = Project::open(project.path()).unwrap_err();
    assert_eq!(error.code(), Code::Syntax);
    assert!(error.hint_text().unwrap().contains("old-N"), "{error:?}");
}

#[test]
fn two_components_do_not_write_one_file() {
    let project = TempDir::new().unwrap();
    let mut registry = Registry::new();
    let rest = "[[files]]\nfrom = \"a\"\nto = \"README.md\"\n";
    registry.add(texts("one", "1.0.0", rest, &[("a", "x")]));
    registry.add(texts("two", "1.0.0", &rest.replace("README", "readme"), &[("a", "x")]));
    let own = Project::open(project.path()).unwrap();
    let error = own.plan(&registry, &add(&["one", "two"]), &Options::default()).unwrap_err();
    assert!(error.message().contains("`one` and `two` both write readme.md"), "{error}");
}
