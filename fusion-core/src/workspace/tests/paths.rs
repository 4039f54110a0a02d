//! Paths and what was planted on them.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn no_path_leads_out() {
    let ground = Ground::new();
    let full = ground.outside("secret").display().to_string();
    let deep = format!("projects/{}{full}", "../".repeat(40));
    let paths = [
        "",
        ".",
        "..",
        "/",
        "../kept",
        "projects/../../..",
        "projects/../../../outside/secret",
        &full,
        &deep,
        "projects/./../x",
        "//etc/passwd",
        "projects/a\0b",
    ];
    for path in paths {
        assert_eq!(code(ground.workspace.read(path)), Some(Code::InvalidInput), "{path:?}");
        assert_eq!(code(ground.workspace.write(path, b"x")), Some(Code::InvalidInput), "{path:?}");
        assert_eq!(code(ground.workspace.remove(path)), Some(Code::InvalidInput), "{path:?}");
        let list = code(ground.workspace.list(path));
        assert_eq!(list, (!path.is_empty()).then_some(Code::InvalidInput), "{path:?}");
    }
    assert!(ground.is_untouched());
}

#[test]
fn no_link_leads_out() {
    let ground = Ground::new();
    symlink(ground.outside("secret"), ground.planted("file")).unwrap();
    symlink(ground.outside(""), ground.planted("folder")).unwrap();
    symlink("../../../../outside", ground.planted("up")).unwrap();
    symlink("folder", ground.planted("chain")).unwrap();
    symlink("/", ground.planted("root")).unwrap();
    symlink("/proc/self/root", ground.planted("magic")).unwrap();
    let out = ground.outside("");
    let out = out.strip_prefix("/").unwrap().display();
    let beneath = [
        "folder".to_owned(),
        "up".to_owned(),
        "chain".to_owned(),
        format!("root/{out}"),
        format!("magic/{out}"),
    ];
    for folder in beneath {
        let secret = format!("projects/{folder}/secret");
        assert!(ground.workspace.read(&secret).is_err(), "{secret}");
        assert!(ground.workspace.write(&secret, b"x").is_err(), "{secret}");
        assert!(
            ground.workspace.write(format!("projects/{folder}/new"), b"x").is_err(),
            "{folder}"
        );
        assert!(ground.workspace.remove(&secret).is_err(), "{secret}");
        assert!(ground.workspace.list(format!("projects/{folder}")).is_err(), "{folder}");
    }
    assert!(ground.workspace.read("projects/file").is_err());
    assert!(ground.is_untouched());
}

#[test]
fn what_is_written_or_removed_is_the_link_and_not_what_it_leads_to() {
    let ground = Ground::new();
    symlink(ground.outside("secret"), ground.planted("a")).unwrap();
    symlink(ground.outside(""), ground.planted("b")).unwrap();
    std::fs::hard_link(ground.outside("secret"), ground.planted("c")).unwrap();
    ground.workspace.write("projects/a", b"mine").unwrap();
    ground.workspace.write("projects/c", b"mine").unwrap();
    assert!(ground.workspace.remove("projects/b").unwrap());
    assert!(!ground.workspace.remove("projects/b").unwrap());
    assert_eq!(ground.workspace.read("projects/a").unwrap(), b"mine");
    assert!(ground.is_untouched());
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let ground = Ground::new();
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        ground.planted("pipe"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    );
    made.unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(ground.planted("socket")).unwrap();
    for name in ["pipe", "socket", ""] {
        assert!(ground.workspace.read(format!("projects/{name}")).is_err(), "{name}");
    }
    let snapshot = ground.workspace.snapshot().unwrap();
    assert_eq!(snapshot.left_out, ["projects/pipe", "projects/socket"]);
    ground.workspace.write("projects/pipe", b"a file now").unwrap();
    assert!(ground.workspace.remove("projects/socket").unwrap());
}

#[test]
fn the_parts_of_a_workspace_stay() {
    let ground = Ground::new();
    for part in [".agent", "projects", "logs", "./projects", "projects/"] {
        assert_eq!(code(ground.workspace.remove(part)), Some(Code::InvalidInput), "{part}");
    }
    assert!(ground.workspace.write("projects", b"x").is_err());
    let names: Vec<String> =
        ground.workspace.list("").unwrap().into_iter().map(|found| found.name).collect();
    assert_eq!(names, [".agent", "logs", "projects"]);
}

/// A program swaps a folder for a link as fast as it can, while the engine reads, writes, lists and removes in it.
#[test]
fn no_race_is_won() {
    const SWAPS: usize = 100_000;
    let ground = Ground::new();
    let (real, link, place) =
        (ground.planted("real"), ground.planted("link"), ground.planted("place"));
    std::fs::create_dir(&real).unwrap();
    std::fs::write(real.join("secret"), "fine").unwrap();
    symlink(ground.outside(""), &link).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..SWAPS / 2 {
                let _ = std::fs::rename(&real, &place);
                let _ = std::fs::rename(&place, &real);
                let _ = std::fs::rename(&link, &place);
                let _ = std::fs::rename(&place, &link);
            }
            over.store(true, Ordering::Relaxed);
        });
        let (mut met, mut rounds) = (0_u32, 0_u32);
        while !over.load(Ordering::Relaxed) {
            rounds += 1;
            if let Ok(bytes) = ground.workspace.read("projects/place/secret") {
                assert_ne!(bytes, CANARY.as_bytes());
                met += 1;
            }
            let _ = ground.workspace.write("projects/place/new", b"x");
            let _ = ground.workspace.list("projects/place");
            let _ = ground.workspace.remove("projects/place/new");
            if rounds % 16 == 0 {
                let _ = ground.workspace.now();
            }
        }
        assert!(met > 0 && rounds > 100, "{met} of {rounds} rounds met the folder");
    });
    assert!(ground.is_untouched());
}
