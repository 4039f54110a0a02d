//! Changes: what they do, that they are whole or nothing wherever they fail, and that local edits stay.

mod edits;
mod whole;
