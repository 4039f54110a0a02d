//! Rules for workflows of a forge, and for services that run together.

use serde_json::{Map, Value};

use super::devops::Kind;
use super::finding::{Findings, Look};
use super::yaml::Page;
use super::{docker, secret};
use crate::yaml::escaped;

/// Looks at a workflow or a composition that could be read.
pub(super) fn judge(look: &Look<'_>, page: &Page, kind: Kind, found: &mut Findings) {
    let Some(value) = &page.value else { return };
    let Some(map) = value.as_object() else {
        let rule = if kind == Kind::Workflow { "devops/workflow" } else { "devops/compose" };
        found.say(
            (rule, 1),
            format!("{} holds no map", look.file()),
            "write what is to be done under its keys",
        );
        return;
    };
    match kind {
        Kind::Workflow => workflow(map, page, found),
        Kind::Compose | Kind::Override => services(map, page, kind, found),
    }
    plain_text(value, "", page, found);
}

fn workflow(map: &Map<String, Value>, page: &Page, found: &mut Findings) {
    // `on` is a word for true to some writers of YAML.
    if !["on", "true"].iter().any(|key| map.get(*key).is_some_and(|value| !value.is_null())) {
        found.say(
            ("devops/workflow", 1),
            "it does not say when it runs",
            "add `on: [push, pull_request]`, or what it waits for",
        );
    }
    let Some(jobs) = map.get("jobs").and_then(Value::as_object).filter(|jobs| !jobs.is_empty())
    else {
        found.say(
            ("devops/workflow", page.line("/jobs")),
            "it has no jobs",
            "write what is to be done under `jobs`",
        );
        return;
    };
    for (name, job) in jobs {
        let place = format!("/jobs/{}", escaped(name));
        let line = page.line(&place);
        let has = |key: &str| job.get(key).is_some();
        if has("uses") {
            continue;
        }
        if !has("runs-on") {
            found.say(
                ("devops/workflow", line),
                format!("the job `{name}` does not say where it runs"),
                "add `runs-on: …`",
            );
        }
        let steps = job.get("steps").and_then(Value::as_array);
        if steps.is_none_or(Vec::is_empty) {
            found.say(
                ("devops/workflow", line),
                format!("the job `{name}` has no steps"),
                "write what it does under `steps`",
            );
        }
        for (at, step) in steps.into_iter().flatten().enumerate() {
            if step.get("run").is_none() && step.get("uses").is_none() {
                let line = page.line(&format!("{place}/steps/{at}"));
                found.say(
                    ("devops/workflow", line),
                    "the step does nothing",
                    "add `run: …` or `uses: …`",
                );
            }
        }
    }
}

fn services(map: &Map<String, Value>, page: &Page, kind: Kind, found: &mut Findings) {
    let Some(services) = map.get("services").and_then(Value::as_object) else {
        if !["include", "volumes", "networks", "secrets", "configs"]
            .iter()
            .any(|key| map.contains_key(*key))
        {
            found.say(("devops/compose", 1), "it has no services", "write them under `services`");
        }
        return;
    };
    for (name, service) in services {
        let place = format!("/services/{}", escaped(name));
        let has = |key: &str| service.get(key).is_some();
        let is_made = ["image", "build", "extends", "provider", "<<"].iter().any(|key| has(key));
        if kind == Kind::Compose && !is_made {
            found.say(
                ("devops/compose", page.line(&place)),
                format!("the service `{name}` has no image, and is not built"),
                "add `image: …` or `build: …`",
            );
        }
        // The image of a service that is built is only what the result is called.
        if let Some(image) = service.get("image").and_then(Value::as_str)
            && !has("build")
        {
            docker::pinned(image, page.line(&format!("{place}/image")), found);
        }
    }
}

/// Looks for secrets in what is handed on as the environment, wherever it stands.
fn plain_text(value: &Value, path: &str, page: &Page, found: &mut Findings) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let place = format!("{path}/{}", escaped(key));
                if ["environment", "env", "args"].contains(&key.as_str()) {
                    handed(inner, &place, page, found);
                } else {
                    plain_text(inner, &place, page, found);
                }
            }
        }
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate() {
                plain_text(inner, &format!("{path}/{at}"), page, found);
            }
        }
        _ => {}
    }
}

fn handed(value: &Value, path: &str, page: &Page, found: &mut Findings) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if let Some(text) = inner.as_str() {
                    secret::setting(
                        (key, text),
                        page.line(&format!("{path}/{}", escaped(key))),
                        found,
                    );
                }
            }
        }
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate() {
                if let Some((key, text)) = inner.as_str().and_then(|text| text.split_once('=')) {
                    secret::setting((key, text), page.line(&format!("{path}/{at}")), found);
                }
            }
        }
        _ => {}
    }
}
