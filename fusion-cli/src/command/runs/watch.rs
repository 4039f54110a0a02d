//! `fusion runs watch`.

use fusion_core::Driven;
use fusion_core::error::Result;
use serde_json::json;

use crate::args::{Global, Named};
use crate::command::find;
use crate::command::follow::{Followed, How, follow};
use crate::command::interrupt::{INTERRUPTED, Interrupt};
use crate::command::run::conclude;
use crate::render::Out;

/// Follows a run that others drive.
pub(super) async fn watch(named: &Named, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &named.run).await?;
    if fusion.driver(run.id()).await? == Driven::Nowhere {
        out.note("no process drives the run now: `fusion recover` or a `fusion worker` does");
    }
    let mut interrupt = Interrupt::new()?;
    match follow(&fusion, &run, out, &mut interrupt, How::default()).await? {
        Followed::Ended => conclude(&fusion, &run, out).await,
        Followed::Interrupted => {
            fusion.close().await?;
            if out.json {
                Out::value(&json!({"run": run.id().as_str(), "interrupted": true}));
            }
            Ok(INTERRUPTED)
        }
    }
}
