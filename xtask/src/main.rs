//! The one door for chores: tests, tidiness, metrics, benchmarks, generated files and set-up.
#![expect(clippy::print_stdout, reason = "a chore speaks to the person who started it")]
#![expect(clippy::print_stderr, reason = "a chore speaks to the person who started it")]

mod bench;
mod codegen;
mod ground;
mod local;
mod metrics;
mod process;
mod real;
mod sanitize;
mod setup;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

/// What `cargo xtask --help` prints; `docs/chores.md` is made from it.
pub(crate) const HELP: &str = "\
The chores of Fusion.

Usage: cargo xtask <chore> [options]

Chores:
  setup                  install what the tests need from the system's packages
  test [--fast]          do all that CI does, in order; stop at the first failure
       [--only STEP]     do one step
       [--list]          list the steps
  tidy                   check edges, sizes, words, maps, links and versions
  metrics                print lines per crate and floor, largest files and functions
  bench [NAME...]        run benchmarks in release and write the table of docs/performance.md
  fuzz TARGET            throw damaged bytes at what reads them: workflow, template, record, capsule, journal, stream,
                         page, package
       [--seconds N]     for so long instead of a minute
       [--seed N]        with other inputs
       [FILE]            try this input again instead
  real                   fetch a model server and a small model once (130 MB), and test the providers against them
       [agents]          fetch the command-line agents instead (1.4 GB), and ask each of them once
       [litellm]         fetch LiteLLM's proxy instead (750 MB), and ask it by each protocol
  local                  build the plugin that answers from a model file, in ten minutes and more, try it with a small model
                         (93 MB), and put it where `fusion` looks for plugins
  sanitize               run the tests of plugins with the address sanitizer (x86-64 Linux)
  codegen [--check]      write the generated files again; --check only compares

Options:
  -h, --help             print this text

Exit code: 0 done, 1 a check failed, 2 wrong usage.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| matches!(*word, "-h" | "--help" | "help")) {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let Some((chore, options)) = words.split_first() else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    let done = match *chore {
        "setup" => no_options(options).and_then(|()| setup::run()),
        "test" => test::run(options),
        "tidy" => no_options(options).and_then(|()| tidy::run()),
        "metrics" => no_options(options).and_then(|()| metrics::run()),
        "bench" => bench::run(options),
        "fuzz" => fuzz(options),
        "real" => real::run(options),
        "local" => no_options(options).and_then(|()| local::run()),
        "sanitize" => no_options(options).and_then(|()| sanitize::run()),
        "codegen" => codegen::run(options),
        other => Err(Stop::Usage(format!("there is no chore named `{other}`"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Failed(what)) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
        Err(Stop::Usage(what)) => {
            eprintln!("xtask: {what}; `cargo xtask --help` lists what there is");
            ExitCode::from(2)
        }
    }
}

/// Hunts in one target; what is found is kept in `testing/fuzz/found`.
fn fuzz(options: &[&str]) -> Result<(), Stop> {
    let mut command = process::cargo(&ground::root());
    command.args(["run", "--quiet", "-p", "fusion-fuzz", "--"]).args(options);
    let (passed, _) = process::follow(&mut command)?;
    if passed { Ok(()) } else { Err(Stop::Failed("something was found".to_owned())) }
}

/// Why a chore stopped before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A check or a command failed; the text says which, and what to do.
    Failed(String),
    /// The command line made no sense.
    Usage(String),
}

impl From<String> for Stop {
    fn from(what: String) -> Self {
        Self::Failed(what)
    }
}

fn no_options(options: &[&str]) -> Result<(), Stop> {
    match options.first() {
        None => Ok(()),
        Some(option) => Err(Stop::Usage(format!("`{option}` means nothing here"))),
    }
}
