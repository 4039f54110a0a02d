//! The engine through its façade, on every store: what a program sees.
#![cfg(test)]

use fusion_core::Fusion;

/// Runs each test on the memory store and on an SQLite file.
macro_rules! on_every_store {
    ($($name:ident,)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(fusion_core::Fusion::open("memory://").await.unwrap()).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let (fusion, _folder) = crate::on_disk().await;
                super::$name(fusion).await;
            })*
        }
    };
}
pub(crate) use on_every_store;

/// Opens an engine on a fresh SQLite file; the folder goes when the second value is dropped.
async fn on_disk() -> (Fusion, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fusion.db");
    (Fusion::open(path.to_str().unwrap()).await.unwrap(), folder)
}

/// Lets some real time pass.
#[expect(
    clippy::disallowed_methods,
    reason = "tests watch the engine from outside, with the world's own clock"
)]
async fn pause(ms: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
}

mod again;
mod agents;
mod basics;
mod control;
mod meaning;
mod memory;
mod messages;
mod objects;
mod pains;
mod pairs;
mod payloads;
mod rests;
mod services;
mod team;
mod topics;
