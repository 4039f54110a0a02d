//! Kills real workers with SIGKILL, some 200 times; `fusion-crash kill --kills N` does it more often.

#![cfg(test)]

use std::path::PathBuf;
use std::time::Duration;

use fusion_crash::harness::{Kills, Plan, Report, takeover, trials};

fn plan(kills: u64, processes: usize, when: Kills) -> Plan {
    Plan { program: program(), kills, seed: 1, processes, when }
}

fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_fusion-crash").into()
}

/// Kills, and prints what it found.
async fn kill(plan: Plan) -> Report {
    match trials(&plan).await {
        Ok(report) => {
            println!("{report}");
            assert_eq!(report.trials == 0, report.runs == 0);
            report
        }
        Err(fault) => panic!("{fault}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_line_of_the_ledger() {
    let report = kill(plan(0, 1, Kills::Lines { stride: 12 })).await;
    assert!(report.kills >= 80, "{report}");
    assert!(report.doubts > 0, "no kill struck an at-most-once body: {report}");
    // The lease of a dead process would be 15 s; this machine may have much else to do.
    assert!(report.recover_us(100) < 10_000_000, "{report}");
    assert!(report.recover_us.len() > 40, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_random_moments() {
    kill(plan(70, 1, Kills::Random)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_of_several_at_once() {
    kill(plan(60, 3, Kills::Random)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_living_worker_takes_over_long_before_the_lease_ends() {
    let time = takeover(&program()).await.unwrap();
    println!("taken over after {} ms", time.as_millis());
    assert!(time < Duration::from_secs(10), "{time:?}");
}
