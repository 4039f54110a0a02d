//! A dialect: how a program is called, and what its lines mean. Data, not code.

use std::collections::BTreeMap;

use fusion_core::model::chat::FaultKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The form that this program reads.
const FORM: u32 = 1;

/// How a command-line agent is called, and what its output means, as JSON: `NAME.json` in a folder of [`Dialects`](super::Dialects).
///
/// A program that reads the question and writes the answer needs no more than this:
///
/// ```json
/// {"dialect": 1, "name": "local", "argv": ["llm", ["--model", "{model}"]]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// The form of the description: 1.
    pub dialect: u32,
    /// What `command:NAME` refers to.
    pub name: String,
    /// What it is, in some words.
    #[serde(default)]
    pub about: String,
    /// The command that installs it.
    #[serde(default)]
    pub install: String,
    /// How one logs in.
    #[serde(default)]
    pub login: String,
    /// The program and its arguments. `{prompt}`, `{model}`, `{system}`, `{schema}`, `{schema_file}` and `{session}` are filled
    /// in, `{mode}` and `{alone}` become the words of below; what holds an empty one is left out, a list as a whole. Without
    /// `{prompt}` the question comes on standard input.
    pub argv: Vec<Words>,
    /// The words of `{alone}`: for questions of which nothing shall be kept.
    #[serde(default)]
    pub alone: Vec<String>,
    /// What it may do, by mode; empty for a program that knows no modes.
    #[serde(default)]
    pub modes: BTreeMap<Mode, More>,
    /// Variables that it gets.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The variables of ours that are handed on if they are set. Their values are hidden in all that the program says.
    #[serde(default)]
    pub keys: Vec<String>,
    /// A home folder of its own; it gets that of the user without it.
    #[serde(default)]
    pub home: Option<Home>,
    /// What it writes on standard output.
    #[serde(default)]
    pub output: Form,
    /// What its events mean. Every rule that fits counts.
    #[serde(default)]
    pub events: Vec<Rule>,
    /// Words of its complaints that tell a class, before those that everybody uses.
    #[serde(default)]
    pub faults: BTreeMap<FaultKind, Vec<String>>,
    /// Classes of exit codes.
    #[serde(default)]
    pub exits: BTreeMap<i32, FaultKind>,
}

/// A word of a command, or several that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// One.
    One(String),
    /// Several, all of which are there or none.
    All(Vec<String>),
}

/// What a program may do in its workspace.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It reads.
    #[default]
    ReadOnly,
    /// It changes files, and runs no programs unless its own settings allow them.
    Edit,
    /// It does what it likes with the rights of the user.
    Full,
}

impl Mode {
    /// Gives its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Edit => "edit",
            Self::Full => "full",
        }
    }
}

/// What a mode adds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct More {
    /// The words of `{mode}`.
    pub argv: Vec<String>,
    /// Variables.
    pub env: BTreeMap<String, String>,
}

/// A home folder of the program's own, made for each call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Home {
    /// Only when one of these variables is handed on; always when there are none.
    #[serde(default)]
    pub with: Vec<String>,
    /// The files in it, as JSON.
    #[serde(default)]
    pub files: BTreeMap<String, Value>,
}

/// What a program writes on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The answer and nothing else.
    #[default]
    Text,
    /// One event, or a list of them, as one piece of JSON.
    Json,
    /// An event a line, as JSON.
    Lines,
}

/// What an event means. All but tests are JSON pointers (RFC 6901) into the event, or into the item of `each`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// It fits events with these values; a value that is missing is `null`.
    pub when: BTreeMap<String, Test>,
    /// A list in the event, each of whose items counts.
    pub each: String,
    /// It fits items with these values.
    pub of: BTreeMap<String, Test>,
    /// More of the text.
    pub delta: String,
    /// A whole message, also when it came in pieces before.
    pub text: String,
    /// The answer in the end.
    pub answer: String,
    /// The answer that keeps to the schema.
    pub structured: String,
    /// More of the reasoning.
    pub reasoning: String,
    /// The name of a tool that it uses.
    pub tool: String,
    /// What the tool is given.
    pub input: String,
    /// The name of the session.
    pub session: String,
    /// The model.
    pub model: String,
    /// What went wrong: the call has failed.
    pub error: String,
    /// The HTTP status of that.
    pub status: String,
    /// The tokens.
    pub usage: Option<Counts>,
    /// What it cost, in US dollars.
    pub cost: String,
    /// Tokens and cost are those of a part: they add up.
    pub adds: bool,
    /// Nothing more comes. A program for which no rule says so has ended when it ends.
    pub end: bool,
}

