//! `Store::commit` on SQLite, beside the same inserts without us and beside a bare file.

use std::path::Path;

use fusion_benches::figure::Figure;
use fusion_benches::limit::{file, linked::Linked};
use fusion_benches::meter::{Pair, median};
use fusion_benches::producers::{self, ROW};
use fusion_benches::setup::{Outcome, folder, runtime};
use fusion_core::run::Os;

const SECONDS: f64 = 1.5;
const PAIRS: usize = 5;

fn main() -> Outcome {
    let runtime = runtime()?;
    let folder = folder()?;
    let mut rates = Vec::new();
    for producers in [1, 64, 1000] {
        rates.push(runtime.block_on(with(folder.path(), producers))?);
    }
    if let [one, _, thousand] = rates.as_slice() {
        let gain = median(thousand.iter().zip(one).map(|(many, one)| many / one));
        Figure::new("group commit, 1,000 producers over 1", gain, "times").target(">= 25").say();
    }
    Ok(())
}

/// Measures so many producers; gives the rates that the store reached.
async fn with(folder: &Path, producers: usize) -> Outcome<Vec<f64>> {
    let (mut to_loop, mut to_file, mut waits) = (vec![], vec![], vec![]);
    let (mut cpu, mut rates) = (vec![], vec![]);
    for round in 0..PAIRS {
        let path = |kind: &str| folder.join(format!("{kind}-{producers}-{round}"));
        let env = Os::new()?;
        let store = fusion_core::record::open(&path("store.db").display().to_string(), env).await?;
        let ours = producers::run(&store, producers, SECONDS).await?;
        store.close().await?;
        // Half the producers queue while the other half waits for the flush.
        let batch = producers.div_ceil(2);
        let (raw, theirs) = tokio::task::block_in_place(|| {
            let mut linked = Linked::open(&path("raw.db"), i64::try_from(producers)?)?;
            linked.run(batch, ROW, SECONDS)
        })?;
        let (bare, bares, bare_waits) = file::run(&path("bare"), producers, ROW, SECONDS).await?;
        let rate = ours.commits / ours.cost.seconds;
        to_loop.push((rate, raw / theirs.seconds));
        to_file.push((rate, bare / bares.seconds));
        waits.push((ours.waits.p50 * 1e6, bare_waits.p50 * 1e6));
        cpu.push((ours.cost.cpu / ours.commits * 1e6, theirs.cpu / raw * 1e6));
        rates.push(rate);
    }
    let name = format!("commit, {producers} producer{}", if producers == 1 { "" } else { "s" });
    let say = |what: &str, all: &[(f64, f64)], unit, target: &'static str| {
        let figure = Figure::beside(format!("{name}{what}"), Pair::of(all), unit);
        if target.is_empty() { figure.say() } else { figure.target(target).say() }
    };
    say(", beside the raw loop", &to_loop, "rows/s", ">= 0.60");
    let file = match producers {
        1 => "",
        64 => ">= 0.60",
        _ => ">= 0.30",
    };
    say(", beside a bare file", &to_file, "rows/s", file);
    if producers == 1 {
        say(": the middle wait, beside a bare file", &waits, "us", "<= 1.3");
    }
    say(": CPU", &cpu, "us/row", "");
    Ok(rates)
}
