//! `fusion-specs`: how well specifications are read, measured on labelled texts.

use std::io::Write as _;
use std::process::ExitCode;

use fusion_specs::{labels, plans};

fn main() -> ExitCode {
    let Some(folder) = labels::folder() else {
        let _ = writeln!(std::io::stderr(), "there are no labelled texts beside the checkout");
        return ExitCode::SUCCESS;
    };
    let mut out = std::io::stdout().lock();
    let done = labels::labels(&folder).and_then(|labels| plans::measure(&folder, &labels));
    match done {
        Ok(measured) => {
            for (name, tally) in &measured.tallies {
                let (precision, recall) = (tally.precision(), tally.recall());
                let _ = writeln!(out, "{name:12} P {precision:.3} R {recall:.3}");
            }
            for line in measured.wrong {
                let _ = writeln!(out, "{line}");
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}
