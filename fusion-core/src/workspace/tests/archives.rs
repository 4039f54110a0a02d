//! Archives: the same bytes for the same content, and nothing from outside by way of one.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tar::{Builder, EntryType, Header};

use super::*;

/// An entry that no honest program writes: its path goes into the header as it is.
fn entry(tar: &mut Builder<Vec<u8>>, kind: EntryType, path: &str, (to, bytes): (&str, &[u8])) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o4777);
    let raw = header.as_gnu_mut().unwrap();
    raw.name[..path.len()].copy_from_slice(path.as_bytes());
    raw.linkname[..to.len()].copy_from_slice(to.as_bytes());
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

fn archive(ground: &Ground, entries: &[(EntryType, &str, &str)]) -> PathBuf {
    let mut tar = Builder::new(Vec::new());
    for (kind, path, to) in entries {
        let bytes: &[u8] = if *kind == EntryType::Regular { b"evil" } else { b"" };
        entry(&mut tar, *kind, path, (to, bytes));
    }
    let path = ground.folder.path().join("evil.tar");
    std::fs::write(&path, tar.into_inner().unwrap()).unwrap();
    path
}

#[test]
fn what_leads_out_of_an_archive_is_refused_whole() {
    use EntryType as Kind;
    let file = |path| vec![(Kind::Regular, path, "")];
    let link = |path, to| vec![(Kind::Symlink, path, to)];
    let attempts = [
        file("/etc/evil"),
        file("/tmp/evil"),
        file("../evil"),
        file("projects/../../evil"),
        file("projects/a/../../../../evil"),
        file("evil"),
        file("logs/evil"),
        file("kept/evil"),
        file("./../projects/evil"),
        file("projects/a\nb"),
        link("projects/l", "/etc/passwd"),
        link("projects/l", "../../.."),
        link("projects/l", ".."),
        link("projects/a/l", "../../.agent"),
        link("projects/l", "a/../.."),
        link("projects/l", "a/.."),
        link(".agent/l", "../projects"),
        vec![(Kind::Link, "projects/h", "/etc/passwd")],
        vec![(Kind::Link, "projects/h", "projects/a")],
        vec![(Kind::Char, "projects/null", "")],
        vec![(Kind::Block, "projects/disk", "")],
        vec![(Kind::Fifo, "projects/pipe", "")],
        vec![(Kind::Symlink, "projects/l", "a"), (Kind::Regular, "projects/l/evil", "")],
        vec![(Kind::Regular, "projects/a", ""), (Kind::Regular, "projects/a/evil", "")],
        vec![(Kind::Regular, "projects/a", ""), (Kind::Regular, "projects/a", "")],
        vec![(Kind::Symlink, "projects/a", "b"), (Kind::Regular, "projects/a", "")],
        vec![(Kind::Regular, "projects/a", ""), (Kind::Regular, "projects/A", "")],
        vec![(Kind::Regular, "projects/x", ""), (Kind::Regular, "projects/./x", "")],
    ];
    for attempt in attempts {
        let ground = Ground::new();
        let mut all = vec![(Kind::Regular, "projects/fine", "")];
        all.extend(attempt);
        let path = archive(&ground, &all);
        let result = ground.workspace.unpack(&path);
        assert_eq!(code(result), Some(Code::InvalidInput), "{all:?}");
        assert!(ground.workspace.list("projects").unwrap().is_empty(), "{all:?}");
        assert!(ground.is_untouched());
    }
}

#[test]
fn a_link_that_was_planted_does_not_lead_an_archive_out() {
    let ground = Ground::new();
    symlink(ground.outside(""), ground.planted("folder")).unwrap();
    symlink(ground.outside("secret"), ground.planted("file")).unwrap();
    let beneath = archive(&ground, &[(EntryType::Regular, "projects/folder/secret", "")]);
    assert!(ground.workspace.unpack(beneath).is_err());
    let over = archive(&ground, &[(EntryType::Regular, "projects/file", "")]);
    ground.workspace.unpack(over).unwrap();
    assert_eq!(ground.workspace.read("projects/file").unwrap(), b"evil");
    assert!(ground.is_untouched());
}

#[test]
fn an_archive_is_not_more_than_fits() {
    let ground = Ground::new();
    let small = ground.workspace.clone().limited(Quota { bytes: 1_000, files: 5 }).unwrap();
    let mut tar = Builder::new(Vec::new());
    entry(&mut tar, EntryType::Regular, "projects/big", ("", &[0; 2_000]));
    let path = ground.folder.path().join("big.tar");
    std::fs::write(&path, tar.into_inner().unwrap()).unwrap();
    assert_eq!(code(small.unpack(&path)), Some(Code::Limit));
    let names: Vec<String> = (0..9).map(|number| format!("projects/{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (EntryType::Regular, name.as_str(), "")).collect();
    assert_eq!(code(small.unpack(archive(&ground, &many))), Some(Code::Limit));
    assert!(small.list("projects").unwrap().is_empty());
}

#[test]
fn garbage_is_no_archive() {
    let ground = Ground::new();
    let path = ground.folder.path().join("garbage.tar");
    for bytes in [&b"no archive at all"[..], &[0xff; 2_048]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(ground.workspace.unpack(&path).is_err());
    }
    assert!(ground.workspace.unpack(ground.outside("nothing")).is_err());
}

#[test]
fn the_same_content_gives_the_same_bytes_and_comes_back() {
    let one = Ground::new();
    let long = format!("projects/{}/file", "long-name-".repeat(20));
    one.workspace.write(&long, b"deep").unwrap();
    one.workspace.write("projects/a/run", b"run").unwrap();
    one.workspace.write(".agent/state", b"1").unwrap();
    symlink("a/run", one.planted("link")).unwrap();
    let first = one.folder.path().join("one.tar");
    one.workspace.archive(&first).unwrap();
    assert_eq!(code(one.workspace.archive(&first)), Some(Code::Workspace), "it is there already");

    let two = Ground::new();
    two.workspace.unpack(&first).unwrap();
    let second = two.folder.path().join("two.tar");
    two.workspace.archive(&second).unwrap();
    assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
    assert_eq!(two.workspace.now().unwrap().hash(), one.workspace.now().unwrap().hash());
    assert_eq!(two.workspace.read(&long).unwrap(), b"deep");
}
