//! Pages of specifications: read the same each time, boxes that go back to what they were, and a workflow that can be read.

use fusion_core::graph::file;
use fusion_ops::tasks::{State, plan, tick, workflow};
use fusion_ops::{spec, tasks};

use crate::shape::{Shape, magnitude};

/// Pieces of pages.
pub(crate) const WORDS: &[&str] = &[
    "# ",
    "## ",
    "### User Story 1 - A (Priority: P1)\n",
    "## Requirements\n",
    "## Out of Scope\n",
    "## Dependencies\n",
    "## Phase 2: B\n",
    "- **FR-001**: Users MUST ",
    "- **SC-001**: ",
    "1. **Given** a, **When** b, **Then** c\n",
    "- [ ] T001 ",
    "- [x] T002 [P] [US1] ",
    "- [-] T003 ",
    "- [ ] 1.2 ",
    "#### T-004: ",
    "| T005 | ",
    "|---|---|\n",
    "~~",
    "**",
    "`src/a.py`",
    "../up.py",
    ".github/a.yml",
    "{{ inputs.workspace }}",
    "{% if %}",
    "(depends on T001)",
    "depends on T099",
    "T001-T004",
    "T001 → T002",
    "blocks all user stories",
    "@claude ",
    "[NEEDS CLARIFICATION: x]",
    "<!-- ",
    " -->",
    "```\n",
    "\n",
    "\n\n",
    "\t",
    "    ",
    "> ",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{0}",
    "\r\n",
    "é",
    "✅",
];

/// The most of a page that is looked at, in bytes: a plan may take a time that grows with it.
const MOST: usize = 20_000;

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(0) };
    if text.len() > MOST {
        return Ok(0);
    }
    let mut shape = Shape::new();
    let page = spec::read(text);
    shape.number(magnitude(page.requirements.len()));
    shape.number(magnitude(page.stories.len()));
    shape.number(magnitude(page.out_of_scope.len()));
    let read = plan(text);
    if plan(text) != read {
        return Err("it is planned in another way the second time".to_owned());
    }
    for task in &read.tasks {
        shape.words(&format!("{:?} {:?}", task.state, task.needs));
    }
    for problem in &read.problems {
        shape.words(&problem.message);
    }
    boxes(text)?;
    let texts = page.texts();
    if let Some(made) = workflow(&read, "page", &texts) {
        file::parse(&made, "w.yaml").map_err(|why| format!("its workflow: {why}\n{made}"))?;
    }
    if let Some(derived) = tasks::derive(&page, &[]) {
        let plan = plan(&derived);
        if let Some(problem) = plan.problems.first() {
            return Err(format!("of derived tasks: {}\n{derived}", problem.message));
        }
    }
    Ok(shape.value())
}

/// Sets all boxes, and puts them back.
fn boxes(text: &str) -> Result<(), String> {
    let read = plan(text);
    let state = |id: &str| read.tasks.iter().find(|task| task.id == id).map(|task| task.state);
    let same = tick(text, &read, &state);
    if same != text {
        return Err(format!("boxes that are set already change it: {same:?}"));
    }
    let done = tick(text, &read, &|_| Some(State::Done));
    let again = plan(&done);
    let ids =
        |plan: &tasks::Plan| plan.tasks.iter().map(|task| task.id.clone()).collect::<Vec<_>>();
    if ids(&again) != ids(&read) {
        return Err(format!("other tasks once they are done: {:?} {:?}", ids(&read), ids(&again)));
    }
    Ok(())
}
