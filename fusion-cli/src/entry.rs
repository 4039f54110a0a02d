//! From the command line to the exit code.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use fusion_core::error::Error;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Global};
use crate::command;
use crate::render::{Out, Traced};

/// The exit code of bad usage.
const USAGE: u8 = 2;

/// Runs the command with these arguments, the program's name first, and gives its exit code: 0 done, 1 the run or
/// check failed, 2 usage or bad input, 130 interrupted.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &args),
    };
    // A variable that is set to nothing says nothing.
    if variable("FUSION_STORE").is_some_and(|url| url.is_empty()) {
        cli.global.store = cli.global.store.filter(|url| !url.is_empty());
    }
    let out = Out::new(&cli.global);
    trace(&cli.global, &out);
    match command::run(cli, &out) {
        Ok(code) if Out::is_whole() => code,
        Ok(_) => {
            out.note("error: the output could not be written");
            1
        }
        Err(error) => {
            out.error(&error);
            code_of(&error)
        }
    }
}

/// Gives the help of the command and of each of its sub-commands, one after the other: the page `docs/cli.md`.
pub fn help() -> String {
    let mut page = String::from(
        "# The command line\n\nThis page is generated from the help of the commands.\n",
    );
    let mut root = Cli::command().term_width(100);
    root.build();
    describe(&mut root, &mut page);
    page
}

fn describe(command: &mut clap::Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or("fusion").to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n"));
    let shown = |inner: &&mut clap::Command| inner.get_name() != "help" && !inner.is_hide_set();
    for inner in command.get_subcommands_mut().filter(shown) {
        describe(inner, page);
    }
}

fn refuse(error: &clap::Error, args: &[OsString]) -> u8 {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked && args.iter().any(|arg| arg == "--json") {
        Out::value(&serde_json::json!({"error": usage(&error.to_string())}));
        return USAGE;
    }
    // Where nobody reads, nothing can be said.
    let _ = error.print();
    u8::try_from(error.exit_code()).unwrap_or(USAGE)
}

/// Takes what the parser says to people apart: what is wrong, what helps, how it is used.
fn usage(text: &str) -> serde_json::Value {
    let (mut message, mut tips, mut usage) = (Vec::new(), Vec::new(), None);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            tips.push(tip);
        } else if let Some(form) = line.strip_prefix("Usage: ") {
            usage = Some(form);
        } else if usage.is_none() && !line.starts_with("For more information") {
            message.push(line.strip_prefix("error: ").unwrap_or(line));
        }
    }
    let hint = if tips.is_empty() {
        usage.map(|form| format!("usage: {form}"))
    } else {
        Some(tips.join("; "))
    };
    let mut error = serde_json::json!({"code": "usage", "message": message.join(" "), "hint": hint, "usage": usage});
    // The form of every other error: all that were found are listed.
    let all = serde_json::json!([error.clone()]);
    if let Some(fields) = error.as_object_mut() {
        fields.insert("errors".to_owned(), all);
    }
    error
}

fn code_of(error: &Error) -> u8 {
    if error.code().is_bad_input() { USAGE } else { 1 }
}

/// Sends what the engine traces to standard error, if somebody asked for it.
fn trace(global: &Global, out: &Out) {
    let asked = variable("FUSION_LOG").filter(|text| !text.is_empty());
    let filter = match (asked, global.verbose) {
        (Some(filter), _) => filter,
        (None, 0) => return,
        (None, 1) => "fusion_core=info".to_owned(),
        (None, 2) => "fusion_core=debug".to_owned(),
        (None, _) => "fusion_core=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|error| {
        out.note(&format!("warning: FUSION_LOG is not understood: {error}"));
        EnvFilter::new("fusion_core=info")
    });
    let color = !global.no_color && variable("NO_COLOR").is_none();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Traced)
        .with_target(false)
        .with_ansi(color && std::io::IsTerminal::is_terminal(&std::io::stderr()));
    // A host program may have its own subscriber; then it gets the events.
    let _ = subscriber.try_init();
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the rim: the environment is read here"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
