//! Stores that cannot be used: a clear error, and nothing is lost.

use crate::support::Project;

const TWO: &str = "\
nodes:
  a: { command: [sh, -c, 'echo a >> ledger'] }
  b: { command: [sh, -c, 'head -c 2000000 /dev/urandom | od -An -tx1'], needs: [a] }
outputs: { n: '{{ nodes.b.stdout | length > 1000 }}' }
";

/// A project with one run that has ended.
fn used() -> Project {
    let project = Project::with(
        "nodes: { a: { command: [echo, hi] } }\noutputs: { x: '{{ nodes.a.lines[0] }}' }\n",
    );
    assert_eq!(project.fusion("run w.yaml --id one").code, 0);
    project
}

/// Changes bytes of the store's file.
fn patch(project: &Project, at: usize, bytes: &[u8]) {
    let path = project.path(".fusion/fusion.db");
    let mut file = std::fs::read(&path).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    std::fs::write(&path, file).unwrap();
}

#[test]
fn a_full_disk_loses_nothing() {
    let project = Project::with(TWO);
    // No file may grow over 1 MiB; the signal for that is turned off, as no full disk sends one.
    let ran = project.shell("trap '' XFSZ; ulimit -f 2048; exec \"$FUSION\" run w.yaml --id r");
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("error: "), "{}", ran.all());
    let ledger = || std::fs::read_to_string(project.path("ledger")).unwrap();
    assert_eq!(ledger(), "a\n", "{}", ran.all());
    assert_eq!(project.fusion("doctor").code, 0);
    let run = project.fusion("run w.yaml --id r --json");
    assert_eq!(run.json()["outputs"]["n"], true, "{}", run.stderr);
    assert_eq!(ledger(), "a\n", "what was recorded is not done again");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let project = Project::with("nodes: { a: { command: [echo, hi] } }\n");
    project.write("file", "");
    insta::assert_snapshot!(project.fusion("run w.yaml --store sqlite://file/x.db").all(), @r##"
exit 1
--- stderr
error: `file` is no folder [FU0302]
  hint: choose another place than `file/x.db` with --store
"##);
    let ran = project.fusion("run w.yaml --store /proc/self/x.db");
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("/proc/self/x.db"), "{}", ran.all());
}

