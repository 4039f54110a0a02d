//! How the last answer becomes a result.

use std::sync::Arc;

use serde_json::Value;

use super::schema::Reader;
use crate::contract::{Context, Step};
use crate::model::chat::{Fault, FaultKind, Schema};
use crate::model::{Failure, Payload};

type Judge = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

/// Who has the last word on a result.
#[derive(Clone)]
enum Check {
    Here(Arc<Judge>),
    Step(Arc<dyn Step>),
}

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
        self.check = Some(Check::Here(Arc::new(check)));
        self
    }

    pub(super) fn checked_by(mut self, step: Arc<dyn Step>) -> Self {
        self.check = Some(Check::Step(step));
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

    /// Reads an answer: a value, or a sentence for the model.
    ///
    /// # Errors
    /// Of class `cancelled`, when the body is asked to end.
    pub(super) async fn read(
        &self,
        body: &Context,
        text: &str,
    ) -> Result<Result<Value, String>, Failure> {
        let value: Value = match serde_json::from_str(json_in(text)) {
            Ok(value) => value,
            Err(error) => {
                return Ok(Err(format!("The answer has to be JSON and nothing else: {error}.")));
            }
        };
        if let Ok(Err(wrong)) = self.reader.as_ref().map(|reader| reader.check(&value)) {
            return Ok(Err(format!("The answer does not fit the JSON Schema:\n{wrong}")));
        }
        match &self.check {
            Some(Check::Here(check)) => Ok(check(&value).map(|()| value)),
            Some(Check::Step(step)) => {
                match step.run(body.part("check"), Payload::value(&value)).await {
                    Ok(_) => Ok(Ok(value)),
                    Err(failure) if failure.class.is_cancel() => Err(failure),
                    Err(failure) => Ok(Err(format!("{}.", failure.message.trim_end_matches('.')))),
                }
            }
            None => Ok(Ok(value)),
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
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::agent::tests::Body;

    /// Reads without a wait: no check here has one.
    fn read(form: &Form, text: &str) -> Result<Value, String> {
        form.read(&Context::new(Body::new()), text).now_or_never().unwrap().unwrap()
    }

    #[test]
    fn json_is_found_in_a_fenced_block_and_nowhere_else() {
        for text in ["{\"a\":1}", " {\"a\":1}\n", "```json\n{\"a\":1}\n```", "```\n{\"a\":1}```"] {
            assert_eq!(json_in(text), "{\"a\":1}", "{text:?}");
        }
        let form = Form::new(Value::Bool(true));
        for text in ["", "Here it is: {\"a\":1}", "```", "``````", "{\"a\":1} {}"] {
            assert!(read(&form, text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_answer_has_to_fit_the_schema() {
        let form = Form::new(json!({"type": "object", "required": ["n"]}));
        assert_eq!(read(&form, "{\"n\": 1}"), Ok(json!({"n": 1})));
        assert!(read(&form, "{\"m\": 1}").unwrap_err().contains("\"n\" is a required property"));
        assert!(form.is_readable().is_ok());
        let wrong = Form::new(json!({"type": "objekt"})).is_readable().unwrap_err();
        assert_eq!(wrong.kind(), FaultKind::InvalidRequest);
    }

    #[test]
    fn a_check_has_the_last_word() {
        let form = Form::new(Value::Bool(true))
            .checked(|value| value["n"].as_i64().map(drop).ok_or_else(|| "`n` is missing.".into()));
        assert_eq!(read(&form, "{\"n\":3}").unwrap()["n"], 3);
        assert_eq!(read(&form, "{}").unwrap_err(), "`n` is missing.");
    }
}
