//! `spec.yaml`: a specification in a few words.

use fusion_core::error::{Code, Error, Place, Result, nearest};
use fusion_core::graph::file;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::yaml::{Spots, escaped};

/// The languages and products that it is built with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The main language.
    pub primary: String,
    /// What the screens are made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontend: Option<String>,
    /// Where data is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// A specification in a few words: the `spec` of a `spec.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecFile {
    /// What it is called.
    pub name: String,
    /// What it is: `feature`, `fix`, `service`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is built with.
    pub stack: Stack,
    /// What is required, a word each: `authentication`.
    pub requirements: Vec<String>,
    /// The components that it needs.
    #[serde(default)]
    pub components_needed: Vec<String>,
}

/// What a value is.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    Map(&'static [Field]),
}

/// A field: its name, what it is, whether it must be there, what it is for.
type Field = (&'static str, Shape, bool, &'static str);

const STACK: &[Field] = &[
    ("primary", Shape::Text, true, "The main language: `python`"),
    ("frontend", Shape::Text, false, "What the screens are made with: `react`"),
    ("database", Shape::Text, false, "Where data is kept: `postgresql`"),
];
const SPEC: &[Field] = &[
    ("name", Shape::Text, true, "What it is called"),
    ("type", Shape::Text, true, "What it is: `feature`, `fix`, `service`"),
    ("stack", Shape::Map(STACK), true, "What it is built with"),
    ("requirements", Shape::Texts, true, "What is required, a word each: `authentication`"),
    ("components_needed", Shape::Texts, false, "The components that it needs"),
];
const FILE: &[Field] = &[("spec", Shape::Map(SPEC), true, "The specification")];

impl SpecFile {
    /// Reads the text of a `spec.yaml`; `file` is its name in errors.
    ///
    /// ```
    /// use fusion_ops::spec::SpecFile;
    ///
    /// let text = "spec:\n  name: shop\n  type: feature\n  stack: { primary: python }\n  requirement: [auth]\n";
    /// let error = SpecFile::parse(text, "spec.yaml").unwrap_err();
    /// let said: Vec<&str> = error.all().map(|one| one.message()).collect();
    /// assert_eq!(said, ["`requirement` is not known in `spec`"]);
    /// assert_eq!(error.hint_text(), Some("did you mean `requirements`?"));
    /// ```
    ///
    /// # Errors
    /// All that is wrong at once, each with its place: `FU0203` for fields that are not known, `FU0204` for those that are missing
    /// or of another type; `FU0106`, `FU0202` and `FU0208` for texts that are no YAML.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let value = file::value(text, file)?;
        let mut check = Check { spots: Spots::of(text), file, errors: Vec::new() };
        check.map(&value, FILE, "");
        if let Some(error) = Error::join(check.errors) {
            return Err(error);
        }
        let spec = value.get("spec").cloned().unwrap_or_default();
        serde_json::from_value(spec).map_err(|why| {
            Error::new(Code::WrongType, format!("{file} is no specification")).because(why)
        })
    }

    /// Writes it: read again it is the same.
    pub fn text(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let mut made = format!(
            "spec:\n  name: {}\n  type: {}\n  stack:\n    primary: {}\n",
            quoted(&self.name),
            quoted(&self.kind),
            quoted(&self.stack.primary)
        );
        let optional = |name: &str, value: &Option<String>| {
            let line = |value: &String| format!("    {name}: {}\n", quoted(value));
            value.as_ref().map(line).unwrap_or_default()
        };
        made += &optional("frontend", &self.stack.frontend);
        made += &optional("database", &self.stack.database);
        let list = |name: &str, list: &[String]| {
            let items: String =
                list.iter().map(|item| ["    - ", &quoted(item), "\n"].concat()).collect();
            if list.is_empty() { format!("  {name}: []\n") } else { format!("  {name}:\n{items}") }
        };
        made += &list("requirements", &self.requirements);
        made += &list("components_needed", &self.components_needed);
        made
    }

    /// Gives the JSON Schema of `spec.yaml`.
    pub fn schema() -> Value {
        let mut schema = described(Shape::Map(FILE), "");
        if let Some(map) = schema.as_object_mut() {
            map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
            map.insert("title".to_owned(), json!("Fusion specification (spec.yaml)"));
        }
        schema
    }
}

fn described(shape: Shape, what: &str) -> Value {
    let mut made = match shape {
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Texts => json!({"type": "array", "items": {"type": "string", "minLength": 1}}),
        Shape::Map(fields) => {
            let one =
                |(name, shape, _, what): &Field| ((*name).to_owned(), described(*shape, what));
            let properties: Map<String, Value> = fields.iter().map(one).collect();
            let required: Vec<&str> =
                fields.iter().filter(|field| field.2).map(|field| field.0).collect();
            json!({
                "type": "object", "properties": properties, "required": required,
                "additionalProperties": false,
            })
        }
    };
    if let (Some(map), false) = (made.as_object_mut(), what.is_empty()) {
        map.insert("description".to_owned(), json!(what));
    }
    made
}

struct Check<'a> {
    spots: Spots,
    file: &'a str,
    errors: Vec<Error>,
}

impl Check<'_> {
    fn map(&mut self, value: &Value, fields: &[Field], path: &str) {
        let Some(map) = value.as_object() else {
            return self.wrong(path, "a map");
        };
        let within = path.rsplit('/').next().unwrap_or_default();
        let within = if within.is_empty() { "the file".to_owned() } else { format!("`{within}`") };
        let names = || fields.iter().map(|field| field.0);
        let mut meant: Vec<&str> = Vec::new();
        for key in map.keys().filter(|key| names().all(|name| name != *key)) {
            let message = format!("`{key}` is not known in {within}");
            let near = nearest::nearest(key, names().filter(|name| !map.contains_key(*name)));
            let hint = match near {
                Some(near) => {
                    meant.extend(names().find(|name| *name == near));
                    format!("did you mean `{near}`?")
                }
                None => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
            };
            let error = Error::new(Code::UnknownKey, message).hint(hint);
            self.error(&format!("{path}/{}", escaped(key)), error);
        }
        for (name, shape, required, what) in fields {
            match map.get(*name) {
                Some(value) => self.value(value, *shape, &format!("{path}/{name}")),
                // A misspelt one was reported already, and is most probably the one that is missing.
                None if *required && !meant.contains(name) => {
                    let message = format!("`{name}` is missing in {within}");
                    self.error(path, Error::new(Code::WrongType, message).hint(*what));
                }
                None => {}
            }
        }
    }

    fn value(&mut self, value: &Value, shape: Shape, path: &str) {
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        match shape {
            Shape::Text if !is_text(value) => self.wrong(path, "a text"),
            Shape::Texts => match value.as_array() {
                None => self.wrong(path, "a list of texts"),
                Some(list) => {
                    for (at, _) in list.iter().enumerate().filter(|(_, item)| !is_text(item)) {
                        self.wrong(&format!("{path}/{at}"), "a text");
                    }
                }
            },
            Shape::Map(fields) => self.map(value, fields, path),
            Shape::Text => {}
        }
    }

    fn wrong(&mut self, path: &str, wanted: &str) {
        let name = path.trim_start_matches('/').replace('/', ".");
        let name = if name.is_empty() { "the file".to_owned() } else { format!("`{name}`") };
        self.error(path, Error::new(Code::WrongType, format!("{name} must be {wanted}")));
    }

    fn error(&mut self, path: &str, error: Error) {
        let (line, column) = self.spots.at(path);
        self.errors.push(error.at(Place { file: self.file.into(), line, column }));
    }
}
