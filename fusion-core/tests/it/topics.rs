//! Topics, broadcasts, capabilities, followers: messages to more than one.

use fusion_core::Fusion;
use fusion_core::coordination::{Delivery, MailboxOptions, Message};
use fusion_core::error::Code;

crate::on_every_store! {
    topics_reach_who_subscribed,
    a_broadcast_reaches_all_who_are_there,
    a_capability_finds_someone,
    a_full_mailbox_holds_up_no_other,
    history_tells_what_was_said,
    a_follower_reads_from_any_place,
    unrecorded_messages_are_received,
}

fn note(from: &str, to: &str, n: u32) -> Message {
    Message::new(from, to, "note", &n).unwrap()
}

fn numbers(found: &[Delivery]) -> Vec<u32> {
    found.iter().map(|one| one.decode().unwrap()).collect()
}

async fn topics_reach_who_subscribed(fusion: Fusion) {
    let mut all = Vec::new();
    for (name, topic) in [("a", "build.done"), ("b", "build.*"), ("c", "test.**")] {
        let mailbox = fusion.mailbox(name).await.unwrap();
        mailbox.subscribe(topic).await.unwrap();
        all.push(mailbox);
    }
    let sent = fusion.send(note("ci", "topic/build.done", 1)).await.unwrap();
    assert_eq!(sent.to, ["a".into(), "b".into()]);
    all[1].unsubscribe("build.*").await.unwrap();
    assert_eq!(fusion.send(note("ci", "topic/build.done", 2)).await.unwrap().to, ["a".into()]);
    assert_eq!(numbers(&all[0].receive(9).await.unwrap()), [1, 2]);
    assert_eq!(numbers(&all[1].receive(9).await.unwrap()), [1]);
    assert!(fusion.send(note("ci", "topic/nobody.cares", 3)).await.unwrap().to.is_empty());
}

async fn a_broadcast_reaches_all_who_are_there(fusion: Fusion) {
    let mut a = fusion.mailbox("a").await.unwrap();
    let _b = fusion.mailbox("b").await.unwrap();
    let sent = fusion.send(note("b", "*", 1)).await.unwrap();
    assert_eq!(sent.to, ["a".into()], "not to the sender");
    let mut late = fusion.mailbox("late").await.unwrap();
    assert_eq!(numbers(&a.receive(9).await.unwrap()), [1]);
    assert!(late.receive_now(9).await.unwrap().is_empty(), "who comes later gets no old ones");
    let asked = fusion.history("*", 0).unwrap().messages(9).await.unwrap();
    assert_eq!(asked.len(), 1, "unless it asks");
}

async fn a_capability_finds_someone(fusion: Fusion) {
    let able = MailboxOptions { capabilities: vec!["review".into()], ..MailboxOptions::default() };
    for name in ["a", "b"] {
        fusion.mailbox_with(name, able.clone()).await.unwrap();
    }
    fusion.mailbox("c").await.unwrap();
    let mut got = Vec::new();
    for n in 0..4 {
        got.extend(fusion.send(note("x", "capability/review", n)).await.unwrap().to);
    }
    got.sort();
    assert_eq!(got, ["a".into(), "a".into(), "b".into(), "b".into()]);
    assert!(!fusion.history("a", 0).unwrap().page(9).await.unwrap().is_empty());
}

async fn a_full_mailbox_holds_up_no_other(fusion: Fusion) {
    let small = MailboxOptions { capacity: 1, ..MailboxOptions::default() };
    let slow = fusion.mailbox_with("slow", small).await.unwrap();
    let mut quick = fusion.mailbox("quick").await.unwrap();
    for mailbox in [&slow, &quick] {
        mailbox.subscribe("news").await.unwrap();
    }
    for n in 0..3 {
        let sent = fusion.send(note("x", "topic/news", n)).await.unwrap();
        assert_eq!(sent.full.len(), usize::from(n > 0));
    }
    assert_eq!(numbers(&quick.receive(9).await.unwrap()), [0, 1, 2]);
    assert_eq!(fusion.history("topic/news", 0).unwrap().messages(9).await.unwrap().len(), 3);
}

async fn history_tells_what_was_said(fusion: Fusion) {
    let mut bob = fusion.mailbox("bob").await.unwrap();
    fusion.send(note("alice", "bob", 1)).await.unwrap();
    let one = bob.receive(1).await.unwrap().remove(0);
    let id = one.id().to_owned();
    one.acknowledge().await.unwrap();
    let told = fusion.history("bob", 0).unwrap().page(9).await.unwrap();
    let names: Vec<&str> = told.iter().map(|said| &*said.name).collect();
    assert_eq!(names, ["message.sent", "message.acknowledged"]);
    assert!(told.iter().all(|said| *said.id == *id && &*said.channel == "@bob"));
    assert_eq!(told[1].agent.as_deref(), Some("bob"));
}

async fn a_follower_reads_from_any_place(fusion: Fusion) {
    for n in 0..5 {
        fusion.send(note("ci", "topic/build.linux", n)).await.unwrap();
    }
    let mut late = fusion.follow("build.linux", 3).unwrap();
    let mut all = fusion.follow("build.*", 0).unwrap();
    let mut numbers = Vec::new();
    for _ in 0..2 {
        numbers.push(late.next().await.unwrap().message.unwrap().content.decode::<u32>().unwrap());
    }
    assert_eq!(numbers, [3, 4]);
    let publish = async {
        crate::pause(20).await;
        fusion.send(note("ci", "topic/build.mac", 9)).await.unwrap();
    };
    let follow = async {
        let mut count = 0;
        while &*all.next().await.unwrap().channel != "build.mac" {
            count += 1;
        }
        count
    };
    assert_eq!(tokio::join!(publish, follow).1, 5);
}

async fn unrecorded_messages_are_received(fusion: Fusion) {
    let refused = fusion.line("bob").unwrap_err();
    assert_eq!(refused.code(), Code::RunNotFound);
    let mut bob = fusion.mailbox("bob").await.unwrap();
    let line = fusion.line("bob").unwrap();
    for n in 0..100 {
        line.send(note("alice", "bob", n)).await.unwrap();
    }
    fusion.send(note("alice", "bob", 7)).await.unwrap();
    let mut came = Vec::new();
    while came.len() < 101 {
        let found = bob.receive(9).await.unwrap();
        came.extend(numbers(&found));
        bob.acknowledge(found).await.unwrap();
    }
    came.sort_unstable();
    assert_eq!(
        came,
        (0..100).chain([7]).collect::<std::collections::BinaryHeap<_>>().into_sorted_vec()
    );
    assert_eq!(fusion.history("bob", 0).unwrap().messages(999).await.unwrap().len(), 1);
    drop(bob);
    assert!(line.try_send(note("alice", "bob", 1)).is_err());
}
