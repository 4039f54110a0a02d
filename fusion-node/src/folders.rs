//! Questions about specifications and components: no engine is needed for them.

use fusion_core::error::{Code, Error, Result};
use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Task};
use napi_derive::napi;

use crate::convert::{text, thrown};

/// A question on its way, see `fusion_ops::ask`: files are read away from the loop.
#[derive(Debug)]
pub struct Asked {
    what: String,
    given: String,
}

impl Asked {
    fn told(&self) -> Result<String> {
        let given = serde_json::from_str(&self.given).map_err(|cause| {
            Error::new(Code::InvalidInput, "the question is no JSON").because(cause)
        })?;
        text(&fusion_ops::ask(&self.what, given)?)
    }
}

impl Task for Asked {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<String> {
        self.told().map_err(|error| thrown(&error))
    }

    fn resolve(&mut self, _: Env, told: String) -> napi::Result<String> {
        Ok(told)
    }
}

/// Asks something of a folder: what, and with what as JSON. The promise is for the answer as JSON.
#[napi]
#[must_use]
pub fn ask_folder(what: String, given: String) -> AsyncTask<Asked> {
    AsyncTask::new(Asked { what, given })
}
