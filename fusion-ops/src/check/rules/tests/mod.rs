//! The rules: good and bad files of each set, whom they count for, and that no text stops them.

mod bad;
mod choice;
mod good;
mod support;