#[test]
fn a_corrupt_store_is_refused_and_left_alone() {
    let project = used();
    patch(&project, 0, b"no database here");
    let before = std::fs::read(project.path(".fusion/fusion.db")).unwrap();
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 1
--- stderr
error: `[DIR]/.fusion/fusion.db`: the store's file is damaged: file is not a database [FU0304]
"##);
    assert_eq!(std::fs::read(project.path(".fusion/fusion.db")).unwrap(), before);
    patch(&project, 0, b"SQLite format 3\0");
    assert_eq!(project.fusion("runs show one --json").json()["outputs"]["x"], "hi");
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let project = used();
    let file = rusqlite::Connection::open(project.path(".fusion/fusion.db")).unwrap();
    let ours: i64 = file.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    file.execute_batch("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 1
--- stderr
error: `[DIR]/.fusion/fusion.db`: the store has schema 999, and this program knows up to 3 [FU0303]
  hint: use the newer version of Fusion
"##);
    insta::assert_snapshot!(project.fusion("runs list --json").all(), @r##"
exit 1
--- stdout
{
  "error": {
    "code": "FU0303",
    "message": "`[DIR]/.fusion/fusion.db`: the store has schema 999, and this program knows up to 3",
    "hint": "use the newer version of Fusion",
    "errors": [
      {
        "code": "FU0303",
        "message": "`[DIR]/.fusion/fusion.db`: the store has schema 999, and this program knows up to 3",
        "hint": "use the newer version of Fusion"
      }
    ]
  }
}
"##);
    file.execute_batch(&format!("PRAGMA user_version = {ours}")).unwrap();
    drop(file);
    assert_eq!(project.fusion("runs show one --json").json()["outputs"]["x"], "hi");
}

#[test]
fn a_locked_store_is_an_error_and_not_a_hang() {
    let project = used();
    let file = rusqlite::Connection::open(project.path(".fusion/fusion.db")).unwrap();
    file.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let ran = project.fusion("run w.yaml --json");
    assert_eq!((ran.code, ran.error().as_str()), (1, "FU0306"), "{}", ran.all());
    drop(file);
    assert_eq!(project.fusion("run w.yaml").code, 0);
}

#[test]
fn memory_is_no_place_for_others() {
    let project = Project::with("nodes: { a: { command: [echo, hi] } }\n");
    assert_eq!(project.fusion("run w.yaml --store memory://").code, 0);
    for args in ["runs list", "recover", "doctor", "worker"] {
        let ran = project.fusion(&format!("{args} --store memory:// --json"));
        assert_eq!((ran.code, ran.error().as_str()), (2, "FU0301"), "{args}: {}", ran.all());
    }
    let ran = project.fusion("run w.yaml --store memory:// --detach --json");
    assert_eq!((ran.code, ran.error().as_str()), (2, "FU0101"), "{}", ran.all());
    let ran = project.fusion("runs list --store sqlite://x.db?mode=ro --json");
    assert_eq!((ran.code, ran.error().as_str()), (1, "FU0302"), "{}", ran.all());
    let ran = project.fusion("run w.yaml --store sqlite://x.db?mode=ro --json");
    assert_eq!((ran.code, ran.error().as_str()), (1, "FU0302"), "{}", ran.all());
    assert!(!project.path("x.db").exists() && !project.path(".fusion").exists());
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_looking() {
    let project = Project::new();
    insta::assert_snapshot!(project.fusion("runs list").all(), @r##"
exit 1
--- stderr
error: there is no store [DIR]/.fusion/fusion.db [FU0302]
  hint: `fusion run FILE` makes one; `--store` or FUSION_STORE names another
"##);
    insta::assert_snapshot!(project.fusion("runs list --store typo.db").all(), @r##"
exit 1
--- stderr
error: there is no store typo.db [FU0302]
  hint: `fusion run FILE` makes one; `--store` or FUSION_STORE names another
"##);
    insta::assert_snapshot!(project.fusion("runs list --store mysql://x").all(), @r##"
exit 2
--- stderr
error: there is no store `mysql://` [FU0301]
  hint: known: memory, sqlite
"##);
    assert!(!project.path(".fusion").exists() && !project.path("typo.db").exists());
}

/// Every command that only looks, or speaks to a run that is there.
const LOOKS: [&str; 14] = [
    "runs list",
    "runs show r",
    "runs watch r",
    "runs logs r",
    "runs export r -o x",
    "runs replay r",
    "runs cancel r",
    "runs retry r",
    "runs prune r --yes",
    "why r",
    "graph r",
    "doctor",
    "doctor --shallow",
    "recover",
];

#[test]
fn an_empty_file_is_not_made_a_store_by_looking() {
    let project = Project::with("nodes: { a: { command: [echo, hi] } }\n");
    let names = || {
        let all = std::fs::read_dir(project.path(".")).unwrap();
        let mut names: Vec<_> =
            all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for args in LOOKS {
        let ran = project.fusion(&format!("{args} --store gone.db --json"));
        assert_eq!((ran.code, ran.error().as_str()), (1, "FU0302"), "{args}: {}", ran.all());
        project.write("empty.db", "");
        for mode in ["", "?mode=ro"] {
            let ran = project.fusion(&format!("{args} --store empty.db{mode} --json"));
            assert_eq!((ran.code, ran.error().as_str()), (1, "FU0302"), "{args}: {}", ran.all());
        }
        assert_eq!(names(), ["empty.db", "w.yaml"], "{args}");
        assert_eq!(std::fs::read(project.path("empty.db")).unwrap(), b"", "{args}");
    }
    insta::assert_snapshot!(project.fusion("runs list --store empty.db").all(), @r##"
exit 1
--- stderr
error: there is no store in empty.db, the file is empty [FU0302]
  hint: `fusion run FILE` makes one; `--store` or FUSION_STORE names another
"##);
    assert_eq!(project.fusion("run w.yaml --id r --store empty.db").code, 0, "a run makes it");
    assert_eq!(project.fusion("runs show r --store empty.db").code, 0);
    let ran = project.fusion("doctor --store empty.db --json");
    let url = ran.json()["store"]["url"].as_str().unwrap().to_owned();
    assert!(!url.contains("mode"), "{url}");
}

#[test]
fn nothing_is_left_beside_a_file_that_is_no_store() {
    let project = Project::with("nodes: { a: { command: [echo, hi] } }\n");
    let garbage = b"dear diary\n".repeat(500);
    for args in ["run w.yaml", "worker"].iter().chain(&LOOKS) {
        project.write("diary", &garbage);
        let ran = project.fusion(&format!("{args} --store diary --json"));
        assert_eq!((ran.code, ran.error().as_str()), (1, "FU0304"), "{args}: {}", ran.all());
        assert_eq!(std::fs::read(project.path("diary")).unwrap(), garbage, "{args}");
        let count = std::fs::read_dir(project.path(".")).unwrap().count();
        assert_eq!(count, 2, "{args}: something was made");
    }
}

#[test]
fn a_damaged_description_of_the_tables_is_told_at_once() {
    let project = used();
    let path = project.path(".fusion/fusion.db");
    let bytes = std::fs::read(&path).unwrap();
    for (from, to) in
        [("attempts", "attemptz"), ("CREATE", "CRXATE"), ("records_tag ON", "records_tag OM")]
    {
        // Pages that a migration left may hold old copies.
        let parts = bytes.windows(from.len()).enumerate();
        let found = parts.filter(|(_, part)| *part == from.as_bytes());
        let places: Vec<usize> = found.map(|(at, _)| at).collect();
        assert!(!places.is_empty(), "{from}");
        for at in places {
            patch(&project, at, to.as_bytes());
        }
        for args in ["doctor --json", "run w.yaml --json", "runs list --json"] {
            let ran = project.fusion(args);
            assert_eq!(
                (ran.code, ran.error().as_str()),
                (1, "FU0304"),
                "{to}: {args}: {}",
                ran.all()
            );
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(project.fusion("doctor").code, 0);
}

#[test]
fn pruning_gives_space_back_when_asked() {
    let project = Project::with(TWO);
    for id in ["one", "two"] {
        assert_eq!(project.fusion(&format!("run w.yaml --id {id}")).code, 0);
    }
    let size = || std::fs::metadata(project.path(".fusion/fusion.db")).unwrap().len();
    let full = size();
    assert_eq!(project.fusion("runs prune one --yes").code, 0);
    assert_eq!(size(), full, "without `--vacuum` the file keeps its pages for what comes");
    let ran = project.fusion("runs prune --vacuum --json");
    assert_eq!(ran.json(), serde_json::json!({"deleted": [], "forgot": 0, "vacuumed": true}));
    assert!(size() < full * 2 / 3, "{} of {full}", size());
    assert_eq!(project.fusion("doctor").code, 0);
    assert_eq!(project.fusion("runs show two --json").json()["outputs"]["n"], true);
}
