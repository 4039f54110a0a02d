//! Programs that hang, write without end, or leave children behind.

use std::sync::Arc;
use std::time::Instant;

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Chunk, FaultKind};
use fusion_core::run::Wish;
use futures_util::StreamExt;

use crate::bed::{Bed, ask, await_holders, call, limited, request, unique_seconds};

const GOOD: &str = r#"echo '{"type":"item.completed","item":{"type":"agent_message","text":"Hi"}}'; echo '{"type":"turn.completed"}'"#;

#[tokio::test]
async fn one_that_hangs_is_ended_with_its_children() {
    let seconds = unique_seconds();
    let bed = Bed::new(&format!("sleep {seconds} & setsid sleep {seconds} & sleep {seconds}"));
    let fault =
        bed.provider("codex").complete(&limited(500, 60_000), &request()).await.unwrap_err();
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Timeout, "no word from it within 500 ms")
    );
    await_holders(&seconds, 0).await;
}

#[tokio::test]
async fn the_whole_time_is_limited_too() {
    let bed = Bed::new("while true; do echo '{}'; sleep 0.05; done");
    let fault = bed.provider("codex").complete(&limited(5_000, 700), &request()).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Timeout);
}

#[tokio::test]
async fn a_cancel_ends_the_whole_group_also_one_that_does_not_listen() {
    for script in [
        "sleep SECONDS & sleep SECONDS",
        "trap '' TERM INT; sleep SECONDS & while true; do sleep SECONDS; done",
    ] {
        let (wish, seconds) = (Wish::default(), unique_seconds());
        let bed = Bed::new(&script.replace("SECONDS", &seconds));
        let (provider, call) = (bed.provider("claude"), call().stop(Arc::new(wish.clone())));
        let request = request();
        let asked = provider.complete(&call, &request);
        let cancel = async {
            await_holders(&seconds, 2).await;
            wish.give();
        };
        let (answer, ()) = tokio::join!(asked, cancel);
        assert_eq!(answer.unwrap_err().kind(), FaultKind::Cancelled);
        await_holders(&seconds, 0).await;
    }
}

#[tokio::test]
async fn who_looks_away_ends_it() {
    let seconds = unique_seconds();
    let bed = Bed::new(&format!("{GOOD} | head -n 1; setsid sleep {seconds} & sleep {seconds}"));
    let mut chunks = bed.provider("codex").stream(&call(), &request()).await.unwrap();
    assert_eq!(chunks.next().await.unwrap().unwrap(), Chunk::text("Hi"));
    drop(chunks);
    await_holders(&seconds, 0).await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "tests wait for the real machine")]
async fn one_that_has_said_all_and_stays_is_ended_and_its_answer_counts() {
    let seconds = unique_seconds();
    let start = Instant::now();
    let bed = Bed::new(&format!("{GOOD}; sleep {seconds}"));
    assert_eq!(ask(&bed.provider("codex")).await.unwrap().text(), "Hi");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    await_holders(&seconds, 0).await;
}

#[tokio::test]
async fn one_that_does_not_read_its_input_or_leaves_a_child_is_not_waited_for() {
    let seconds = unique_seconds();
    let bed = Bed::new(&format!("sleep {seconds} & echo $! > \"$(dirname \"$0\")/pid\"; {GOOD}"));
    let mut long = request();
    long.messages[0] = fusion_core::model::chat::Message::user("word ".repeat(200_000));
    let answer = bed.provider("codex").complete(&call(), &long).await.unwrap();
    assert_eq!(answer.text(), "Hi");
    // What a program leaves behind after it ended by itself is its own business.
    let pid: i32 = bed.noted("pid").trim().parse().unwrap();
    let killed = Bed::new(&format!("kill {pid} && echo done"));
    ask(&killed.plain()).await.unwrap();
}

#[tokio::test]
async fn output_is_bounded() {
    let seconds = unique_seconds();
    let bed = Bed::new(&format!("sleep {seconds} & head -c 20000000 /dev/zero; sleep {seconds}"));
    let fault = ask(&bed.provider("codex")).await.unwrap_err();
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Malformed, "a line is longer than 16777216 bytes")
    );
    await_holders(&seconds, 0).await;
    let bed = Bed::new("head -c 70000000 /dev/zero");
    let fault = ask(&bed.plain()).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Malformed, "{fault:?}");
}
