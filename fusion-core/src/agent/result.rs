//! How the last answer becomes a result.

use std::sync::Arc;

use serde_json::Value;

use super::schema::Reader;
use crate::model::chat::{Fault, FaultKind, Schema};

type Check = Arc<dyn Fn(&Value) -> Result<(), String> + Send + Sync>;

/// The form that a result has to have.
#[derive(Clone)]
pub(super) struct Form {
    schema: Value,
    reader: Result<Reader, String>,
    check: Option<Check>,
}

impl Form {
    pub(super) fn new(schema: Value) -> Self {
        Self { reader: Reader::new(&schema), schema, check: None }
    }

    pub(super) fn checked(
        mut self,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// Refuses a schema that nobody can keep to, before anything is spent.
    pub(super) fn is_readable(&self) -> Result<(), Fault> {
        let Err(why) = &self.reader else { return Ok(()) };
        let message = format!("the schema of the result cannot be read: {why}");
        Err(Fault::new(FaultKind::InvalidRequest, message))
    }

    /// Gives what the provider is asked to keep to.
    pub(super) fn schema(&self) -> Schema {
        Schema { name: "result".to_owned(), schema: self.schema.clone(), strict: false }
    }

    /// Reads an answer; the error is a sentence for the model.
    pub(super) fn read(&self, text: &str) -> Result<Value, String> {
        let value: Value = serde_json::from_str(json_in(text))
            .map_err(|error| format!("The answer has to be JSON and nothing else: {error}."))?;
        if let Ok(reader) = &self.reader {
            let told = |wrong| format!("The answer does not fit the JSON Schema:\n{wrong}");
            reader.check(&value).map_err(told)?;
        }
        match &self.check {
            Some(check) => check(&value).map(|()| value),
            None => Ok(value),
        }
    }
}

/// Gives the JSON of an answer: models like to put it into a fenced block, whatever they are told.
fn json_in(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else {
        return text;
    };
    // The first line names the language.
    inner.split_once('\n').map_or(inner, |(_, block)| block).trim()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_found_in_a_fenced_block_and_nowhere_else() {
        for text in ["{\"a\":1}", " {\"a\":1}\n", "```json\n{\"a\":1}\n```", "```\n{\"a\":1}```"] {
            assert_eq!(json_in(text), "{\"a\":1}", "{text:?}");
        }
        let form = Form::new(Value::Bool(true));
        for text in ["", "Here it is: {\"a\":1}", "```", "``````", "{\"a\":1} {}"] {
            assert!(form.read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_answer_has_to_fit_the_schema() {
        let form = Form::new(json!({"type": "object", "required": ["n"]}));
        assert_eq!(form.read("{\"n\": 1}"), Ok(json!({"n": 1})));
        assert!(form.read("{\"m\": 1}").unwrap_err().contains("\"n\" is a required property"));
        assert!(form.is_readable().is_ok());
        let wrong = Form::new(json!({"type": "objekt"})).is_readable().unwrap_err();
        assert_eq!(wrong.kind(), FaultKind::InvalidRequest);
    }

    #[test]
    fn a_check_has_the_last_word() {
        let form = Form::new(Value::Bool(true))
            .checked(|value| value["n"].as_i64().map(drop).ok_or_else(|| "`n` is missing.".into()));
        assert_eq!(form.read("{\"n\":3}").unwrap()["n"], 3);
        assert_eq!(form.read("{}").unwrap_err(), "`n` is missing.");
    }
}
