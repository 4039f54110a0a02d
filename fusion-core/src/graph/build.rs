//! The builder: graphs from code.

use serde_json::Value;

use crate::model::Graph;
use crate::model::Policy;
use crate::model::graph::{
    Action, Input, InputType, Kind, Map, More, Node, OnFailure, OnItemFailure, Program, Repeat,
    Task, WaitSpec,
};

impl Graph {
    /// Begins a graph.
    ///
    /// ```
    /// use fusion_core::model::Graph;
    /// use fusion_core::model::graph::Node;
    /// let graph = Graph::new("digest")
    ///     .node("pages", Node::step("", "fetch").map("{{ inputs.urls }}"))
    ///     .add(Node::step("merged", "merge").with("{{ nodes.pages }}").after("pages"))
    ///     .output("digest", "{{ nodes.merged }}");
    /// assert_eq!(graph.nodes.len(), 2);
    /// ```
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: 1,
            description: String::new(),
            inputs: std::collections::BTreeMap::new(),
            nodes: Vec::new(),
            outputs: std::collections::BTreeMap::new(),
            on_failure: OnFailure::Stop,
        }
    }

    /// Adds a node under a name.
    #[must_use]
    pub fn node(self, id: &str, node: impl Into<Node>) -> Self {
        let node = node.into();
        self.add(Node { id: id.into(), ..node })
    }

    /// Adds a node that has its name.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "a graph is no number; `add` is the word for a node"
    )]
    pub fn add(mut self, node: Node) -> Self {
        self.nodes.push(node);
        self
    }

    /// Declares an input that must be given.
    #[must_use]
    pub fn input(mut self, name: &str, kind: InputType) -> Self {
        self.inputs.insert(name.to_owned(), Input { kind, ..Input::default() });
        self
    }

    /// Adds a node that runs a registered step.
    #[must_use]
    pub fn step(self, id: &str, step: &str) -> Self {
        self.add(Node::step(id, step))
    }

    /// Adds an output; text is a template.
    #[must_use]
    pub fn output(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.outputs.insert(name.to_owned(), value.into());
        self
    }

    /// Lets everything finish that does not need a failed node.
    #[must_use]
    pub fn finish_branches(mut self) -> Self {
        self.on_failure = OnFailure::FinishBranches;
        self
    }
}

impl Node {
    /// Makes a node of a kind.
    pub fn new(id: &str, kind: Kind) -> Self {
        Self { id: id.into(), kind, needs: Vec::new(), more: None }
    }

    /// Makes a node that runs a registered step.
    pub fn step(id: &str, step: &str) -> Self {
        Self::new(id, Kind::Run(Task::new(Action::Step(step.into()))))
    }

    /// Makes a node that runs a program; the texts are templates.
    pub fn command<S: AsRef<str>>(id: &str, argv: impl IntoIterator<Item = S>) -> Self {
        let argv = argv.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let program = Program { argv, ..Program::default() };
        Self::new(id, Kind::Run(Task::new(Action::Command(Box::new(program)))))
    }

    /// Makes a node that runs another workflow.
    pub fn workflow(id: &str, workflow: &str) -> Self {
        Self::new(id, Kind::Run(Task::new(Action::Workflow(workflow.into()))))
    }

    /// Makes a node that waits.
    pub fn wait(id: &str, wait: WaitSpec) -> Self {
        Self::new(id, Kind::Wait(Box::new(wait)))
    }

    /// Runs the node's task for each item of a list: a template that is one expression, or a literal.
    #[must_use]
    pub fn map(mut self, over: impl Into<Value>) -> Self {
        if matches!(self.kind, Kind::Repeat(_)) {
            return self.misplaced("map");
        }
        if let Some(task) = self.kind.task().cloned() {
            let map = Map {
                over: over.into(),
                task,
                max_parallel: 16,
                on_item_failure: OnItemFailure::Stop,
            };
            self.kind = Kind::Map(Box::new(map));
            return self;
        }
        self.misplaced("map")
    }

