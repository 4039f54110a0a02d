//! The guide, whose examples are tests.

#[doc = include_str!("../../../../docs/messages.md")]
struct Guide;
