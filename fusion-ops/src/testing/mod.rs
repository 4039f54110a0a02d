//! The tests of a project: which suites it has, how each is run and read, what came of them.
//!
//! | file | what it knows |
//! |---|---|
//! | `find` | which suites a folder has, by its manifests |
//! | `search` | folders and files, without what is installed or made |
//! | `suite` | the runners, and the command line of each |
//! | `report` | cases, suites and reports; rounds put together |
//! | `junit`, `xml` | JUnit XML: read, written |
//! | `text` | what runners print that write no file: libtest, `go test -json`; the JSON of Jest |
//! | `python` | tests in Python: which files are some, and for which runner
//! | `left` | reports that commands leave as files
//! | `perform` | runs one suite, failing tests again |
//! | `steps` | the suites as a durable workflow |
//! | `keep` | reports in a folder: written whole, the latest, those before, which tests are flaky |
//! | `tree` | whether files are the same as before |

mod find;
mod junit;
mod keep;
mod left;
mod perform;
mod python;
mod report;
mod schema;
mod search;
mod steps;
mod suite;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod xml;

pub use find::find;
pub use junit::{Group, read};
pub use keep::Reports;
pub use perform::{Given, Runner, run};
pub use report::{Case, Counts, Flaky, Outcome, Report, Status, SuiteReport};
pub use schema::schema;
pub use steps::{Plan, Steps};
pub use suite::{Kind, Suite};
pub use tree::fingerprint;
pub use xml::write;
