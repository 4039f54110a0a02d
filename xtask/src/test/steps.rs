//! The steps of the gate: one table, read from top to bottom.

/// One step.
#[derive(Debug)]
pub(crate) struct Step {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What has to be there for the step to make sense, from the repository's root.
    pub(crate) needs: Option<&'static str>,
    /// Whether `--fast` does it too.
    pub(crate) fast: bool,
    /// What it does.
    pub(crate) work: Work,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Work {
    /// Runs `cargo` with these arguments.
    Cargo(&'static [&'static str]),
    /// Runs the `fusion` command that the step `command` has built, with these arguments.
    Fusion(&'static [&'static str]),
    /// Runs the workspace's tests with nextest, or with `cargo test` where that is missing.
    Tests,
    /// Runs rustdoc with warnings as errors.
    Docs,
    /// Runs the tidy test.
    Tidy,
    /// Compares the generated files with what would be generated now.
    Generated,
    /// Checks that the pure floors pull in no clock, database or runtime.
    PureTree,
    /// Validates every workflow that a page shows.
    Snippets,
    /// Runs every example.
    Examples,
    /// Packs the Node package and tests it in a clean folder.
    Node,
    /// Checks that the stated oldest compiler is enough.
    OldestRust,
    /// Checks licences and sources, where cargo-deny is installed.
    Deny,
    /// Builds the Python package, and tests it where it is installed.
    Python,
    /// Lets programs in three languages work on one run.
    Languages,
}

const CLIPPY: &[&str] =
    &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
/// 20,000 worlds, or as many as fit in seven minutes, which they share with 2,000 of agents.
const SIMULATE: &[&str] =
    &["simulate", "--self", "--seeds", "20000", "--seconds", "320", "--jobs", "2"];
const AGENTS: &[&str] =
    &["simulate", "--agents", "--seeds", "2000", "--seconds", "100", "--jobs", "2"];
/// Of the whole workspace, because a package alone has other features, and would be compiled once more for them.
const COMMAND: &[&str] = &["build", "--quiet", "--workspace", "--lib", "--bin", "fusion"];
/// A package that is built alone has only the features that it asks for itself.
const ALONE: &[&str] = &["check", "--quiet", "-p", "fusion-providers"];
const PURE: &[&str] = &["build", "--quiet", "-p", "fusion-core", "--no-default-features"];

/// All that CI does. A step whose `needs` are not there yet says so in one line.
///
/// The kill tests get their line between `simulate` and `python`, when they exist.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        needs: None,
        fast: true,
        work: Work::Cargo(&["fmt", "--all", "--check"]),
    },
    Step { name: "clippy", needs: None, fast: true, work: Work::Cargo(CLIPPY) },
    Step { name: "tidy", needs: None, fast: true, work: Work::Tidy },
    Step { name: "tests", needs: None, fast: true, work: Work::Tests },
    Step {
        name: "doctests",
        needs: None,
        fast: false,
        work: Work::Cargo(&["test", "--doc", "--workspace", "--quiet"]),
    },
    Step { name: "rustdoc", needs: None, fast: false, work: Work::Docs },
    Step { name: "pure", needs: None, fast: false, work: Work::Cargo(PURE) },
    Step { name: "alone", needs: None, fast: false, work: Work::Cargo(ALONE) },
    Step { name: "pure-tree", needs: None, fast: true, work: Work::PureTree },
    Step { name: "oldest-rust", needs: None, fast: true, work: Work::OldestRust },
    Step { name: "deny", needs: Some("deny.toml"), fast: true, work: Work::Deny },
    Step { name: "command", needs: None, fast: true, work: Work::Cargo(COMMAND) },
    Step { name: "generated", needs: None, fast: true, work: Work::Generated },
    Step {
        name: "snippets",
        needs: Some("fusion-cli/src/command/validate.rs"),
        fast: true,
        work: Work::Snippets,
    },
    Step { name: "examples", needs: Some("examples"), fast: true, work: Work::Examples },
    Step {
        name: "simulate",
        needs: Some("fusion-cli/src/command/simulate.rs"),
        fast: false,
        work: Work::Fusion(SIMULATE),
    },
    Step {
        name: "simulate-agents",
        needs: Some("fusion-core/src/simulate/team"),
        fast: false,
        work: Work::Fusion(AGENTS),
    },
    Step { name: "python", needs: Some("fusion-py/tests"), fast: false, work: Work::Python },
    Step { name: "node", needs: Some("fusion-node/test"), fast: false, work: Work::Node },
    Step {
        name: "languages",
        needs: Some("examples/three-languages"),
        fast: false,
        work: Work::Languages,
    },
];
