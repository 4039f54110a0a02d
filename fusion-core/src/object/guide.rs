//! The guide, whose examples are tests.

#[doc = include_str!("../../../docs/objects.md")]
struct Guide;
