//! The Rust program: it has the code of the step `count`, and works on the store until the run has ended.

use std::collections::BTreeMap;
use std::error::Error;

use fusion_core::Fusion;
use fusion_core::model::RunId;
use serde::Deserialize;

/// What `count` is given: arguments have names, in every language.
#[derive(Deserialize)]
struct Given {
    words: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(store), Some(run)) = (args.next(), args.next()) else {
        return Err("usage: three-languages STORE RUN".into());
    };
    let fusion = Fusion::open(&store).await?;
    fusion.step("count", |given: Given| async move {
        let mut counts = BTreeMap::new();
        for word in given.words {
            *counts.entry(word.to_lowercase()).or_insert(0_u32) += 1;
        }
        Ok(counts)
    });
    // From here on it takes what is offered: the run comes when it needs `count`.
    fusion.recover().await?;
    fusion.find(&RunId::new(&run)?).await?.wait().await?;
    fusion.close().await?;
    Ok(())
}
