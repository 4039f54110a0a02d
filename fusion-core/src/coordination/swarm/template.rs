//! The file of a team, and what it becomes: pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::coordination::{AgentSpec, Card, TaskSpec};
use crate::error::{Code, Error, Result, nearest};
use crate::graph::file;

/// The teams that come along.
const KNOWN: [&str; 4] = [
    include_str!("data-pipeline.yaml"),
    include_str!("e-commerce.yaml"),
    include_str!("library.yaml"),
    include_str!("web-app.yaml"),
];

/// A team of agents with workflows of stages, as a file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swarm {
    /// The version of this form: 1.
    #[serde(rename = "swarm")]
    form: u32,
    /// What it is called.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The agents by name.
    pub agents: BTreeMap<String, Member>,
    /// What they do, in stages.
    #[serde(default)]
    pub workflows: Vec<Workflow>,
}

/// An agent of a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// How many of it.
    pub instances: u32,
    /// How many tasks one works at together.
    pub slots: u32,
    /// What it shall care about most.
    pub focus: Vec<String>,
    /// Who does its work, as `agent:` says it in a workflow file; a known agent of its name when absent.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub agent: Value,
}

impl Default for Member {
    fn default() -> Self {
        Self { instances: 1, slots: 1, focus: Vec::new(), agent: Value::Null }
    }
}

/// What a team does: stages one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// What it is called.
    pub name: String,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
}

/// A stage: its tasks go on at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stage {
    /// One task, which is what it is called.
    Name(String),
    /// Several tasks.
    Tasks {
        /// What it is called.
        name: String,
        /// The tasks, in words.
        tasks: Vec<String>,
    },
}

impl Stage {
    /// Gives what it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Tasks { name, .. } => name,
        }
    }

    fn titles(&self) -> Vec<String> {
        match self {
            Self::Name(name) => vec![name.replace('-', " ")],
            Self::Tasks { tasks, .. } => tasks.clone(),
        }
    }
}

impl Member {
    /// Says who does its work.
    fn worker(&self, bare: &str, what: &Deployment) -> Value {
        if !self.agent.is_null() {
            return self.agent.clone();
        }
        if what.programs.iter().any(|program| program == bare) {
            return json!({"program": bare, "mode": what.mode});
        }
        json!(bare)
    }
}

/// For what a team is deployed.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// The project: the beginning of the ids of its agents and tasks.
    pub project: String,
    /// The workflow; the first one when absent, none when there is none.
    pub workflow: Option<String>,
    /// What the tasks are about, told to every agent: where the specification is, for example.
    pub about: String,
    /// The programs on the command line that are known: an agent of such a name is that program.
    pub programs: Vec<String>,
    /// What such a program may do: `read_only`, `edit` or `full`.
    pub mode: String,
}

impl Swarm {
    /// Gives the teams that come along, by name.
    pub fn known() -> Vec<Self> {
        // The files are part of the program; a test reads them.
        KNOWN.iter().filter_map(|text| Self::read("swarm.yaml", text).ok()).collect()
    }

