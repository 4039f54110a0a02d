//! `fusion simulate`: a workflow, or the engine itself, in worlds full of crashes.

use fusion_core::contract::Env;
use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::run::Os;
use fusion_core::simulate::{self, Fault, Options, Report, Subject};
use serde_json::json;

use crate::args::Simulate;
use crate::project;
use crate::render::Out;

/// Simulates worlds until one fails; exit code 1 when one does.
pub(super) fn simulate(args: &Simulate, out: &Out) -> Result<u8> {
    let seeds = match args.seed {
        Some(seed) => seed..seed.saturating_add(1),
        None => args.from..args.from.saturating_add(args.seeds),
    };
    let mut options = Options::new(seeds);
    options.jobs = args.jobs;
    if args.agents {
        (options.team, options.name) = (true, "--agents".to_owned());
    }
    for word in &args.without {
        options.without.insert(fault(word)?);
    }
    if let Some(file) = &args.file {
        let loaded = project::load(file)?;
        let inputs = project::given(&loaded.graph, &args.input, None)?;
        // What is wrong with the inputs is said before any world is made.
        let inputs = fusion_core::graph::bind(&loaded.graph, &inputs)?;
        let others = loaded.others.into_values().collect();
        options.name = file.display().to_string();
        for given in &args.input {
            // In quotes for a shell: the command is there to be copied.
            let quoted = given.replace('\'', r"'\''");
            options.name = format!("{} --input '{quoted}'", options.name);
        }
        options.subject = Some(Subject { graph: loaded.graph, inputs, others });
    }
    let os = Os::new()
        .map_err(|error| Error::new(Code::Internal, "no clock could be read").because(error))?;
    let from = os.monotonic_ns();
    let until =
        args.seconds.map(|seconds| from.saturating_add(seconds.saturating_mul(1_000_000_000)));
    let report =
        simulate::simulate(&options, &|| until.is_none_or(|until| os.monotonic_ns() < until));
    let seconds = os.monotonic_ns().saturating_sub(from) as f64 / 1e9;
    tell(&report, seconds, out);
    Ok(u8::from(report.failure.is_some()))
}

fn fault(word: &str) -> Result<Fault> {
    Fault::from_word(word).ok_or_else(|| {
        let words = Fault::ALL.iter().map(|fault| fault.word());
        Error::new(Code::InvalidInput, format!("there is no fault `{word}`"))
            .hint(nearest::hint(word, words))
    })
}

fn tell(report: &Report, seconds: f64, out: &Out) {
    let rate = report.seeds as f64 / seconds.max(1e-9);
    if !out.json {
        Out::result(&report.to_string());
        out.say(&format!("{seconds:.1} s, {rate:.0} seeds a second"));
        return;
    }
    let failure = report.failure.as_ref().map(|found| {
        json!({
            "seed": found.seed,
            "what": found.what,
            "plan": found.plan,
            "again": format!("fusion {}", found.replay()),
            "trace": found.trace,
        })
    });
    Out::value(&json!({
        "seeds": report.seeds,
        "virtual_ms": report.virtual_ms,
        "seconds": seconds,
        "counts": report.counts,
        "failure": failure,
    }));
}