/// Where the numbers of tokens are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counts {
    /// All that was read: a sum.
    pub input: Vec<String>,
    /// All that was written: a sum.
    pub output: Vec<String>,
    /// Of the input, what came from a cache.
    pub cached_read: String,
    /// Of the input, what went into one.
    pub cached_write: String,
    /// Of the output, what was reasoning.
    pub reasoning: String,
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Test {
    /// A text that begins so.
    Starts {
        /// The beginning.
        starts: String,
    },
    /// Anything but this.
    Not {
        /// What it may not be.
        not: Value,
    },
    /// This.
    Is(Value),
}

impl Test {
    /// Tells whether a value passes.
    pub(super) fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Starts { starts } => value.as_str().is_some_and(|text| text.starts_with(starts)),
            Self::Not { not } => value != not,
            Self::Is(wanted) => value == wanted,
        }
    }
}

impl Dialect {
    /// Reads a description.
    ///
    /// # Errors
    /// One sentence that says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        read.check()?;
        Ok(read)
    }

    /// Describes a program that reads a question and writes the answer as plain text: `my-agent --ask {prompt}`. Quotes keep
    /// words together; no shell reads them.
    ///
    /// # Errors
    /// One sentence, when there is no program or a quote is left open.
    pub fn of_template(text: &str) -> Result<Self, String> {
        let mut words = super::words::split(text)?;
        let first = words.first().map_or("", String::as_str);
        let name = first.rsplit('/').next().unwrap_or(first).to_owned();
        // It runs in another folder than the one in which it was named.
        if let Some(program) = words.first_mut().filter(|word| word.starts_with('.'))
            && let Ok(path) = std::path::absolute(&*program)
        {
            *program = path.to_string_lossy().into_owned();
        }
        let made = Self {
            dialect: FORM,
            name,
            about: String::new(),
            install: String::new(),
            login: String::new(),
            argv: words.into_iter().map(Words::One).collect(),
            alone: Vec::new(),
            modes: BTreeMap::new(),
            env: BTreeMap::new(),
            keys: Vec::new(),
            home: None,
            output: Form::Text,
            events: Vec::new(),
            faults: BTreeMap::new(),
            exits: BTreeMap::new(),
        };
        made.check()?;
        Ok(made)
    }

    /// Gives the program.
    pub fn program(&self) -> &str {
        match self.argv.first() {
            Some(Words::One(word)) => word,
            _ => "",
        }
    }

    /// Tells whether a word such as `{model}` stands somewhere in the command.
    pub(super) fn takes(&self, what: &str) -> bool {
        self.argv.iter().any(|words| match words {
            Words::One(word) => word.contains(what),
            Words::All(words) => words.iter().any(|word| word.contains(what)),
        })
    }

    /// Tells whether its events say that nothing more comes.
    pub(super) fn says_end(&self) -> bool {
        self.events.iter().any(|rule| rule.end)
    }

    fn check(&self) -> Result<(), String> {
        if self.dialect != FORM {
            return Err(format!("its form is {}, and this program reads {FORM}", self.dialect));
        }
        let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("`{}` is no name: use A-Za-z0-9, `-`, `_` and `.`", self.name));
        }
        if self.program().is_empty() || self.program().contains('{') {
            return Err("`argv` has to begin with the program".to_owned());
        }
        if self.output == Form::Text && !self.events.is_empty() {
            return Err("text has no events: `output` is `lines` or `json`".to_owned());
        }
        if self.output != Form::Text && self.events.is_empty() {
            return Err("`events` has to say what its output means".to_owned());
        }
        let homes = self.home.iter().flat_map(|home| home.files.keys());
        match homes.map(String::as_str).find(|file| !super::room::stays(file)) {
            Some(file) => Err(format!("the file `{file}` is not in its home")),
            None => Ok(()),
        }
    }
}
