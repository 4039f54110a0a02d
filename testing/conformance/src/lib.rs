//! One suite of tests that every store must pass.
