//! `fusion-specs`: how well specifications are read, measured on labelled texts.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use fusion_ops::analyze::Model;
use fusion_specs::components::{self, HOLD, Hold, Read, Row, Worth};
use fusion_specs::labels::{self, Labels};
use fusion_specs::plans::{self, Tally};

const USAGE: &str = "fusion-specs score|train|holds";
const MODEL: &str = "../../fusion-ops/src/analyze/model.json";

fn main() -> ExitCode {
    let wish = std::env::args().nth(1).unwrap_or_else(|| "score".to_owned());
    match run(&wish) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(wish: &str) -> Result<(), String> {
    let (Some(folder), Some((labels, read))) = (labels::folder(), components::open()?) else {
        return Err("there are no labelled texts beside the checkout".to_owned());
    };
    match wish {
        "score" => score(&folder, &labels, &read),
        "train" => train(&labels, &read),
        "holds" => {
            holds(&labels, &read);
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn row(name: &str, tally: &Tally) {
    say(&format!(
        "{name:24} P {:.3}  R {:.3}  F1 {:.3}  ({} right, {} wrong, {} missed)",
        tally.precision(),
        tally.recall(),
        tally.f1(),
        tally.right,
        tally.wrong,
        tally.missed
    ));
}

fn worth(title: &str, worth: &Worth) {
    say(&format!("\n{title}"));
    for (id, tally) in &worth.by_component {
        row(id, tally);
    }
    row("all", &worth.all);
    for line in &worth.wrong {
        say(&format!("  {line}"));
    }
}

fn score(folder: &Path, labels: &Labels, read: &Read) -> Result<(), String> {
    let measured = plans::measure(folder, labels)?;
    say("Plans");
    for (name, tally) in &measured.tallies {
        row(name, tally);
    }
    for line in &measured.wrong {
        say(&format!("  {line}"));
    }
    let (stacks, wrong) = components::stacks(read, labels);
    say("\nStacks");
    for (name, tally) in &stacks {
        row(name, tally);
    }
    for line in &wrong {
        say(&format!("  {line}"));
    }
    let rows: Vec<&Row> = read.rows.iter().collect();
    let mut fitted = Worth::default();
    fitted.add(&Model::built_in(), &rows, labels);
    worth("Components, with the model that is built in (fitted to these texts)", &fitted);
    worth(
        "Components, each repository judged by a model of the others",
        &components::held_out(read, labels, HOLD),
    );
    Ok(())
}

fn train(labels: &Labels, read: &Read) -> Result<(), String> {
    let rows: Vec<&Row> = read.rows.iter().collect();
    let model = components::train(&rows, HOLD);
    let mut fitted = Worth::default();
    fitted.add(&model, &rows, labels);
    row("fitted", &fitted.all);
    row("held out", &components::held_out(read, labels, HOLD).all);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL);
    let text = serde_json::to_string_pretty(&model).map_err(|why| why.to_string())? + "\n";
    std::fs::write(&path, text).map_err(|why| format!("write {}: {why}", path.display()))
}

/// How much it is worth to hold weights back more or less.
fn holds(labels: &Labels, read: &Read) {
    for numbers in [0.1, 0.4, 1.0, 3.0] {
        for components in [0.5, 1.0, 2.5, 5.0, 10.0] {
            let hold = Hold { numbers, components };
            row(&format!("{numbers} {components}"), &components::held_out(read, labels, hold).all);
        }
    }
}
