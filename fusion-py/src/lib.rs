//! The Python binding: converts, calls the core, converts back.
