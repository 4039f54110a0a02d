//! Specifications, read and checked.

use fusion_core::error::Code;
use proptest::prelude::*;

use super::*;

const SPEC: &str = "# Feature Specification: A blog

## User Scenarios

### User Story 1 - Write a post (Priority: P1)

Ada writes. It covers FR-001.

- NFR-001

1. **Given** no posts, **When** Ada writes one, **Then** it is listed.
2. Given a post,
   When she deletes it,
   Then it is gone.

### User Story 2 - Read (Priority: P2)

- **Given** a post, **when** a reader opens it, **then** its text is shown

## Requirements

- **FR-001**: Authors MUST be able to write posts.
- **FR-002**: System MUST keep posts [NEEDS CLARIFICATION: for how long?]
FR-001, FR-002 are the core.
- **NFR-001**: A page MUST come within 200 ms.

| id | what |
|----|------|
| SC-001 | Ten posts in a minute |

### Key Entities

- **Post**: title, text

## Out of Scope

- Comments

## Assumptions

- One author

## Review Checklist

- [ ] No [NEEDS CLARIFICATION: x] marks remain
";

#[test]
fn a_page_is_read() {
    let spec = read(SPEC);
    assert_eq!(spec.title, "A blog");
    let ids: Vec<(&str, usize, Kind)> =
        spec.requirements.iter().map(|one| (one.id.as_str(), one.line, one.kind)).collect();
    assert_eq!(
        ids,
        [
            ("FR-001", 22, Kind::Functional),
            ("FR-002", 23, Kind::Functional),
            ("NFR-001", 25, Kind::Quality),
            ("SC-001", 29, Kind::Success),
        ]
    );
    assert_eq!(spec.requirements[3].text, "Ten posts in a minute");
    let one = &spec.stories[0];
    assert_eq!((one.id.as_str(), one.title.as_str()), ("US1", "Write a post"));
    assert_eq!((one.priority.as_deref(), one.line), (Some("P1"), 5));
    assert_eq!(one.requirements, ["FR-001", "NFR-001"]);
    let lines: Vec<(usize, &str)> =
        one.scenarios.iter().map(|one| (one.line, one.then.as_str())).collect();
    assert_eq!(lines, [(11, "it is listed."), (12, "it is gone.")]);
    assert_eq!(spec.stories[1].scenarios[0].when, "a reader opens it");
    assert_eq!(spec.entities[0].text, "Post: title, text");
    assert_eq!(spec.out_of_scope[0].text, "Comments");
    assert_eq!(spec.assumptions[0].text, "One author");
    assert_eq!(spec.clarifications.len(), 1);
    assert_eq!(spec.clarifications[0].line, 23);
}

#[test]
fn what_is_wrong_has_a_line() {
    let spec = "# A\n\n### User Story 1 - X (P1)\n\nText.\n\n## Requirements\n\n- **FR-001**: One.\n- **FR-001**: Two.\n- **FR-003**:\n";
    let tasks = "## Phase 1\n- [ ] T001 Do it (FR-009)\n- [ ] T002 More (depends on T003)\n- [ ] T003 Else (depends on T002)\n";
    let folder = Folder::of(
        "x",
        &[("spec.md", spec), ("tasks.md", tasks), ("spec.yaml", "spec:\n  nam: x\n")],
    );
    let said: Vec<(String, usize, Severity)> =
        validate(&folder).into_iter().map(|one| (one.message, one.line, one.severity)).collect();
    let is = |message: &str, line: usize, severity: Severity| {
        assert!(said.contains(&(message.to_owned(), line, severity)), "{message}: {said:#?}");
    };
    is("FR-001 is already the id of line 9", 10, Severity::Error);
    is("FR-003 says nothing", 11, Severity::Error);
    is("US1 has no scenario: nobody can tell when it is done", 3, Severity::Error);
    is("T001 names FR-009, which spec.md does not have", 2, Severity::Error);
    is("`nam` is not known in `spec`", 2, Severity::Error);
    is("`stack` is missing in `spec`", 1, Severity::Error);
    assert!(said.iter().any(|one| one.0.contains("circle: T002")), "{said:#?}");
    assert_eq!(said.iter().filter(|one| one.0.contains("`name`")).count(), 0, "{said:#?}");
}

#[test]
fn a_task_may_name_what_a_component_requires() {
    let at = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = at.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let page = |id: &str| format!("# A\n\n## Requirements\n\n- **{id}**: Users MUST pay once\n");
    write("specs/001-a/spec.md", &page("FR-001"));
    write("specs/001-a/tasks.md", "- [ ] T001 Write pay.py (FR-001, FR-PAY-001, FR-PAY-009)\n");
    write("specs/components/payments/checkout/spec.md", &page("FR-PAY-001"));
    let folder = Folder::open(&at.path().join("specs/001-a")).unwrap();
    let errors = validate(&folder).into_iter().filter(|issue| issue.severity == Severity::Error);
    let errors: Vec<String> = errors.map(|issue| issue.message).collect();
    assert_eq!(errors, ["T001 names FR-PAY-009, which spec.md does not have"]);
}

