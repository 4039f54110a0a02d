//! `fusion-fuzz`: one target for a while, or one input again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fusion_core::contract::Env;
use fusion_core::run::Os;
use fusion_fuzz::{Caught, TARGETS, Target, hunt, seeds, try_one};

const USAGE: &str =
    "fusion-fuzz TARGET [--seconds N] [--inputs N] [--seed N]\nfusion-fuzz TARGET FILE";

/// What the command line asked for.
struct Wish {
    target: Target,
    seconds: u64,
    inputs: u64,
    seed: u64,
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = wish(&args).and_then(|wish| match &wish.file {
        Some(file) => again(&wish.target, file),
        None => search(&wish),
    });
    let (text, code) = match done {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(text) => (text, ExitCode::FAILURE),
    };
    match writeln!(std::io::stderr().lock(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn wish(args: &[String]) -> Result<Wish, String> {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let usage = || format!("{USAGE}\ntargets: {}", names.join(", "));
    let (name, rest) = args.split_first().ok_or_else(usage)?;
    let target = *TARGETS.iter().find(|target| target.name == name).ok_or_else(usage)?;
    let mut wish = Wish { target, seconds: 60, inputs: u64::MAX, seed: 1, file: None };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let place = match word.as_str() {
            "--seconds" => &mut wish.seconds,
            "--inputs" => &mut wish.inputs,
            "--seed" => &mut wish.seed,
            file if !file.starts_with("--") => {
                wish.file = Some(file.into());
                continue;
            }
            _ => return Err(usage()),
        };
        *place = rest.next().and_then(|number| number.parse().ok()).ok_or_else(usage)?;
    }
    Ok(wish)
}

fn again(target: &Target, file: &Path) -> Result<String, String> {
    let input = std::fs::read(file).map_err(|why| format!("read {}: {why}", file.display()))?;
    try_one(target, &input).map(|_| "nothing is wrong with it".to_owned())
}

fn search(wish: &Wish) -> Result<String, String> {
    let os = Os::new().map_err(|why| format!("no clock could be read: {why}"))?;
    let clock = || os.monotonic_ns() / 1_000_000;
    let until = clock().saturating_add(wish.seconds.saturating_mul(1_000));
    let go_on = |inputs: u64| inputs < wish.inputs && clock() < until;
    let name = wish.target.name;
    let report = hunt(&wish.target, seeds(&wish.target)?, wish.seed, (&go_on, &clock));
    let Some(caught) = report.caught else {
        return Ok(format!(
            "{name}: {} inputs met {} different things, and nothing is wrong",
            report.inputs, report.met
        ));
    };
    let path = keep(name, &caught)?;
    Err(format!("{name}: {}\n  again: cargo xtask fuzz {name} {path}", caught.what))
}

/// Writes a failing input down.
fn keep(name: &str, caught: &Caught) -> Result<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    let sum = caught
        .input
        .iter()
        .fold(17_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let file = format!("{name}-{sum:08x}");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(&file), &caught.input))
        .map_err(|why| format!("write {}: {why}", folder.display()))?;
    Ok(format!("testing/fuzz/found/{file}"))
}
