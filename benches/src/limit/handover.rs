//! A thread that sleeps until it is asked, and wakes who asked: what an answer from another thread costs without any of us.
#![expect(clippy::disallowed_methods, reason = "the limit is the thread itself")]

use std::sync::mpsc::sync_channel;

use crate::meter::start;
use crate::setup::Outcome;

/// Asks so many times; gives microseconds a question.
///
/// # Errors
/// When the thread is gone.
pub fn run(times: u32) -> Outcome<f64> {
    let (ask, asked) = sync_channel::<()>(1);
    let (answer, answered) = sync_channel::<()>(1);
    let thread =
        std::thread::spawn(move || while asked.recv().is_ok() && answer.send(()).is_ok() {});
    let cost = start();
    for _ in 0..times {
        ask.send(())?;
        answered.recv()?;
    }
    let seconds = cost().seconds;
    drop(ask);
    thread.join().map_err(|_| "the thread panicked")?;
    Ok(seconds / f64::from(times) * 1e6)
}
