//! Reports read and written, what runners print, which suites a folder has, flaky tests.

mod files;
mod forms;
