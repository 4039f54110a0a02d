//! The workflow of a build. Texts of the specification are values in its input and never stand in a template.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::job::Job;
use super::steps::{BEFORE, CHECK, DONE, END, GONE, PERSON};

/// How often a person may look before it counts as no.
const LOOKS: u32 = 100;

/// Somebody who does tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    /// What it is called: `claude`, `replay`.
    pub name: String,
    /// The `agent` of a node that asks it, without the folder.
    pub agent: Value,
}

/// Who does which task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Crew {
    /// Everybody.
    pub workers: Vec<Worker>,
    /// For each task its workers, as places in `workers`: the first one does it, the second takes over.
    pub tasks: BTreeMap<String, Vec<usize>>,
    /// How many of them work at once.
    pub jobs: u32,
    /// How often each tries a task.
    pub attempts: u32,
    /// Whether a person is asked when nobody can do a task; without one the task fails.
    pub person: bool,
}

/// Writes the workflow of a build as JSON, which workflow files may be written in. The names of its parts begin with the id of the
/// run: those of another build in the same store are others.
pub fn workflow((name, id): (&str, &str), jobs: &[Job], crew: &Crew) -> Value {
    let mut nodes = Map::new();
    let mut flows = Map::new();
    let mut results = Map::new();
    for job in jobs {
        let own = crew.tasks.get(&job.id).map_or(&[][..], Vec::as_slice);
        let flow = format!("{id}-{}", flow_of(own));
        flows.entry(flow.clone()).or_insert_with(|| task(id, own, crew));
        let with = json!({
            "workspace": "{{ inputs.workspace }}", "spec": "{{ inputs.spec }}",
            "job": format!("{{{{ inputs.jobs[{}] }}}}", json!(job.id)),
        });
        let node =
            json!({"description": job.title, "workflow": flow, "with": with, "needs": job.needs});
        nodes.insert(job.id.clone(), node);
        let output = format!("{{{{ nodes[{}].result }}}}", json!(job.id));
        results.insert(job.id.clone(), json!(output));
    }
    for (at, worker) in crew.workers.iter().enumerate() {
        flows.insert(format!("{id}-work-{at}"), work(worker, crew.jobs));
    }
    if crew.person {
        flows.insert(format!("{id}-person"), person());
    }
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    let end = json!({
        "description": "What proves requirements and stories",
        "step": END,
        "with": {"workspace": "{{ inputs.workspace }}", "checks": "{{ inputs.checks }}"},
        "needs": ids,
    });
    nodes.insert("verify".to_owned(), end);
    results.insert("verify".to_owned(), json!("{{ nodes.verify }}"));
    json!({
        "fusion": 1,
        "name": name,
        "inputs": {
            "workspace": {"type": "string"}, "spec": {"type": "string"},
            "jobs": {"type": "object"}, "checks": {"type": "array"},
        },
        "on_failure": "finish_branches",
        "nodes": nodes,
        "outputs": results,
        "workflows": flows,
    })
}

fn flow_of(workers: &[usize]) -> String {
    let names: Vec<String> = workers.iter().map(usize::to_string).collect();
    format!("task-{}", names.join("-"))
}

/// The inputs of a try: what it is about, what was wrong before.
fn inputs() -> Value {
    json!({
        "workspace": {"type": "string"}, "spec": {"type": "string"}, "job": {"type": "object"},
        "feedback": {"type": "string"}, "session": {"type": "string"}, "round": {"type": "any"},
        "was": {"type": "any"},
    })
}

fn handed(feedback: &str, session: &str) -> Value {
    json!({
        "workspace": "{{ inputs.workspace }}", "spec": "{{ inputs.spec }}", "job": "{{ inputs.job }}",
        "feedback": feedback, "session": session, "round": "{{ round }}",
        "was": "{{ nodes.before.files or {} }}",
    })
}

/// Puts a field to those of an object.
fn and(mut fields: Value, key: &str, value: Value) -> Value {
    if let Some(map) = fields.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
    fields
}

/// What is checked after a try.
fn check(worker: &str, said: &Value) -> Value {
    json!({
        "workspace": "{{ inputs.workspace }}", "spec": "{{ inputs.spec }}", "job": "{{ inputs.job }}", "worker": worker,
        "round": "{{ inputs.round }}", "session": "{{ inputs.session }}", "said": said,
        "was": "{{ inputs.was }}",
    })
}

