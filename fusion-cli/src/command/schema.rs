//! `fusion schema`: the JSON Schema of a kind of file, or of what is sent.

use fusion_core::coordination::message_schema;
use fusion_core::graph::schema;
use fusion_ops::component::Manifest;
use fusion_ops::spec::SpecFile;

use crate::render::Out;

/// Prints the schema.
pub(super) fn schema(kind: &str) -> u8 {
    // The command line knows the kinds.
    debug_assert!(
        ["workflow", "message", "spec", "component", "build", "test-report", "phase-report"]
            .contains(&kind)
    );
    Out::value(&match kind {
        "message" => message_schema(),
        "spec" => SpecFile::schema(),
        "component" => Manifest::schema(),
        "build" => fusion_ops::check::schema(),
        "test-report" => fusion_ops::testing::schema(),
        "phase-report" => fusion_ops::coverage::phase_schema(),
        _ => schema::workflow(),
    });
    0
}
