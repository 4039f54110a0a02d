//! `build.yaml`: what proves that tasks are done, and what a build must reach.

use std::collections::BTreeMap;

use fusion_core::error::{Code, Error, Place, Result, nearest};
use fusion_core::graph::{duration, file};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rules::Rules;
use crate::yaml::Spots;

/// How often an agent tries a task unless it is said.
const ATTEMPTS: u32 = 3;
/// The most attempts of an agent.
pub(super) const MOST_ATTEMPTS: u32 = 20;
/// The most checks of a file.
pub(super) const MOST_CHECKS: usize = 1_000;
/// How long a check takes at most unless it is said, in milliseconds.
const TIMEOUT_MS: u64 = 120_000;

/// A question to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where: `http://127.0.0.1:8000/posts`. Only `http`.
    pub url: String,
    /// The status that must come.
    #[serde(default = "ok")]
    pub status: u16,
    /// What must stand in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The program that is the service: started for the check, ended after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serve: Vec<String>,
}

fn ok() -> u16 {
    200
}

/// Which of the project's own tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// Only this suite, by its name in `fusion test --list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// How often what failed is run again; what passes then counts.
    #[serde(default)]
    pub retries: u32,
}

/// What is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A command that must end with 0.
    Command(Vec<String>),
    /// A service that must answer.
    Http(Http),
    /// A file that must fit a JSON Schema.
    Schema {
        /// The file, in the workspace.
        file: String,
        /// The schema, in the workspace.
        schema: String,
    },
    /// The project's own tests, which must be there and pass; how they are run is found out when it is checked.
    Tests(Tests),
}

/// A check that a person has written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked.
    pub what: What,
    /// The task that it proves; it is made after each attempt of that task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The requirement that it proves, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// The user story that it proves, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
}

/// What a build must reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// The share of requirements that are proved, 0 to 1.
    pub coverage: f64,
    /// The share of tasks that succeeded, 0 to 1.
    pub success: f64,
    /// Whether placeholders are allowed in the files that tasks name.
    pub placeholders: bool,
    /// Stories and requirements every check of which must hold, and that must have one.
    pub critical: Vec<String>,
    /// Whether the syntax of files is checked.
    pub syntax: bool,
    /// Whether the project's own tests must be there and pass.
    pub tests: bool,
    /// Whether every requirement must have a task or a check.
    pub every: bool,
    /// Whether each requirement that says MUST is critical.
    pub must: bool,
    /// Whether the checks that components bring must hold.
    pub components: bool,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            coverage: 0.8,
            success: 0.9,
            placeholders: false,
            critical: Vec::new(),
            syntax: true,
            tests: false,
            every: false,
            must: false,
            components: false,
        }
    }
}

/// A `build.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// How often each agent tries a task.
    pub attempts: u32,
    /// The checks.
    pub checks: Vec<Check>,
    /// What must be reached.
    pub gates: Gates,
    /// The files that must be there before a task begins, by its id.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// Programs that agents without a command line of their own may run: `python3`, `npm test`.
    pub commands: Vec<String>,
    /// Which rules count beside those of an agent's kind.
    #[serde(skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            attempts: ATTEMPTS,
            checks: Vec::new(),
            gates: Gates::default(),
            inputs: BTreeMap::new(),
            commands: Vec::new(),
            rules: Rules::default(),
        }
    }
}

/// What may stand in the file.
const KEYS: [&str; 7] = ["build", "attempts", "checks", "gates", "inputs", "commands", "rules"];
/// What may stand in a check.
const CHECK: [&str; 9] =
    ["task", "requirement", "story", "command", "http", "tests", "schema", "file", "timeout"];
/// What may stand in the gates.
const GATES: [&str; 9] = [
    "coverage",
    "success",
    "placeholders",
    "critical",
    "syntax",
    "tests",
    "every",
    "must",
    "components",
];

