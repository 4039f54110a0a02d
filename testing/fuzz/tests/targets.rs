//! Every target over its corpus and some thousand inputs made of it; and a target that is wrong is caught.

#![cfg(test)]

use fusion_core::contract::Env;
use fusion_core::run::Os;
use fusion_fuzz::{Report, TARGETS, Target, hunt, seeds};

/// Tries a target on its corpus and this many further inputs.
fn tried(target: &Target, inputs: u64, seed: u64) -> Report {
    let os = Os::new().unwrap();
    let clock = || os.monotonic_ns() / 1_000_000;
    let corpus = seeds(target).unwrap();
    assert!(!corpus.is_empty(), "{} has no corpus", target.name);
    hunt(target, corpus, seed, (&|tried| tried < inputs, &clock))
}

fn holds(name: &str, inputs: u64) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let report = tried(target, inputs, 1);
    if let Some(caught) = report.caught {
        let input = String::from_utf8_lossy(&caught.input);
        panic!("{name}: {}\n{input:?}\n{:?}", caught.what, caught.input);
    }
    assert!(report.inputs >= inputs && report.met > 3, "{name} met {} things", report.met);
}

#[test]
fn workflow_files_are_refused_in_words_or_stay_the_same() {
    holds("workflow", 2_000);
}

#[test]
fn templates_give_the_same_each_time_and_tell_no_secret() {
    holds("template", 4_000);
}

#[test]
fn journal_bodies_are_refused_or_stay_the_same() {
    holds("record", 4_000);
}

#[test]
fn pages_are_planned_the_same_and_their_boxes_go_back() {
    holds("page", 500);
}

#[test]
fn manifests_locks_and_reports_are_refused_or_stay_the_same() {
    holds("package", 4_000);
}

#[test]
fn capsules_are_refused_or_stay_the_same() {
    holds("capsule", 2_000);
}

#[test]
fn a_damaged_file_is_reported_or_answers_right() {
    holds("journal", 1_000);
}

#[test]
fn streams_of_events_are_the_same_however_they_are_cut() {
    holds("stream", 4_000);
}

#[test]
fn a_target_that_is_wrong_is_caught_and_its_input_made_small() {
    fn wrong(bytes: &[u8]) -> Result<u64, String> {
        let pieces = bytes.split(|byte| *byte == b'{').count() as u64;
        if pieces > 3 { Err("three".to_owned()) } else { Ok(pieces) }
    }
    let target = Target { name: "template", check: wrong, words: &["{"] };
    let caught = tried(&target, 100_000, 7).caught.unwrap();
    assert_eq!(caught.input, b"{{{");
    assert_eq!(caught.what, "three");
}
