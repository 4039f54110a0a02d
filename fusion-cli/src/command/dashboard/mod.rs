//! `fusion dashboard`: everything of a project on one page.
//!
//! | file | what it knows |
//! |---|---|
//! | `overview` | what is shown |
//! | `gather` | reads it: the store, and the folders of specifications |
//! | `view` | lays it out for a width: pure |
//! | `screen` | shows it on a terminal and hears keys |
//! | `show` | the command |

mod gather;
mod overview;
mod screen;
mod show;
mod view;

pub(super) use show::dashboard;
