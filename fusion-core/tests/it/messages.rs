//! Messages between agents: what a sender and a receiver may rely on.

use std::sync::Arc;
use std::task::Poll;

use fusion_core::Fusion;
use fusion_core::coordination::{Delivery, MailboxOptions, Message};
use fusion_core::error::Code;
use fusion_core::model::Payload;
use serde_json::json;

crate::on_every_store! {
    what_is_sent_is_received_and_done,
    messages_of_one_sender_keep_their_order,
    what_is_not_acknowledged_comes_again,
    what_is_held_too_long_comes_again,
    a_poisonous_message_goes_to_the_dead,
    who_does_not_exist_gets_nothing,
    a_full_mailbox_refuses,
    a_named_message_is_sent_once,
    a_request_gets_its_answer,
    an_answer_that_comes_late_is_in_the_mailbox,
    what_expires_is_not_delivered,
    what_must_wait_waits,
    large_messages_come_whole,
    a_parcel_is_settled_piece_by_piece,
    many_senders_lose_nothing,
    who_stops_waiting_loses_nothing,
}

fn note(from: &str, to: &str, n: u32) -> Message {
    Message::new(from, to, "note", &n).unwrap()
}

fn numbers(found: &[Delivery]) -> Vec<u32> {
    found.iter().map(|one| one.decode().unwrap()).collect()
}

async fn what_is_sent_is_received_and_done(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let message = Message::new("alice", "bob", "question", &json!({"what": "next"})).unwrap();
    let sent = fusion.send(message.with("tries", 1)).await.unwrap();
    assert_eq!((sent.to, sent.duplicate), (vec!["bob".into()], false));
    let mut found = bob.receive(10).await.unwrap();
    assert_eq!(found.len(), 1);
    let one = found.remove(0);
    assert_eq!((one.id(), &*one.sender, &*one.message_type), (&*sent.id, "alice", "question"));
    assert_eq!((one.attempt(), one.metadata["tries"].as_i64()), (1, Some(1)));
    assert!(one.timestamp > 1_700_000_000_000);
    assert!(bob.receive_now(10).await.unwrap().is_empty(), "who holds it has it alone");
    one.acknowledge().await.unwrap();
    assert_eq!(bob.waiting(10).await.unwrap(), 0);
}

async fn messages_of_one_sender_keep_their_order(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    for n in 0..20 {
        fusion.send(note("alice", "bob", n)).await.unwrap();
    }
    fusion.send_all((20..200).map(|n| note("alice", "bob", n)).collect()).await.unwrap();
    fusion.send(note("alice", "bob", 1000).priority(1)).await.unwrap();
    let mut came = Vec::new();
    for most in [1, 7, 1, 30].into_iter().cycle() {
        if came.len() == 201 {
            break;
        }
        let found = bob.receive(most).await.unwrap();
        assert!(!found.is_empty() && found.len() <= most);
        came.extend(numbers(&found));
        bob.acknowledge(found).await.unwrap();
    }
    assert_eq!(came, [1000].into_iter().chain(0..200).collect::<Vec<u32>>());
}

async fn what_is_not_acknowledged_comes_again(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    fusion.send_all((0..4).map(|n| note("alice", "bob", n)).collect()).await.unwrap();
    let mut first = bob.receive(2).await.unwrap();
    assert_eq!(numbers(&first), [0, 1]);
    first.remove(1).acknowledge().await.unwrap();
    drop(first);
    crate::pause(20).await;
    let again = bob.receive(9).await.unwrap();
    assert_eq!(numbers(&again), [0, 2, 3], "it comes back to its place");
    assert_eq!(again.iter().map(Delivery::attempt).collect::<Vec<_>>(), [2, 1, 1]);
    let mut again = again.into_iter();
    again.next().unwrap().release(40).await.unwrap();
    bob.acknowledge(again.collect()).await.unwrap();
    assert!(bob.receive_now(9).await.unwrap().is_empty(), "it waits");
    let last = bob.receive(9).await.unwrap();
    assert_eq!((numbers(&last), last[0].attempt()), (vec![0], 3));
}

async fn what_is_held_too_long_comes_again(fusion: Fusion) {
    let options = MailboxOptions { hold_ms: 60, ..MailboxOptions::default() };
    let mut bob = fusion.mailbox_with("bob", options).await.unwrap();
    fusion.send(note("alice", "bob", 1)).await.unwrap();
    let held = bob.receive(1).await.unwrap();
    let again = bob.receive(1).await.unwrap();
    assert_eq!((numbers(&again), again[0].attempt()), (vec![1], 2));
    let late = bob.acknowledge(held).await.unwrap_err();
    assert_eq!(late.code(), Code::Fenced);
    bob.acknowledge(again).await.unwrap();
}

