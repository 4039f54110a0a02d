//! Tasks made of requirements, where nobody has written any.

use std::fmt::Write as _;

use super::model::State;
use super::plan::plan;
use crate::spec::{Kind, Requirement, Spec, Story, is_template};
use crate::words;

/// The longest words of a requirement that stand in the line of its task, in characters.
const LONGEST: usize = 120;

/// Writes a `tasks.md` of a specification: the requirements that no story names first, then a phase for each story with those that
/// it names and a task that tries its scenarios. `components` are the names and the `tasks.md` of what is installed: their open
/// tasks come before all others. None when there is nothing to do.
///
/// ```
/// use fusion_ops::{spec, tasks};
///
/// let spec = spec::read("# Login\n\n## Requirements\n- **FR-001**: Users MUST be able to sign in\n");
/// let text = tasks::derive(&spec, &[]).unwrap();
/// assert_eq!(tasks::plan(&text).tasks[0].requirements, ["FR-001"]);
/// ```
pub fn derive(spec: &Spec, components: &[(String, String)]) -> Option<String> {
    let title = if spec.title.is_empty() { "the specification" } else { &spec.title };
    let mut maker = Maker { text: String::new(), tasks: 0, phases: 0 };
    let _ = writeln!(maker.text, "# Tasks: {}\n", plain(title));
    let _ = writeln!(
        maker.text,
        "Made of the requirements by `fusion spec plan`: change them as you like."
    );
    for (name, text) in components {
        maker.component(name, text);
    }
    let wanted: Vec<&Requirement> = spec
        .requirements
        .iter()
        .filter(|one| {
            one.kind == Kind::Functional && !one.text.is_empty() && !is_template(&one.text)
        })
        .collect();
    let (own, common): (Vec<&Requirement>, Vec<&Requirement>) = wanted
        .iter()
        .partition(|one| spec.stories.iter().any(|story| story.requirements.contains(&one.id)));
    if !common.is_empty() {
        maker.phase("Requirements");
        for one in common {
            maker.requirement(one, "");
        }
    }
    let mut taken: Vec<&str> = Vec::new();
    for story in spec.stories.iter().filter(|story| !is_template(&story.title)) {
        let mine: Vec<&Requirement> = own
            .iter()
            .copied()
            .filter(|one| story.requirements.contains(&one.id) && !taken.contains(&one.id.as_str()))
            .collect();
        taken.extend(mine.iter().map(|one| one.id.as_str()));
        maker.story(story, &mine);
    }
    (maker.tasks > 0).then_some(maker.text)
}

struct Maker {
    text: String,
    tasks: usize,
    phases: usize,
}

impl Maker {
    // Writing to a string cannot fail.
    fn phase(&mut self, name: &str) {
        self.phases += 1;
        let _ = writeln!(self.text, "\n## Phase {}: {name}\n", self.phases);
    }

    fn line(&mut self, rest: &str) {
        self.tasks += 1;
        let _ = writeln!(self.text, "- [ ] T{:03} {rest}", self.tasks);
    }

    fn requirement(&mut self, one: &Requirement, mark: &str) {
        self.line(&format!("{mark}{} ({})", short(&one.text), one.id));
    }

    fn story(&mut self, story: &Story, requirements: &[&Requirement]) {
        if requirements.is_empty() && story.scenarios.is_empty() {
            return;
        }
        let number = story.id.trim_start_matches("US");
        self.phase(&format!("User Story {number} - {}", short(&story.title)));
        let mark = format!("[{}] ", story.id);
        for one in requirements {
            self.requirement(one, &mark);
        }
        if story.scenarios.is_empty() {
            return;
        }
        let ids: Vec<&str> = requirements.iter().map(|one| one.id.as_str()).collect();
        let ids = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
        self.line(&format!("{mark}Test every scenario of {}{ids}", short(&story.title)));
    }

    fn component(&mut self, name: &str, text: &str) {
        let plan = plan(text);
        let open: Vec<_> = plan.tasks.iter().filter(|task| task.state == State::Open).collect();
        if open.is_empty() {
            return;
        }
        self.phase(&format!("Component {}", short(name)));
        for task in open {
            self.line(&short(&task.title));
        }
    }
}

/// Words that fit into the line of a task, and in which nothing is an id of another requirement or task.
fn short(text: &str) -> String {
    let text = plain(text);
    let mut made = String::new();
    for word in text.split(' ') {
        let core = word.trim_matches(|sign: char| !sign.is_ascii_alphanumeric());
        let number = core
            .strip_prefix('T')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        if number || !words::requirements(word).is_empty() {
            continue;
        }
        if made.chars().count() + word.chars().count() > LONGEST {
            made.push('…');
            break;
        }
        if !made.is_empty() {
            made.push(' ');
        }
        made.push_str(word);
    }
    made
}

/// One line without marks that mean something in a list of tasks.
fn plain(text: &str) -> String {
    let fits = |sign: char| !sign.is_control() && !"[]@`*~<>#|".contains(sign);
    let text: String = text.chars().map(|sign| if fits(sign) { sign } else { ' ' }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec;

    const SPEC: &str = "# Blog\n\n### User Story 1 - Write (Priority: P1)\n\nCovers FR-002.\n\n1. **Given** a, **When** b, **Then** c\n\n\
                        ## Requirements\n- **FR-001**: System MUST keep posts, see FR-002 and T007\n- **FR-002**: [x] @claude MUST write\n- **SC-001**: fast\n";

    #[test]
    fn requirements_become_tasks() {
        let text = derive(
            &spec::read(SPEC),
            &[("auth".into(), "- [ ] T001 Add sign-in in src/a.py\n- [x] T002 Done\n".into())],
        )
        .unwrap();
        let plan = plan(&text);
        assert!(plan.problems.is_empty(), "{:?}", plan.problems);
        let told: Vec<(&str, &str)> =
            plan.tasks.iter().map(|task| (task.id.as_str(), task.title.as_str())).collect();
        assert_eq!(told.len(), 4, "{text}");
        assert_eq!(plan.tasks[0].files, ["src/a.py"]);
        assert_eq!(plan.tasks[1].requirements, ["FR-001"]);
        assert_eq!(plan.tasks[2].requirements, ["FR-002"]);
        assert_eq!(plan.tasks[2].agent, None);
        assert_eq!(plan.tasks[3].stories, ["US1"]);
        assert_eq!(plan.tasks[1].needs[0].id, "T001");
        assert!(derive(&spec::read("# Nothing"), &[]).is_none());
        let template = "# A\n\n### User Story 1 - [What somebody can do] (Priority: P1)\n\n1. **Given** [a], **When** [b], **Then** [c]\n\n\
                        ## Requirements\n\n- **FR-001**: [Who] MUST be able to [do what]\n";
        assert!(derive(&spec::read(template), &[]).is_none(), "nothing is written yet");
    }

    proptest! {
        #[test]
        fn every_requirement_has_one_task(texts in prop::collection::vec("[ -~é]{1,60}", 1..8)) {
            let mut page = "# A\n\n## Requirements\n\n".to_owned();
            for (at, text) in texts.iter().enumerate() {
                let text = text.replace(['<', '`'], " ");
                let _ = writeln!(page, "- **FR-{at:03}**: x{text}");
            }
            let spec = spec::read(&page);
            let text = derive(&spec, &[]).unwrap();
            let plan = plan(&text);
            prop_assert_eq!(plan.tasks.len(), spec.requirements.len());
            for (task, one) in plan.tasks.iter().zip(&spec.requirements) {
                prop_assert_eq!(&task.requirements, std::slice::from_ref(&one.id));
            }
        }
    }
}
