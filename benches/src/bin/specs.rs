//! Specifications: 1,000 of 20 KB analysed, and a list of 2,000 tasks planned, on one core.

use std::fmt::Write as _;

use fusion_benches::figure::Figure;
use fusion_benches::meter::start;
use fusion_ops::analyze::Analyzer;
use fusion_ops::spec::Folder;
use fusion_ops::tasks::plan;

const SPECS: usize = 1_000;
const BYTES: usize = 20_000;
const TASKS: usize = 2_000;

/// What the requirements are made of; a number makes each line another one.
const LINES: [&str; 8] = [
    "Users MUST be able to sign in with an e-mail address and a password, and sessions expire after 30 minutes",
    "System MUST store orders, items and customers in PostgreSQL with a migration for each change of the schema",
    "The page for orders MUST show a table that can be searched and sorted, with a button for each row",
    "System MUST send a confirmation e-mail for every order and retry it from a queue when the provider fails",
    "Administrators MUST be able to lock accounts; every such action is written into the audit log",
    "Payments by credit card go through Stripe; refunds are out of scope for this release",
    "`GET /api/orders/{id}` MUST answer within 200 ms for 95 of 100 calls without a cache",
    "Reports MUST be exported as CSV and PDF, and the interface is translated into German and Italian",
];

fn main() {
    let specs: Vec<Folder> = (0..SPECS).map(spec).collect();
    let analyzer = Analyzer::new();
    let cost = start();
    let found: usize = specs.iter().map(|spec| analyzer.analyze(spec).components.len()).sum();
    let seconds = cost().cpu;
    assert!(found > SPECS, "hardly anything was found");
    Figure::new("1,000 specifications of 20 KB analysed", seconds, "s").target("< 2").say();
    let text = tasks();
    let cost = start();
    let planned = plan(&text);
    let seconds = cost().cpu;
    assert_eq!(planned.tasks.len(), TASKS);
    Figure::new("2,000 tasks planned", seconds * 1e3, "ms").target("< 100").say();
}

fn spec(number: usize) -> Folder {
    let mut text = format!("# Feature Specification: Shop {number}\n\n## Requirements\n\n");
    for line in 1.. {
        if text.len() >= BYTES {
            break;
        }
        let words = LINES.iter().cycle().nth(line + number).copied().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- **FR-{line:03}**: {words} (item {number}-{line}).");
    }
    Folder::of(format!("shop-{number}"), &[("spec.md", &text)])
}

fn tasks() -> String {
    let mut text = String::from("# Tasks\n");
    for task in 0..TASKS {
        if task % 100 == 0 {
            let _ = writeln!(text, "\n## Phase {}: Part\n", task / 100 + 1);
        }
        let file = task % 700;
        let _ = writeln!(text, "- [ ] T{task:04} [P] [US1] Write the model in src/part_{file}.py");
    }
    text.push_str("\n## Dependencies\n\n");
    for phase in 2..=TASKS / 100 {
        let _ = writeln!(text, "- Phase {phase}: depends on Phase {}", phase - 1);
    }
    for task in (10..TASKS).step_by(10) {
        let _ = writeln!(text, "- T{task:04} depends on T{:04}-T{:04}", task - 10, task - 1);
    }
    text
}
