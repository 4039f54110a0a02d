//! Takes the steps one by one, with a header and a time each, and stops at the first failure.

use std::path::Path;

use super::steps::{STEPS, Step, Work};
use super::{Count, examples, languages, node, oldest, python, snippets};
use crate::{Stop, codegen, ground, process, tidy};

/// What property tests draw their cases from. In the gate they are always the same ones: a change is judged by what it
/// changes, and new cases are tried by every plain `cargo test`.
const RNG_SEED: &str = "PROPTEST_RNG_SEED";
const PROPERTY_SEED: &str = "20260101";

/// What the pure floors may not pull in.
const IMPURE: [&str; 5] = ["tokio", "rusqlite", "rand", "getrandom", "rustix"];

/// Runs the steps that `options` ask for.
pub(crate) fn run(options: &[&str]) -> Result<(), Stop> {
    let Some(chosen) = choose(options)? else { return Ok(()) };
    let root = ground::root();
    let mut sum = Count::default();
    for step in chosen {
        if let Some(needed) = step.needs.filter(|needed| !root.join(needed).exists()) {
            println!("\n=== {}: nothing to do, `{needed}` is not there yet", step.name);
            continue;
        }
        println!("\n=== {}", step.name);
        let (done, took) = process::timed(|| take(step, &root));
        let (passed, count, why) = match done {
            Ok((passed, count)) => (passed, count, String::new()),
            Err(Stop::Failed(why) | Stop::Usage(why)) => (false, Count::default(), why),
        };
        sum = sum.plus(count);
        println!(
            "=== {}: {} in {:.1} s",
            step.name,
            if passed { "ok" } else { "FAILED" },
            took.as_secs_f64()
        );
        if !passed {
            if count.failed == 0 {
                sum = sum.plus(Count::one(false));
            }
            println!("{why}\nto do this step again: {}\n", again(step, &root));
            println!("{} passed, {} failed", sum.passed, sum.failed);
            return Err(Stop::Failed(format!("the step `{}` failed", step.name)));
        }
    }
    println!("\n{} passed, {} failed", sum.passed, sum.failed);
    Ok(())
}

fn choose(options: &[&str]) -> Result<Option<Vec<&'static Step>>, Stop> {
    match options {
        [] => Ok(Some(STEPS.iter().collect())),
        ["--fast"] => Ok(Some(STEPS.iter().filter(|step| step.fast).collect())),
        ["--only", name] => {
            let step = STEPS.iter().find(|step| step.name == *name);
            let step =
                step.ok_or_else(|| Stop::Usage(format!("there is no step named `{name}`")))?;
            Ok(Some(vec![step]))
        }
        ["--list"] => {
            for step in STEPS {
                println!("{}{}", step.name, if step.fast { "" } else { "  (not with --fast)" });
            }
            Ok(None)
        }
        other => Err(Stop::Usage(format!("`{}` is not understood by test", other.join(" ")))),
    }
}

fn take(step: &Step, root: &Path) -> Result<(bool, Count), Stop> {
    let alone = |done: Result<(), Stop>| done.map(|()| (true, Count::default()));
    match &step.work {
        Work::Cargo(arguments) => Ok(process::follow(process::cargo(root).args(*arguments))?),
        Work::Fusion(arguments) => {
            let mut command = process::command(ground::fusion()?, root);
            Ok(process::follow(command.args(*arguments))?)
        }
        Work::Tests => {
            let mut command = process::cargo(root);
            command.args(test_arguments(root)).env(RNG_SEED, PROPERTY_SEED);
            Ok(process::follow(&mut command)?)
        }
        Work::Docs => {
            let mut command = process::cargo(root);
            command.args(["doc", "--workspace", "--no-deps", "--quiet"]);
            Ok(process::follow(command.env("RUSTDOCFLAGS", "-D warnings"))?)
        }
        Work::Tidy => alone(tidy::run()),
        Work::Generated => alone(codegen::run(&["--check"])),
        Work::PureTree => alone(pure_tree(root)),
        Work::OldestRust => alone(oldest::run(root)),
        Work::Deny => deny(root),
        Work::Snippets => snippets::run(root),
        Work::Examples => examples::run(root),
        Work::Node => node::run(root),
        Work::Python => python::run(root),
        Work::Languages => languages::run(root),
    }
}

fn test_arguments(root: &Path) -> Vec<&'static str> {
    let asked = process::cargo(root).args(["nextest", "--version"]).output();
    if asked.is_ok_and(|answer| answer.status.success()) {
        vec!["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"]
    } else {
        vec!["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"]
    }
}

fn deny(root: &Path) -> Result<(bool, Count), Stop> {
    let asked = process::cargo(root).args(["deny", "--version"]).output();
    if !asked.is_ok_and(|answer| answer.status.success()) {
        println!("cargo-deny is not installed: licences and sources are not checked");
        return Ok((true, Count::default()));
    }
    // Advisories change without us: they are not part of the gate.
    let mut command = process::cargo(root);
    Ok(process::follow(command.args(["deny", "check", "licenses", "bans", "sources"]))?)
}

fn pure_tree(root: &Path) -> Result<(), Stop> {
    let mut command = process::cargo(root);
    command.args(["tree", "-p", "fusion-core", "--no-default-features", "-e", "normal"]);
    let tree = process::output(command.args(["--prefix", "none", "--format", "{p}"]))?;
    let found: Vec<&str> = impure(&tree).collect();
    if found.is_empty() {
        println!("no {}", IMPURE.join(", no "));
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "fusion-core without default features pulls in {}: put it behind the feature `engine`",
        found.join(", ")
    )))
}

fn impure(tree: &str) -> impl Iterator<Item = &str> {
    tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| IMPURE.contains(name))
}

/// The command that does one step again.
fn again(step: &Step, root: &Path) -> String {
    match &step.work {
        Work::Cargo(arguments) => format!("cargo {}", arguments.join(" ")),
        Work::Tests => {
            format!("{RNG_SEED}={PROPERTY_SEED} cargo {}", test_arguments(root).join(" "))
        }
        _ => format!("cargo xtask test --only {}", step.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_choose_steps() {
        let names = |options: &[&str]| match choose(options) {
            Ok(Some(steps)) => steps.iter().map(|step| step.name).collect(),
            Ok(None) => vec!["list"],
            Err(_) => vec!["error"],
        };
        assert_eq!(names(&[]).len(), STEPS.len());
        assert!(names(&["--fast"]).contains(&"tests") && !names(&["--fast"]).contains(&"doctests"));
        assert_eq!(names(&["--only", "tidy"]), ["tidy"]);
        assert_eq!(names(&["--only", "none"]), ["error"]);
        assert_eq!(names(&["--slow"]), ["error"]);
    }

    #[test]
    fn impure_crates_are_seen() {
        assert_eq!(impure("serde v1.0.0\ntokio-util v1.0.0\n").count(), 0);
        assert_eq!(impure("serde v1.0.0\ntokio v1.0.0\n").collect::<Vec<_>>(), ["tokio"]);
    }
}
