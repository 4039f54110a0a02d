//! `fusion-crash`: the worker that is killed, and the harness that kills it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use fusion_crash::harness::{Kills, Plan, takeover, trials};
use fusion_crash::worker::{self, Orders};
use fusion_crash::{Fault, agent, fixture, mail};

const USAGE: &str = "fusion-crash kill [--kills N] [--lines STRIDE] [--seed S] [--processes P]\n\
                     fusion-crash power [--kills N] [--seed S]\n\
                     fusion-crash takeover\n\
                     fusion-crash fixture FOLDER NAME\n\
                     fusion-crash worker STORE LEDGER RUN[,RUN] LINE MARK\n\
                     fusion-crash agent STORE LEDGER LINE\n\
                     fusion-crash mail STORE LEDGER LINE";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args).await {
        Ok(text) => say(&text, ExitCode::SUCCESS),
        Err(fault) => say(&format!("failed: {fault}"), ExitCode::FAILURE),
    }
}

fn say(text: &str, code: ExitCode) -> ExitCode {
    let mut out = std::io::stderr().lock();
    match writeln!(out, "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn dispatch(args: &[String]) -> Result<String, Fault> {
    match args.split_first() {
        Some((verb, rest)) if verb == "worker" => {
            worker::work(Orders::from_args(rest).ok_or(USAGE)?).await?;
            Ok("done".to_owned())
        }
        Some((verb, rest)) if verb == "kill" => {
            Ok(trials(&plan(rest, Kills::Random)?).await?.to_string())
        }
        Some((verb, rest)) if verb == "power" => {
            Ok(trials(&plan(rest, Kills::Power { settings: "" })?).await?.to_string())
        }
        Some((verb, [])) if verb == "takeover" => {
            let time = takeover(&program()?).await?;
            Ok(format!("a worker that lives took over after {} ms", time.as_millis()))
        }
        Some((verb, [folder, name])) if verb == "fixture" => {
            fixture::make(&program()?, folder.as_ref(), name).await
        }
        Some((verb, [store, ledger, line])) if verb == "agent" => {
            agent::work(store.into(), ledger.into(), line.parse()?).await?;
            Ok("done".to_owned())
        }
        Some((verb, [store, ledger, line])) if verb == "mail" => {
            mail::work(store.into(), ledger.into(), line.parse()?).await?;
            Ok("done".to_owned())
        }
        _ => Err(USAGE.into()),
    }
}

fn program() -> Result<PathBuf, Fault> {
    Ok(std::env::current_exe()?)
}

fn plan(args: &[String], when: Kills) -> Result<Plan, Fault> {
    let mut plan = Plan { program: program()?, kills: 200, seed: 1, processes: 1, when };
    let mut rest = args.iter();
    while let Some(flag) = rest.next() {
        let number: u64 = rest.next().ok_or(USAGE)?.parse()?;
        match flag.as_str() {
            "--kills" => plan.kills = number,
            "--lines" => plan.when = Kills::Lines { stride: number },
            "--seed" => plan.seed = number,
            "--processes" => plan.processes = usize::try_from(number)?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(plan)
}