#[test]
fn what_is_right_is_right() {
    let folder =
        Folder::of("x", &[("spec.md", SPEC), ("tasks.md", "- [ ] T001 [US1] Do (FR-001)\n")]);
    let issues = validate(&folder);
    let said: Vec<&str> = issues.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(said, ["still open: for how long?"]);
}

/// The sample of the plan that this form comes from.
const SAMPLE: &str = "spec:
  name: \"payment-processing\"
  type: \"feature\"
  stack:
    primary: \"python\"
    frontend: \"react\"
    database: \"postgresql\"
  requirements:
    - authentication
    - payment-gateway
    - notifications
    - testing
  components_needed:  # found
    - multiagent-testing
    - multiagent-auth
";

#[test]
fn a_short_form_is_read_and_written() {
    let spec = SpecFile::parse(SAMPLE, "spec.yaml").unwrap();
    assert_eq!(spec.stack.database.as_deref(), Some("postgresql"));
    assert_eq!(spec.requirements.len(), 4);
    assert_eq!(SpecFile::parse(&spec.text(), "spec.yaml").unwrap(), spec);
    let text = spec.text();
    assert_eq!(SpecFile::parse(&text, "spec.yaml").unwrap().text(), text);
}

#[test]
fn every_field_that_is_wrong_is_told_with_its_place() {
    let wrong = "spec:\n  name: x\n  typ: feature\n  stack:\n    primary: []\n    frontnd: react\n  requirements: one\n  owner: me\nmore: 1\n";
    let error = SpecFile::parse(wrong, "spec.yaml").unwrap_err();
    let said: Vec<(Code, usize, String)> = error
        .all()
        .map(|one| {
            let hint = one.hint_text().unwrap_or_default();
            (one.code(), one.place().unwrap().line, format!("{}|{hint}", one.message()))
        })
        .collect();
    let has = |code: Code, line: usize, text: &str| {
        assert!(
            said.iter().any(|one| one.0 == code && one.1 == line && one.2.contains(text)),
            "{text}: {said:#?}"
        );
    };
    has(Code::UnknownKey, 3, "did you mean `type`?");
    has(Code::UnknownKey, 6, "did you mean `frontend`?");
    has(Code::UnknownKey, 8, "known are name, type");
    has(Code::UnknownKey, 9, "`more` is not known in the file");
    has(Code::WrongType, 5, "`spec.stack.primary` must be a text");
    has(Code::WrongType, 7, "`spec.requirements` must be a list of texts");
    assert_eq!(said.len(), 6, "{said:#?}");
    assert_eq!(SpecFile::parse("a: [", "s").unwrap_err().code(), Code::Syntax);
}

#[test]
fn a_new_one_is_of_the_form() {
    let folder = tempfile::TempDir::new().unwrap();
    let first = create(&folder.path().join("specs"), "User Login!").unwrap();
    assert!(first.ends_with("specs/001-user-login"), "{}", first.display());
    let second = create(&folder.path().join("specs"), "More").unwrap();
    assert!(second.ends_with("002-more"));
    let read_back = Folder::open(&first).unwrap();
    let issues = validate(&read_back);
    assert!(issues.iter().all(|one| one.severity == Severity::Warning), "{issues:#?}");
    assert!(issues.iter().any(|one| one.message.contains("template")), "{issues:#?}");
    assert_eq!(read(read_back.text("spec.md").unwrap()).stories[0].scenarios.len(), 1);
    assert_eq!(create(folder.path(), "!!!").unwrap_err().code(), Code::InvalidInput);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(?s).{0,400}") {
        let _ = read(&text);
        let _ = SpecFile::parse(&text, "spec.yaml");
    }

    #[test]
    fn pieces_of_the_form_are_read(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "# A\n", "### User Story 1 - X (P1)\n", "**Given** a ", "**When** b ", "**Then** c\n", "- **FR-001**: x\n",
            "- FR-002\n", "| a | b |\n|--|--|\n", "[NEEDS CLARIFICATION: ", "]", "\u{1b}[2J", "é", "```\n", "> ", "\n\n", "## Out of Scope\n",
        ]), 0..60)) {
        let text = pieces.concat();
        let spec = read(&text);
        let lines = text.split('\n').count();
        prop_assert!(spec.requirements.iter().all(|one| (1..=lines).contains(&one.line)));
        let wild = |one: &Requirement| one.text.contains(char::from(27));
        prop_assert!(!spec.requirements.iter().any(wild));
    }

    #[test]
    fn a_short_form_survives(name in ".{1,30}", list in prop::collection::vec(".{1,20}", 0..5), database in prop::option::of("[a-z]{1,9}")) {
        prop_assume!(!name.trim().is_empty() && list.iter().all(|one| !one.trim().is_empty()));
        let stack = Stack { primary: "python".into(), frontend: None, database };
        let spec = SpecFile { name, kind: "feature".into(), stack, requirements: list, components_needed: Vec::new() };
        prop_assert_eq!(SpecFile::parse(&spec.text(), "spec.yaml").unwrap(), spec);
    }
}
