//! Kills an agent of twenty turns right after a line of its ledger: no token is paid for twice.

#![cfg(test)]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use fusion_crash::agent::TURNS;
use fusion_crash::ledger::{self, What};

/// Every how many lines one kill strikes.
const STRIDE: u64 = 3;

#[expect(clippy::disallowed_methods, reason = "only another process can be killed")]
fn work(folder: &Path, die_at: u64) -> ExitStatus {
    std::process::Command::new(env!("CARGO_BIN_EXE_fusion-crash"))
        .arg("agent")
        .args([folder.join("talk.db"), folder.join("ledger")])
        .arg(die_at.to_string())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap()
}

/// How often each request reached the other side.
fn asked(folder: &Path) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for line in ledger::read(&folder.join("ledger")).unwrap() {
        if line.what == What::Entered {
            *asked.entry(line.node).or_default() += 1;
        }
    }
    asked
}

#[test]
fn a_killed_agent_asks_again_only_what_was_under_way() {
    let whole = tempfile::tempdir().unwrap();
    assert!(work(whole.path(), 0).success());
    let once = asked(whole.path());
    assert_eq!(once.len(), 2 * TURNS - 1, "{once:?}");
    assert!(once.values().all(|count| *count == 1), "{once:?}");
    let lines = 2 * once.len() as u64;
    for last in (1..=lines).step_by(STRIDE.try_into().unwrap()) {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(work(folder.path(), last).signal(), Some(9), "line {last}");
        let struck = ledger::read(&folder.path().join("ledger")).unwrap().pop().unwrap().node;
        assert!(work(folder.path(), 0).success(), "after a kill at line {last}");
        let mut asked = asked(folder.path());
        // Its answer cannot have been recorded: the line was written before it was given.
        assert_eq!(asked.insert(struck.clone(), 1), Some(2), "`{struck}`, line {last}");
        assert_eq!(asked, once, "line {last}");
    }
}