impl Settings {
    /// Reads the text of a `build.yaml`; `file` is its name in errors.
    ///
    /// ```
    /// use fusion_ops::check::Settings;
    ///
    /// let text = "build: 1\nchecks: [{ task: T001, command: [python3, -m, unittest] }]\ngates: { coverage: 0.9 }\n";
    /// let settings = Settings::parse(text, "build.yaml").unwrap();
    /// assert_eq!(settings.checks[0].task.as_deref(), Some("T001"));
    /// let error = Settings::parse("build: 1\ncheks: []\n", "build.yaml").unwrap_err();
    /// assert_eq!(error.hint_text(), Some("did you mean `checks`?"));
    /// ```
    ///
    /// # Errors
    /// All that is wrong at once, each with its place: `FU0203`, `FU0204`; `FU0106`, `FU0202` and `FU0208` for texts that are no YAML.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        Self::parse_over(text, file, Self::default())
    }

    /// Reads the text of a `build.yaml` over settings that count where it says nothing, such as those of a project's mode.
    ///
    /// # Errors
    /// As [`Settings::parse`].
    pub fn parse_over(text: &str, file: &str, beneath: Self) -> Result<Self> {
        let value = file::value(text, file)?;
        let mut reader = Reader { spots: Spots::of(text), file, errors: Vec::new() };
        let settings = reader.settings(&value, beneath);
        Error::join(reader.errors).map_or(Ok(settings), Err)
    }

    /// Gives the checks of a task.
    pub fn of_task(&self, id: &str) -> Vec<Check> {
        let is_its = |check: &&Check| check.task.as_deref() == Some(id);
        self.checks.iter().filter(is_its).cloned().collect()
    }

    /// Gives the checks that are made at the end.
    pub fn at_end(&self) -> Vec<Check> {
        self.checks.iter().filter(|check| check.task.is_none()).cloned().collect()
    }
}