    /// Reads a team from YAML or JSON.
    ///
    /// # Errors
    /// `FU0202` when the text is neither, `FU0101` with what does not fit, `FU0205` for an agent that nobody knows.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        let value = file::value(text, name)?;
        let wrong = |what: String| {
            Error::new(Code::InvalidInput, format!("the team of {name}: {what}"))
                .hint("docs/teams.md says what stands in a team")
        };
        let swarm: Self =
            serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
        if swarm.form != 1 {
            return Err(wrong(format!("`swarm: {}` is not known: write `swarm: 1`", swarm.form)));
        }
        let known: Vec<String> = Card::known().into_iter().map(|card| bare(&card.name)).collect();
        for (name, member) in &swarm.agents {
            if member.agent.is_null() && !known.contains(&bare(name)) {
                let text = format!("nobody knows the agent `{name}`");
                let hint = nearest::hint(name, known.iter().map(String::as_str));
                return Err(Error::new(Code::UnknownReference, text)
                    .hint(format!("{hint}; or say with `agent:` who does its work")));
            }
        }
        Ok(swarm)
    }

    /// Gives the project of a deployment that names none: the team's name.
    pub fn usual_project(&self) -> String {
        self.name.replace(' ', "-").to_lowercase()
    }

    /// Counts the agents, all instances.
    pub fn size(&self) -> u32 {
        self.agents.values().map(|member| member.instances).sum()
    }

    /// Makes the agents to spawn and the tasks to submit. Each task needs all of the stage before.
    ///
    /// # Errors
    /// `FU0205` when there is no such workflow.
    pub fn plan(&self, what: &Deployment) -> Result<(Vec<AgentSpec>, Vec<TaskSpec>)> {
        let agents = self.agents.iter().map(|(name, member)| AgentSpec {
            agent: member.worker(&bare(name), what),
            card: Card::known().into_iter().find(|card| bare(&card.name) == bare(name)),
            instances: member.instances,
            slots: member.slots,
            project: what.project.clone(),
            focus: member.focus.clone(),
            ..AgentSpec::new(format!("{}.{}", what.project, bare(name)))
        });
        let workflow = match &what.workflow {
            None => self.workflows.first(),
            Some(name) => Some(self.workflow(name)?),
        };
        let mut tasks: Vec<TaskSpec> = Vec::new();
        let mut before: Vec<String> = Vec::new();
        for stage in workflow.iter().flat_map(|workflow| &workflow.stages) {
            let mut here = Vec::new();
            for (n, title) in stage.titles().into_iter().enumerate() {
                let id = format!("{}.{}.{}", what.project, stage.name(), n + 1);
                here.push(id.clone());
                let prompt = if what.about.is_empty() {
                    String::new()
                } else {
                    format!("{title}\n\n{}", what.about)
                };
                tasks.push(TaskSpec {
                    id: Some(id),
                    prompt,
                    kind: stage.name().to_owned(),
                    needs: before.clone(),
                    project: what.project.clone(),
                    tags: vec![self.name.clone()],
                    ..TaskSpec::new(title)
                });
            }
            before = here;
        }
        Ok((agents.collect(), tasks))
    }

    fn workflow(&self, name: &str) -> Result<&Workflow> {
        let found = self.workflows.iter().find(|one| one.name == name);
        found.ok_or_else(|| {
            let known = self.workflows.iter().map(|one| one.name.as_str());
            let text = format!("the team `{}` has no workflow `{name}`", self.name);
            Error::new(Code::UnknownReference, text).hint(nearest::hint(name, known))
        })
    }
}

fn bare(name: &str) -> String {
    name.trim_start_matches('@').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_teams_that_come_along_can_be_read_and_planned() {
        let known = Swarm::known();
        let names: Vec<&str> = known.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["data-pipeline", "e-commerce", "library", "web-app"]);
        for swarm in &known {
            let (agents, tasks) =
                swarm.plan(&Deployment { project: "p".into(), ..Deployment::default() }).unwrap();
            assert_eq!(agents.iter().map(|one| one.instances).sum::<u32>(), swarm.size());
            assert!(
                tasks.first().unwrap().needs.is_empty() && !tasks.last().unwrap().needs.is_empty()
            );
        }
        assert_eq!(known[1].size(), 7);
    }

    #[test]
    fn the_seed_s_sample_is_a_team() {
        let text = "swarm: 1\nname: E-commerce Development Swarm\nagents:\n  copilot: { instances: 2, focus: [backend API] }\n  \
                    claude: {}\nworkflows:\n  - name: mvp-development\n    stages:\n      - backend-apis\n      - frontend-ui\n";
        let swarm = Swarm::read("x.yaml", text).unwrap();
        let what = Deployment {
            project: "shop".into(),
            about: "See specs/shop.".into(),
            ..Deployment::default()
        };
        let (agents, tasks) = swarm.plan(&what).unwrap();
        assert_eq!(
            (agents.len(), agents[1].ids()),
            (2, vec!["shop.copilot-1".into(), "shop.copilot-2".into()])
        );
        assert_eq!(tasks[1].needs, ["shop.backend-apis.1"]);
        assert_eq!(tasks[0].prompt, "backend apis\n\nSee specs/shop.");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let with = |agents: &str| format!("swarm: 1\nname: x\nagents: {agents}\n");
        let error = Swarm::read("x.yaml", &with("{ cloude: {} }")).unwrap_err();
        assert!(error.hint_text().unwrap().starts_with("did you mean `claude`?"), "{error}");
        assert!(Swarm::read("x.yaml", &with("{ claude: { focuss: [] } }")).is_err());
        assert!(Swarm::read("x.yaml", "swarm: 2\nname: x\nagents: {}\n").is_err());
        assert!(Swarm::read("x.yaml", &with("{ own: { agent: mine } }")).is_ok());
        let swarm = Swarm::known().remove(0);
        let what = Deployment { workflow: Some("pipelin".into()), ..Deployment::default() };
        assert_eq!(swarm.plan(&what).unwrap_err().hint_text(), Some("did you mean `pipeline`?"));
    }
}
