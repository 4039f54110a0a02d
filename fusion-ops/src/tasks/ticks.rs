//! Boxes of `tasks.md`, set without touching anything else.

use super::model::{Plan, State};

/// Sets the boxes of tasks, by id, and gives the text with nothing else changed; a task that has no box, and states that a box
/// cannot show, are left as they are.
///
/// ```
/// use fusion_ops::tasks::{State, plan, tick};
///
/// let text = "- [ ] T001 Write it\n- [x] T002 Try it\n";
/// let set = tick(text, &plan(text), &|id| (id == "T001").then_some(State::Done));
/// assert_eq!(set, "- [x] T001 Write it\n- [x] T002 Try it\n");
/// ```
pub fn tick(text: &str, plan: &Plan, wanted: &dyn Fn(&str) -> Option<State>) -> String {
    let sign = if text.contains("[X]") && !text.contains("[x]") { 'X' } else { 'x' };
    let mut tasks = plan.tasks.iter().peekable();
    let mut made = String::with_capacity(text.len());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let mut state = None;
        while let Some(task) = tasks.next_if(|task| task.line <= number) {
            if task.line == number {
                state = wanted(&task.id).filter(|state| *state != task.state);
            }
        }
        let mark = match state {
            Some(State::Done) => Some(sign),
            Some(State::Open) => Some(' '),
            Some(State::Deferred) => Some('-'),
            Some(State::Cancelled) | None => None,
        };
        match mark.zip(place(line)) {
            Some((mark, at)) => {
                made.push_str(line.get(..at).unwrap_or_default());
                made.push(mark);
                made.push_str(line.get(at + 1..).unwrap_or_default());
            }
            None => made.push_str(line),
        }
    }
    made
}

/// Where the sign in the first box of a line stands.
fn place(line: &str) -> Option<usize> {
    line.match_indices('[').map(|(at, _)| at + 1).find(|at| {
        let sign = line.get(*at..at + 2).unwrap_or_default();
        [" ]", "x]", "X]", "-]", "~]", "/]", ">]"].contains(&sign)
    })
}
