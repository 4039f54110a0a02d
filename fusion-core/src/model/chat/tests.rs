//! What holds for every request, answer and stream.

mod fold;
mod request;
