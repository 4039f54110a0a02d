//! The bell rings after commits.

use futures_util::FutureExt;

use fusion_core::contract::Subscription;
use fusion_core::error::Result;

use fusion_core::model::{Enqueue, Op};

use super::words::{Sut, append, batch, claim, enqueue, entry, first, records, session};

fn rang(subscription: &mut Box<dyn Subscription>) -> bool {
    subscription.heard().now_or_never().is_some()
}

pub(super) async fn commits_ring(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let bus = store.bus();
    let (mut queue, mut stream) = (bus.listen(&["queue/q"]), bus.listen(&["stream/s", "mine"]));
    store.commit(batch([enqueue("q", "k")])).await?;
    assert_eq!((rang(&mut queue), rang(&mut stream)), (true, false));
    store.commit(batch([append("s", 0, 0, records(1, 1))])).await?;
    assert_eq!((rang(&mut queue), rang(&mut stream)), (false, true));
    store.commit(batch([append("t", 0, 0, records(1, 1)), claim(&["q"], 1, me)])).await?;
    assert_eq!((rang(&mut queue), rang(&mut stream)), (false, false));
    bus.ring("mine");
    assert!(rang(&mut stream));
    let refused = store.commit(batch([enqueue("q", "l"), append("s", 0, 0, records(1, 1))])).await;
    assert!(refused.is_err() && !rang(&mut queue), "what was refused does not ring");
    Ok(())
}

pub(super) async fn rings_in_between_are_one(store: &Sut) -> Result<()> {
    let mut ear = store.bus().listen(&["queue/q"]);
    assert!(!rang(&mut ear));
    for key in ["a", "b", "c"] {
        store.commit(batch([enqueue("q", key)])).await?;
    }
    assert!(rang(&mut ear));
    assert!(!rang(&mut ear));
    Ok(())
}

pub(super) async fn a_star_hears_all_that_begin_so(store: &Sut) -> Result<()> {
    let mut ear = store.bus().listen(&["queue/inbox/*"]);
    store.commit(batch([enqueue("inbo", "a"), enqueue("runs", "b")])).await?;
    assert!(!rang(&mut ear));
    store.commit(batch([enqueue("inbox/r", "c")])).await?;
    assert!(rang(&mut ear));
    Ok(())
}

pub(super) async fn a_place_that_others_wait_for_rings_when_it_is_free(store: &Sut) -> Result<()> {
    let me = session(store, 1).await?;
    let mut ear = store.bus().listen(&["queue/slot"]);
    let slot = Enqueue { ephemeral: true, session: Some(me), limit: Some(1), ..entry("slot", "s") };
    let receipt = store.commit(batch([Op::Enqueue(slot.clone())])).await?;
    assert!(rang(&mut ear));
    store.commit(batch([Op::Complete(first(&receipt))])).await?;
    assert!(rang(&mut ear), "who waits would not know");
    store.commit(batch([Op::Enqueue(slot)])).await?;
    assert!(rang(&mut ear));
    store.commit(batch([Op::Reap(vec![me])])).await?;
    assert!(rang(&mut ear), "its owner died");
    Ok(())
}
