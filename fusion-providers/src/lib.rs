//! Providers of language models, and the host of provider plugins.
