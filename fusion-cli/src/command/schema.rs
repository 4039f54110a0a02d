//! `fusion schema`: the JSON Schema of a kind of file.

use fusion_core::graph::schema;

use crate::render::Out;

/// Prints the schema.
pub(super) fn schema(kind: &str) -> u8 {
    // The command line knows the kinds; there is one so far.
    debug_assert_eq!(kind, "workflow");
    Out::value(&schema::workflow());
    0
}