/// A task: looked at before, tried by one worker after another, then by a person; proved, or failed.
fn task(id: &str, workers: &[usize], crew: &Crew) -> Value {
    let names = workers.iter().filter_map(|at| crew.workers.get(*at));
    let names: Vec<&str> = names.map(|worker| worker.name.as_str()).collect();
    let before = json!({
        "workspace": "{{ inputs.workspace }}", "spec": "{{ inputs.spec }}", "job": "{{ inputs.job }}",
        "workers": names,
    });
    let mut nodes = Map::new();
    nodes.insert("before".to_owned(), json!({"step": BEFORE, "with": before}));
    let mut tried: Vec<String> = Vec::new();
    for (at, worker) in workers.iter().enumerate() {
        let name = format!("try-{}", at + 1);
        let last = tried.last().map(|last| format!("nodes[\"{last}\"].feedback or ''"));
        let last = last.unwrap_or_else(|| "''".to_owned());
        let with = handed(
            &format!("{{{{ previous.feedback if previous else ({last}) }}}}"),
            "{{ previous.session if previous else '' }}",
        );
        let rules =
            json!(format!("{{{{ nodes.before.rules[{at}] if nodes.before.rules else '' }}}}"));
        let with = and(with, "rules", rules);
        let attempts = crew.attempts.max(1);
        let until = format!("output.passed or round >= {attempts}");
        let node = json!({
            "when": open(&tried), "workflow": format!("{id}-work-{worker}"), "with": with,
            "repeat": {"until": until, "max": attempts},
        });
        nodes.insert(name.clone(), node);
        tried.push(name);
    }
    if crew.person {
        let all: Vec<String> =
            tried.iter().rev().map(|one| format!("nodes[\"{one}\"].feedback")).collect();
        let with = handed(
            &format!("{{{{ previous.feedback if previous else ({} or '') }}}}", all.join(" or ")),
            "",
        );
        let node = json!({
            "when": open(&tried), "workflow": format!("{id}-person"), "with": with,
            "repeat": {"until": "output.passed or not output.approved", "max": LOOKS},
        });
        nodes.insert("person".to_owned(), node);
        tried.push("person".to_owned());
    }
    let results: Vec<String> =
        tried.iter().map(|one| format!("{{{{ nodes[\"{one}\"] }}}}")).collect();
    let mut needs = tried;
    needs.push("before".to_owned());
    let done = json!({
        "step": DONE, "needs": needs,
        "with": {
            "workspace": "{{ inputs.workspace }}", "spec": "{{ inputs.spec }}", "job": "{{ inputs.job }}",
            "before": "{{ nodes.before }}", "tries": results,
        },
    });
    nodes.insert("done".to_owned(), done);
    let inputs = json!({"workspace": {"type": "string"}, "spec": {"type": "string"}, "job": {"type": "object"}});
    json!({"inputs": inputs, "nodes": nodes, "outputs": {"result": "{{ nodes.done }}"}})
}

/// The condition that nobody has done it yet.
fn open(tried: &[String]) -> String {
    let mut all = vec!["not nodes.before.done".to_owned()];
    all.extend(tried.iter().map(|one| format!("not nodes[\"{one}\"].passed")));
    all.join(" and ")
}

/// A try: the worker is asked, and what it made is checked.
fn work(worker: &Worker, jobs: u32) -> Value {
    let prompt = "{{ inputs.job.prompt }}{% if inputs.job.also %}\n\n{{ inputs.job.also }}{% endif %}\n\nLeave the boxes in tasks.md as they are: they are set when the checks hold.{% if inputs.rules %}\n\nThis is looked for in the files, where it applies:\n{{ inputs.rules }}{% endif %}{% if inputs.feedback %}\n\nAn earlier attempt was refused; the files are as it left them. Mend this:\n\
                  {{ inputs.feedback }}{% endif %}";
    let mut agent = worker.agent.clone();
    if let Some(map) = agent.as_object_mut().filter(|map| map.contains_key("program")) {
        map.insert("session".to_owned(), json!("{{ inputs.session }}"));
    }
    let inputs = and(inputs(), "rules", json!({"type": "string", "default": ""}));
    json!({
        "inputs": inputs,
        "nodes": {
            "ask": {
                "agent": agent,
                "with": {"prompt": prompt},
                "retry": {"attempts": 2, "initial": "1s"},
                "concurrency": {"key": "build {{ inputs.workspace }}", "limit": jobs.max(1)},
                "fallback": {"step": GONE, "with": {}},
            },
            "check": {"step": CHECK, "with": check(&worker.name, &json!("{{ nodes.ask }}"))},
        },
        "outputs": outputs("true"),
    })
}

fn outputs(approved: &str) -> Value {
    json!({
        "passed": "{{ nodes.check.passed or false }}", "feedback": "{{ nodes.check.feedback or '' }}",
        "session": "{{ nodes.check.session or '' }}", "tried": "{{ nodes.check.tried }}",
        "approved": format!("{{{{ {approved} }}}}"),
    })
}

/// A person is asked; a yes means: look again.
fn person() -> Value {
    let message = "{{ inputs.job.id }} {{ inputs.job.title }}: nobody could do it.\n{{ inputs.feedback }}\n\
                   Mend it and approve: then it is checked again. Reject: it fails.";
    let again =
        json!({"when": "nodes.ask.approved", "step": CHECK, "with": check(PERSON, &json!({}))});
    json!({
        "inputs": inputs(),
        "nodes": {"ask": {"wait": {"approval": {"message": message}}}, "check": again},
        "outputs": outputs("nodes.ask.approved"),
    })
}