/// Reads gates; what is not said is as it was.
fn over(beneath: &Gates, said: &Value) -> serde_json::Result<Gates> {
    let mut all = serde_json::to_value(beneath)?;
    match (all.as_object_mut(), said) {
        (Some(all), Value::Object(said)) => {
            all.extend(said.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        _ => all = said.clone(),
    }
    serde_json::from_value(all)
}

/// Reads a file, and keeps what is wrong with it.
pub(super) struct Reader<'a> {
    spots: Spots,
    file: &'a str,
    errors: Vec<Error>,
}

impl Reader<'_> {
    fn settings(&mut self, value: &Value, beneath: Settings) -> Settings {
        let mut settings = beneath;
        let Some(map) = self.keys(value, &KEYS, "") else { return settings };
        if map.get("build").and_then(Value::as_u64) != Some(1) {
            self.wrong("/build", "`build` must be 1, the version of the form");
        }
        if let Some(value) = map.get("attempts") {
            match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
                Some(attempts) if (1..=MOST_ATTEMPTS).contains(&attempts) => {
                    settings.attempts = attempts;
                }
                _ => self.wrong("/attempts", &format!("`attempts` is 1 to {MOST_ATTEMPTS}")),
            }
        }
        if let Some(value) = map.get("commands") {
            settings.commands = self.texts(value, "/commands");
        }
        if let Some(value) = map.get("rules") {
            settings.rules = self.rules(value);
        }
        if let Some(value) = map.get("inputs") {
            match value.as_object() {
                None => self
                    .wrong("/inputs", "`inputs` is a map: the files that a task needs, by its id"),
                Some(inputs) => {
                    for (id, value) in inputs {
                        let files =
                            self.texts(value, &format!("/inputs/{}", crate::yaml::escaped(id)));
                        settings.inputs.insert(id.clone(), files);
                    }
                }
            }
        }
        if let Some(value) = map.get("gates") {
            self.keys(value, &GATES, "/gates");
            match over(&settings.gates, value) {
                Ok(gates)
                    if [gates.coverage, gates.success].iter().all(|n| (0.0..=1.0).contains(n)) =>
                {
                    settings.gates = gates;
                }
                Ok(_) => self.wrong("/gates", "`coverage` and `success` are 0 to 1"),
                Err(why) => self.wrong("/gates", &format!("`gates`: {why}")),
            }
        }
        let list = map.get("checks").map(|value| value.as_array().map_or(&[][..], Vec::as_slice));
        if map.get("checks").is_some_and(|value| !value.is_array() && !value.is_null()) {
            self.wrong("/checks", "`checks` must be a list");
        }
        for (at, value) in list.unwrap_or_default().iter().enumerate().take(MOST_CHECKS) {
            settings.checks.extend(self.check(value, &format!("/checks/{at}")));
        }
        settings
    }

    fn check(&mut self, value: &Value, path: &str) -> Option<Check> {
        let map = self.keys(value, &CHECK, path)?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut found = Vec::new();
        if let Some(value) = map.get("command") {
            let argv = self.texts(value, &format!("{path}/command"));
            if argv.is_empty() {
                self.wrong(&format!("{path}/command"), "`command` is a program with its arguments");
            }
            found.push(What::Command(argv));
        }
        if let Some(value) = map.get("http") {
            match serde_json::from_value::<Http>(value.clone()) {
                Ok(http) if http.url.starts_with("http://") => found.push(What::Http(http)),
                Ok(_) => self.wrong(&format!("{path}/http"), "`url` begins with `http://`"),
                Err(why) => self.wrong(&format!("{path}/http"), &format!("`http`: {why}")),
            }
        }
        if let Some(value) = map.get("tests") {
            match value {
                Value::Bool(true) => found.push(What::Tests(Tests::default())),
                Value::Object(_) => match serde_json::from_value::<Tests>(value.clone()) {
                    Ok(tests) if tests.retries <= MOST_ATTEMPTS => found.push(What::Tests(tests)),
                    Ok(_) => self.wrong(&format!("{path}/tests"), "`retries` is 0 to 20"),
                    Err(why) => self.wrong(&format!("{path}/tests"), &format!("`tests`: {why}")),
                },
                _ => self.wrong(
                    &format!("{path}/tests"),
                    "`tests` is true, or `{ suite: NAME, retries: N }`",
                ),
            }
        }
        match (text("schema"), text("file")) {
            (Some(schema), Some(file)) => found.push(What::Schema { file, schema }),
            (None, None) => {}
            _ => self.wrong(path, "`schema` and `file` stand together: the file fits the schema"),
        }
        let timeout_ms = match text("timeout").map(|text| duration::parse_ms(&text)) {
            None => TIMEOUT_MS,
            Some(Ok(ms)) => ms,
            Some(Err(why)) => {
                self.wrong(&format!("{path}/timeout"), &why);
                TIMEOUT_MS
            }
        };
        let (task, requirement, story) = (text("task"), text("requirement"), text("story"));
        if [&task, &requirement, &story].iter().filter(|one| one.is_some()).count() > 1 {
            self.wrong(path, "a check is of a task, a requirement or a story: name one");
        }
        if found.len() != 1 {
            self.wrong(
                path,
                "a check has one of `command`, `http`, `tests`, and `schema` with `file`",
            );
            return None;
        }
        let what = found.pop()?;
        Some(Check { what, task, requirement, story, timeout_ms })
    }

    pub(super) fn keys<'v>(
        &mut self,
        value: &'v Value,
        known: &[&str],
        path: &str,
    ) -> Option<&'v Map<String, Value>> {
        let Some(map) = value.as_object() else {
            self.wrong(path, "this must be a map");
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = nearest::nearest(key, known.iter().copied());
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let hint = hint.unwrap_or_else(|| format!("known are {}", known.join(", ")));
            let error = Error::new(Code::UnknownKey, format!("`{key}` is not known here"));
            self.error(&format!("{path}/{}", crate::yaml::escaped(key)), error.hint(hint));
        }
        Some(map)
    }

    pub(super) fn texts(&mut self, value: &Value, path: &str) -> Vec<String> {
        let word = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let list =
            value.as_array().and_then(|list| list.iter().map(word).collect::<Option<Vec<_>>>());
        list.unwrap_or_else(|| {
            self.wrong(path, "this must be a list of texts");
            Vec::new()
        })
    }

    pub(super) fn wrong(&mut self, path: &str, message: &str) {
        self.error(path, Error::new(Code::WrongType, message));
    }

    pub(super) fn error(&mut self, path: &str, error: Error) {
        let (line, column) = self.spots.at(path);
        self.errors.push(error.at(Place { file: self.file.into(), line, column }));
    }
}