async fn a_poisonous_message_goes_to_the_dead(fusion: Fusion) {
    let options = MailboxOptions { attempts: 2, ..MailboxOptions::default() };
    let mut bob = fusion.mailbox_with("bob", options).await.unwrap();
    fusion.send(note("alice", "bob", 1)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(numbers(&bob.receive(1).await.unwrap()), [1]);
    }
    while bob.waiting(9).await.unwrap() > 0 {
        assert!(bob.receive_now(1).await.unwrap().is_empty());
        crate::pause(5).await;
    }
    assert_eq!(bob.dead(9).await.unwrap().len(), 1);
    assert_eq!(bob.revive(9).await.unwrap(), 1);
    let back = bob.receive(1).await.unwrap();
    assert_eq!((numbers(&back), back[0].attempt()), (vec![1], 1));
}

async fn who_does_not_exist_gets_nothing(fusion: Fusion) {
    for to in ["bob", "capability/cooking"] {
        let refused = fusion.send(note("alice", to, 1)).await.unwrap_err();
        assert_eq!(refused.code(), Code::RunNotFound, "{to}");
    }
    let _bob = fusion.mailbox("bob").await.unwrap();
    fusion.send(note("alice", "bob", 1)).await.unwrap();
    fusion.messages().remove_mailbox("bob").await.unwrap();
    crate::pause(1100).await;
    assert!(fusion.send(note("alice", "bob", 2)).await.is_err());
}

async fn a_full_mailbox_refuses(fusion: Fusion) {
    let options = MailboxOptions { capacity: 2, ..MailboxOptions::default() };
    let mut bob = fusion.mailbox_with("bob", options).await.unwrap();
    let _eve = fusion.mailbox("eve").await.unwrap();
    for n in 0..2 {
        fusion.send(note("alice", "bob", n)).await.unwrap();
    }
    let (full, fine) =
        tokio::join!(fusion.send(note("alice", "bob", 2)), fusion.send(note("alice", "eve", 2)));
    assert_eq!(full.unwrap_err().code(), Code::Limit);
    assert!(fine.is_ok(), "it holds up no other");
    let one = bob.receive(1).await.unwrap();
    bob.acknowledge(one).await.unwrap();
    fusion.send(note("alice", "bob", 3)).await.unwrap();
}

async fn a_named_message_is_sent_once(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let named = |n| note("alice", "bob", n).named("order-7").unwrap();
    let both = tokio::join!(fusion.send(named(1)), fusion.send(named(1)));
    let first = bob.receive(9).await.unwrap();
    assert_eq!(numbers(&first), [1]);
    bob.acknowledge(first).await.unwrap();
    let third = fusion.send(named(2)).await.unwrap();
    let mut all = [both.0.unwrap().duplicate, both.1.unwrap().duplicate];
    all.sort_unstable();
    assert_eq!((all, third.duplicate), ([false, true], true));
    assert!(bob.receive_now(9).await.unwrap().is_empty());
}

async fn a_request_gets_its_answer(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let asked = fusion.request(note("alice", "bob", 20), 5_000);
    let answers = async {
        let one = bob.receive(1).await.unwrap().remove(0);
        let number: u32 = one.decode().unwrap();
        one.reply("answer", &(number + 1)).await.unwrap();
    };
    let (answer, ()) = tokio::join!(asked, answers);
    let answer = answer.unwrap();
    assert_eq!((answer.content.decode::<u32>().unwrap(), &*answer.sender), (21, "bob"));
    assert_eq!(bob.waiting(9).await.unwrap(), 0, "who answers has acknowledged");
    let first = answer.reply_to.clone().unwrap();
    let thread = fusion.messages().thread(&first, &["alice", "bob"]).await.unwrap();
    assert_eq!(thread.len(), 2);
    assert_eq!(thread[1].reply_to, thread[0].id);
}

async fn an_answer_that_comes_late_is_in_the_mailbox(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let mut alice = fusion.mailbox("alice").await.unwrap();
    let late = fusion.request(note("alice", "bob", 1), 20).await.unwrap_err();
    assert_eq!(late.code(), Code::WaitTimeout);
    let one = bob.receive(1).await.unwrap().remove(0);
    one.reply("answer", &2).await.unwrap();
    assert_eq!(numbers(&alice.receive(1).await.unwrap()), [2]);
}

async fn what_expires_is_not_delivered(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let now = fusion.now_ms();
    fusion.send(note("alice", "bob", 1).expires(now + 30)).await.unwrap();
    fusion.send(note("alice", "bob", 2)).await.unwrap();
    crate::pause(50).await;
    assert_eq!(numbers(&bob.receive(9).await.unwrap()), [2]);
    let told = fusion.history("bob", 0).unwrap().page(9).await.unwrap();
    assert!(told.iter().any(|said| &*said.name == "message.expired"), "{told:?}");
}

