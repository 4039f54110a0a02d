//! The sets of rules and the rules in them, in one table.

/// A set of rules: one for each kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Pages and components.
    Frontend,
    /// Handlers, routes and what is said about them.
    Api,
    /// Migrations and other SQL.
    Database,
    /// Tests.
    Testing,
    /// Images, pipelines, services that run together.
    Devops,
    /// Texts.
    Docs,
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its set and its name: `database/primary-key`.
    pub id: &'static str,
    /// What it asks for.
    pub about: &'static str,
}

/// All rules, set by set.
const RULES: [(Set, &[Rule]); 6] = [
    (
        Set::Frontend,
        &[
            rule("frontend/export", "a component's file exports something"),
            rule("frontend/shows", "a component shows something"),
            rule("frontend/title", "a page has a title"),
            rule("frontend/alt", "a picture has words for those who do not see it"),
            rule(
                "frontend/script",
                "a page runs no script that came unencrypted from another host",
            ),
        ],
    ),
    (
        Set::Api,
        &[
            rule("api/handler", "a file of handlers has a handler"),
            rule("api/route", "a router has a route"),
            rule("api/paths", "an OpenAPI document can be read and has paths"),
            rule("api/operation", "each path has an operation"),
            rule("api/responses", "each operation says what it answers"),
        ],
    ),
    (
        Set::Database,
        &[
            rule("database/closed", "quotes, comments and parentheses are closed"),
            rule("database/statement", "each statement begins with a word of SQL"),
            rule("database/primary-key", "each new table has a primary key"),
            rule("database/data-loss", "what takes data away has a way back, or a note"),
        ],
    ),
    (
        Set::Testing,
        &[
            rule("testing/test", "a file of tests has a test"),
            rule("testing/assertion", "a file of tests asserts something"),
            rule("testing/always-true", "an assertion can fail"),
            rule("testing/skipped", "not every test of a file is skipped"),
        ],
    ),
    (
        Set::Devops,
        &[
            rule("devops/yaml", "a pipeline's or a composition's YAML can be read"),
            rule("devops/dockerfile", "a Dockerfile is made of instructions, from FROM on"),
            rule("devops/pinned-image", "an image has a tag that is not `latest`"),
            rule("devops/workflow", "a workflow says when it runs, where, and what it does"),
            rule("devops/compose", "each service has an image or is built"),
            rule("devops/secret", "no secret stands in plain text"),
        ],
    ),
    (
        Set::Docs,
        &[
            rule("docs/link", "a link within the project leads to a file"),
            rule("docs/anchor", "a link to a heading leads to one"),
            rule("docs/heading", "a text of some length has a heading"),
        ],
    ),
];

const fn rule(id: &'static str, about: &'static str) -> Rule {
    Rule { id, about }
}

impl Set {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        RULES.into_iter().map(|(set, _)| set)
    }

    /// Its name: `database`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Api => "api",
            Self::Database => "database",
            Self::Testing => "testing",
            Self::Devops => "devops",
            Self::Docs => "docs",
        }
    }

    /// Its rules.
    pub fn rules(self) -> &'static [Rule] {
        RULES.into_iter().find(|(set, _)| *set == self).map_or(&[][..], |(_, rules)| rules)
    }
}

/// The names of all sets and rules: what may stand in `build.yaml`.
pub(super) fn names() -> Vec<&'static str> {
    let of = |set: Set| std::iter::once(set.name()).chain(set.rules().iter().map(|rule| rule.id));
    Set::all().flat_map(of).collect()
}
