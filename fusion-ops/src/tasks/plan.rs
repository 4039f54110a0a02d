//! From the text of `tasks.md` to a plan.

use fusion_core::coordination::Card;

use super::model::Plan;
use super::order::order;
use super::read::read;
use super::stated::stated;
use crate::markdown;

/// Reads the text of a `tasks.md`. Never fails: what is wrong stands in `problems`.
///
/// ```
/// use fusion_ops::tasks::{Why, plan};
///
/// let text = "## Phase 1: Setup\n- [x] T001 Create the project\n- [ ] T002 [P] Add a linter in `lint.toml` (depends on T001)\n";
/// let plan = plan(text);
/// assert_eq!(plan.tasks[1].files, ["lint.toml"]);
/// assert_eq!(plan.tasks[1].needs[0].id, "T001");
/// assert_eq!(plan.tasks[1].needs[0].why, Why::Stated);
/// ```
pub fn plan(text: &str) -> Plan {
    let page = markdown::read(text);
    let agents: Vec<String> = Card::known()
        .into_iter()
        .map(|card| card.name.trim_start_matches('@').to_lowercase())
        .collect();
    let mut reading = read(&page, &agents);
    let said = stated(&page, &reading);
    order(&mut reading, said);
    Plan { tasks: reading.tasks, phases: reading.phases, problems: reading.problems }
}
