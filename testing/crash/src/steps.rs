//! The steps of the reference run. Each writes one line as it is entered, and one as it is left.

use std::sync::Arc;
use std::time::Duration;

use fusion_core::Fusion;
use fusion_core::contract::Context;
use fusion_core::model::Failure;
use serde_json::Value;

use crate::Fault;
use crate::ledger::{Ledger, What};

/// How long a body takes, so that a kill finds some at work.
const BODY: Duration = Duration::from_millis(1);

/// What a step does with its input.
type Work = fn(&Context, Option<i64>) -> Result<i64, Failure>;

/// Registers all steps and sub-workflows.
pub fn register(fusion: &Fusion, ledger: &Arc<Ledger>) {
    step(fusion, ledger, "add", |_, n| Ok(n.unwrap_or(0) + 1));
    step(fusion, ledger, "grow", |_, n| Ok(n.unwrap_or(0) + 1));
    step(fusion, ledger, "double", |_, n| Ok(n.unwrap_or(0) * 2));
    step(fusion, ledger, "once", |_, n| Ok(n.unwrap_or(0) + 1000));
    step(fusion, ledger, "sold_out", |_, _| Err(Failure::error("no car is left").permanent()));
    step(fusion, ledger, "shaky", |ctx, n| match ctx.about().attempt {
        1 => Err(Failure::error("never at the first attempt")),
        _ => Ok(n.unwrap_or(0)),
    });
    thrifty(fusion, ledger.clone());
    fusion.workflow(crate::workflow::inner());
    fusion.workflow(crate::workflow::trip());
}

fn say(ledger: &Ledger, ctx: &Context, part: &str, what: What) -> Result<(), Failure> {
    ledger.write(&ctx.about(), part, what).map_err(|fault: Fault| {
        Failure::error(format!("the ledger cannot be written: {fault}")).permanent()
    })
}

fn step(fusion: &Fusion, ledger: &Arc<Ledger>, name: &str, work: Work) {
    let ledger = ledger.clone();
    fusion.step_with(name, move |ctx, input: Option<i64>| {
        let ledger = ledger.clone();
        async move {
            say(&ledger, &ctx, "", What::Entered)?;
            rest().await;
            let result = work(&ctx, input);
            let what = if result.is_ok() { What::Left } else { What::Failed };
            say(&ledger, &ctx, "", what)?;
            result
        }
    });
}

/// A body of two remembered parts.
fn thrifty(fusion: &Fusion, ledger: Arc<Ledger>) {
    fusion.step_with("thrifty", move |ctx, input: Value| {
        let ledger = ledger.clone();
        async move {
            say(&ledger, &ctx, "", What::Entered)?;
            let mut sum = input.as_i64().unwrap_or(0);
            for part in ["first", "second"] {
                let name = format!("#{part}");
                sum += ctx
                    .memo(part, async {
                        say(&ledger, &ctx, &name, What::Entered)?;
                        rest().await;
                        say(&ledger, &ctx, &name, What::Left)?;
                        Ok(10)
                    })
                    .await?;
            }
            say(&ledger, &ctx, "", What::Left)?;
            Ok(sum)
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "a body is outside of the engine's world")]
async fn rest() {
    tokio::time::sleep(BODY).await;
}