async fn what_must_wait_waits(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let soon = fusion.now_ms() + 60;
    fusion.send(note("alice", "bob", 1).not_before(soon)).await.unwrap();
    fusion.send(note("alice", "bob", 2)).await.unwrap();
    let first = bob.receive(9).await.unwrap();
    assert_eq!(numbers(&first), [2]);
    bob.acknowledge(first).await.unwrap();
    assert_eq!(numbers(&bob.receive(9).await.unwrap()), [1]);
    assert!(fusion.now_ms() >= soon);
}

async fn large_messages_come_whole(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let text = "x".repeat(300_000);
    let large = || Message::new("alice", "bob", "text", &text).unwrap();
    fusion.send_all(vec![large(), note("alice", "bob", 1), large()]).await.unwrap();
    let mut found = bob.receive(2).await.unwrap();
    assert_eq!(found.remove(0).decode::<String>().unwrap(), text);
    drop(found);
    crate::pause(50).await;
    let rest = bob.receive(9).await.unwrap();
    assert_eq!(rest.len(), 3, "the first one was dropped, too");
    assert_eq!(rest[2].decode::<String>().unwrap(), text);
    bob.acknowledge(rest).await.unwrap();
}

async fn a_parcel_is_settled_piece_by_piece(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    fusion.send_all((0..50).map(|n| note("alice", "bob", n)).collect()).await.unwrap();
    let found = bob.receive(50).await.unwrap();
    let mut kept = Vec::new();
    for one in found {
        let number: u32 = one.decode().unwrap();
        if number.is_multiple_of(3) { kept.push(one) } else { one.acknowledge().await.unwrap() }
    }
    drop(kept);
    crate::pause(20).await;
    let again = bob.receive(50).await.unwrap();
    assert_eq!(numbers(&again), (0..50).step_by(3).collect::<Vec<_>>());
}

/// Eight senders, three receivers that lose messages on purpose: each message is done once, and those of a pair whose
/// receiver takes one at a time come in order.
async fn many_senders_lose_nothing(fusion: Fusion) {
    const EACH: u32 = 60;
    let mut receivers = Vec::new();
    for name in ["r0", "r1", "r2"] {
        receivers.push(fusion.mailbox(name).await.unwrap());
    }
    let fusion = Arc::new(fusion);
    let senders = (0..8_u32).map(|sender| {
        let fusion = fusion.clone();
        async move {
            for n in 0..EACH {
                let to = format!("r{}", n % 3);
                fusion.send(note(&format!("s{sender}"), &to, n)).await.unwrap();
            }
        }
    });
    let readers = receivers.iter_mut().map(|mailbox| async move {
        let mut done: Vec<(Arc<str>, u32)> = Vec::new();
        let mut turn = 0;
        while done.len() < (8 * EACH / 3) as usize {
            let one = mailbox.receive(1).await.unwrap().remove(0);
            turn += 1;
            if turn == 7 {
                turn = 0;
                one.release(0).await.unwrap();
                continue;
            }
            let said = (one.sender.clone(), one.decode().unwrap());
            one.acknowledge().await.unwrap();
            done.push(said);
        }
        done
    });
    let (_, done) = tokio::join!(
        futures_util::future::join_all(senders),
        futures_util::future::join_all(readers)
    );
    for done in &done {
        for sender in 0..8 {
            let name = format!("s{sender}");
            let of: Vec<u32> =
                done.iter().filter(|(from, _)| **from == *name).map(|(_, n)| *n).collect();
            assert_eq!(of.len(), (EACH / 3) as usize, "{of:?}");
            assert!(of.is_sorted(), "{name}: {of:?}");
        }
    }
}

#[test]
fn content_may_be_any_json() {
    let content = Payload::from_json_bytes("not json");
    let message = Message::new("a", "b", "t", &1).unwrap();
    let wrong = Message { content, ..message };
    assert_eq!(wrong.to_json().unwrap_err().code(), Code::InvalidInput);
}

async fn who_stops_waiting_loses_nothing(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let mut came = Vec::new();
    for n in 0..200 {
        fusion.send(note("alice", "bob", n)).await.unwrap();
        let mut waits = std::pin::pin!(bob.receive(1));
        // Given up sooner or later: before the claim, in the middle of it, after it.
        for _ in 0..n % 7 {
            let polled = std::future::poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx))).await;
            if let Poll::Ready(found) = polled {
                let found = found.unwrap();
                came.extend(numbers(&found));
                for one in found {
                    one.acknowledge().await.unwrap();
                }
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    while came.len() < 200 {
        let found = bob.receive(3).await.unwrap();
        came.extend(numbers(&found));
        bob.acknowledge(found).await.unwrap();
    }
    assert_eq!(came, (0..200).collect::<Vec<u32>>());
}
