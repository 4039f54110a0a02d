//! The C ABI and the SDK for authors of provider plugins: filled with the providers.
