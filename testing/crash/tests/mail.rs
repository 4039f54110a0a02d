//! Kills who writes and reads a mailbox right after a line of the ledger: no message is lost, none comes back that was done.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use fusion_crash::ledger::{self, Line, What};
use fusion_crash::mail::{MESSAGES, READER, SENDERS};

/// Every how many lines one kill strikes.
const STRIDE: usize = 5;

#[expect(clippy::disallowed_methods, reason = "only another process can be killed")]
fn work(folder: &Path, die_at: u64) -> ExitStatus {
    std::process::Command::new(env!("CARGO_BIN_EXE_fusion-crash"))
        .arg("mail")
        .args([folder.join("mail.db"), folder.join("ledger")])
        .arg(die_at.to_string())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap()
}

/// Says what the ledger proves wrong.
fn wrong(lines: &[Line], kills: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut done, mut seen) = (BTreeSet::new(), Vec::new());
    let mut entered: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.run == READER) {
        match line.what {
            What::Entered => {
                if done.contains(&line.node) {
                    wrong.push(format!("{} came back after it was done", line.node));
                }
                if !seen.contains(&&line.node) {
                    seen.push(&line.node);
                }
                *entered.entry(&line.node).or_default() += 1;
            }
            What::Left => {
                done.insert(line.node.clone());
            }
            What::Failed => wrong.push(format!("{line:?}")),
        }
    }
    for sender in SENDERS {
        let own: Vec<&&String> = seen.iter().filter(|id| id.starts_with(sender)).collect();
        if !own.is_sorted() {
            wrong.push(format!("{sender}'s came out of order: {own:?}"));
        }
        for number in 0..MESSAGES {
            let id = format!("{sender}-{number:02}");
            match entered.get(id.as_str()) {
                None => wrong.push(format!("{id} was lost")),
                // One that was under way at a kill comes once more.
                Some(times) if *times > 1 + kills => wrong.push(format!("{id} came {times} times")),
                Some(_) => {}
            }
        }
    }
    wrong
}

#[test]
fn a_killed_mailbox_loses_nothing_and_gives_nothing_back_that_was_done() {
    let whole = tempfile::tempdir().unwrap();
    assert!(work(whole.path(), 0).success());
    let lines = ledger::read(&whole.path().join("ledger")).unwrap();
    assert_eq!(lines.len(), 4 * SENDERS.len() * MESSAGES);
    assert_eq!(wrong(&lines, 0), [""; 0]);
    for last in (1..=lines.len()).step_by(STRIDE) {
        let folder = tempfile::tempdir().unwrap();
        let line = u64::try_from(last).unwrap();
        assert_eq!(work(folder.path(), line).signal(), Some(9), "line {last}");
        // And once more, somewhere in what is left.
        let second = work(folder.path(), line + 20);
        let kills = 1 + usize::from(second.signal() == Some(9));
        assert!(work(folder.path(), 0).success(), "after a kill at line {last}");
        let lines = ledger::read(&folder.path().join("ledger")).unwrap();
        assert_eq!(wrong(&lines, kills), [""; 0], "line {last}");
    }
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let line = |run: &str, node: &str, what| Line {
        run: run.into(),
        node: node.into(),
        attempt: 1,
        epoch: 0,
        at: 0,
        what,
    };
    let lines = [
        line(READER, "alice-01", What::Entered),
        line(READER, "alice-01", What::Left),
        line(READER, "alice-00", What::Entered),
        line(READER, "alice-01", What::Entered),
    ];
    let told = wrong(&lines, 0).join("\n");
    for fault in
        ["alice-01 came back", "out of order", "carol-03 was lost", "alice-01 came 2 times"]
    {
        assert!(told.contains(fault), "{fault}: {told}");
    }
}
