//! Cuts the power of a real ext4 under real workers; `fusion-crash power --kills N` does it more often.
//!
//! Where nobody may mount, which takes root on Linux, there is no plug to pull: these pass over and say so.

#![cfg(test)]

use fusion_crash::harness::{Disk, Kills, Plan, trials};

fn plan(kills: u64, seed: u64, settings: &'static str) -> Plan {
    let program = env!("CARGO_BIN_EXE_fusion-crash").into();
    Plan { program, kills, seed, processes: 1, when: Kills::Power { settings } }
}

/// Tells why there can be no power cut here, if there can be none.
fn passed_over() -> bool {
    match Disk::new() {
        Ok(_) => false,
        Err(why) => {
            println!("passed over: no disk can be made here ({why})");
            true
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_power_cut() {
    if passed_over() {
        return;
    }
    match trials(&plan(100, 1, "")).await {
        Ok(report) => {
            println!("{report}");
            assert!(report.kills >= 100 && report.runs == report.trials, "{report}");
        }
        Err(fault) => panic!("{fault}"),
    }
}

/// The control: a store that does not flush loses what it acknowledged, and the judge sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_flushes_the_judge_sees_what_was_lost() {
    if passed_over() {
        return;
    }
    for seed in 0..20 {
        if let Err(fault) = trials(&plan(8, seed, "?durability=relaxed")).await {
            let fault = fault.to_string();
            println!("seed {seed}: {}", fault.lines().next().unwrap_or_default());
            assert!(fault.contains("again: fusion-crash power"), "{fault}");
            return;
        }
    }
    panic!("160 power cuts took nothing from a store that does not flush");
}