    /// Runs the node's task until a condition holds, at most `max` times.
    #[must_use]
    pub fn until(mut self, condition: &str, max: u32) -> Self {
        if matches!(self.kind, Kind::Map(_)) {
            return self.misplaced("repeat");
        }
        if let Some(task) = self.kind.task().cloned() {
            let repeat = Repeat { task, until: condition.to_owned(), max, pause_ms: 0 };
            self.kind = Kind::Repeat(Box::new(repeat));
            return self;
        }
        self.misplaced("repeat")
    }

    /// Notes what the node's kind has no place for.
    fn misplaced(mut self, key: &'static str) -> Self {
        self.more_mut().misplaced.push(key);
        self
    }

    /// Sets the arguments; texts are templates.
    #[must_use]
    pub fn with(mut self, with: impl Into<Value>) -> Self {
        if let Some(task) = self.kind.task_mut() {
            task.with = with.into();
            return self;
        }
        self.misplaced("with")
    }

    /// Adds nodes that must be settled first.
    #[must_use]
    pub fn after(mut self, needs: impl Names) -> Self {
        self.needs.extend(needs.names());
        self
    }

    /// Sets the condition.
    #[must_use]
    pub fn when(mut self, condition: &str) -> Self {
        self.more_mut().when = Some(condition.to_owned());
        self
    }

    /// Sets retries, limits and caching.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.more_mut().policy = policy;
        self
    }

    /// Sets what runs when all attempts have failed; without arguments of its own it has those of the node.
    #[must_use]
    pub fn fallback(mut self, task: Task) -> Self {
        self.more_mut().fallback = Some(task);
        self
    }

    /// Sets what undoes the node when the run fails later; without arguments of its own it has those of the node, unless that
    /// is a map or a loop.
    #[must_use]
    pub fn compensate(mut self, task: Task) -> Self {
        self.more_mut().compensate = Some(task);
        self
    }

    /// Gives what most nodes do not have, to be changed.
    pub fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Gives the policy; the default one when none was set.
    pub fn policy_ref(&self) -> &Policy {
        static PLAIN: Policy = Policy::PLAIN;
        self.more.as_ref().map_or(&PLAIN, |more| &more.policy)
    }
}

/// One name or several.
pub trait Names {
    /// Gives the names.
    fn names(self) -> Vec<Box<str>>;
}

impl Names for &str {
    fn names(self) -> Vec<Box<str>> {
        vec![self.into()]
    }
}

impl<S: AsRef<str>, const N: usize> Names for [S; N] {
    fn names(self) -> Vec<Box<str>> {
        self.iter().map(|name| name.as_ref().into()).collect()
    }
}

impl<S: AsRef<str>> Names for &[S] {
    fn names(self) -> Vec<Box<str>> {
        self.iter().map(|name| name.as_ref().into()).collect()
    }
}

impl<S: AsRef<str>> Names for Vec<S> {
    fn names(self) -> Vec<Box<str>> {
        self.as_slice().names()
    }
}

impl Kind {
    /// Gives the task of the node; a wait has none.
    pub fn task(&self) -> Option<&Task> {
        match self {
            Self::Run(task) => Some(task),
            Self::Map(map) => Some(&map.task),
            Self::Repeat(repeat) => Some(&repeat.task),
            Self::Wait(_) => None,
        }
    }

    /// Gives the task of the node, to be changed.
    pub fn task_mut(&mut self) -> Option<&mut Task> {
        match self {
            Self::Run(task) => Some(task),
            Self::Map(map) => Some(&mut map.task),
            Self::Repeat(repeat) => Some(&mut repeat.task),
            Self::Wait(_) => None,
        }
    }
}

impl Task {
    /// Makes a task without arguments.
    pub fn new(action: Action) -> Self {
        Self { action, with: Value::Null }
    }

    /// Sets the arguments; texts are templates.
    #[must_use]
    pub fn with(mut self, with: impl Into<Value>) -> Self {
        self.with = with.into();
        self
    }
}
