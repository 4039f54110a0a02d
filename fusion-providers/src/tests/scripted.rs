//! Recordings: made from any provider, without secrets, and played again.

use fusion_core::contract::Provider;
use fusion_core::error::Code;
use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Request,
};
use futures_util::StreamExt;

use super::world::{question, world};
use crate::Scripted;
use crate::layer::ProviderExt;
use crate::scripted::{Record, Timed, read, write};

#[test]
fn what_was_recorded_is_played_again() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.jsonl");
    let secrets = Secrets::new(|_| Some("hunter2-hunter2".into()));
    secrets.get("KEY").unwrap();
    let chunks = [Chunk::text("a"), Chunk::text("b"), Chunk::end(Finish::Length)];
    let vectors =
        Embeddings { vectors: vec![vec![0.1, f32::MIN_POSITIVE]], ..Embeddings::default() };
    let live = Scripted::new("live")
        .answer(Answer::text_of("m", "the key is hunter2-hunter2"))
        .after_ms(20)
        .answer(Answer::text_of("m", "again"))
        .fault(Fault::new(FaultKind::RateLimit, "slow down").retry_after_ms(3))
        .stream(chunks)
        .embeddings(vectors.clone());
    let recorded = live.layer(Record::to(&path, secrets.clone()));
    let call = world.call();
    let secret = Request::new("m").user("hunter2-hunter2");
    let embed = Embed::new("m", ["x"]);
    world.run(async {
        recorded.complete(&call, &secret).await.unwrap();
        recorded.complete(&call, &secret).await.unwrap();
        recorded.complete(&call, &question()).await.unwrap_err();
        let stream = recorded.stream(&call, &question().user("more")).await.unwrap();
        assert_eq!(stream.count().await, 3);
        recorded.embed(&call, &embed).await.unwrap();
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hunter2") && text.contains("***"), "{text}");
    assert!(!folder.path().join("talk.jsonl.new").exists());

    let replay =
        Scripted::new("replay").without_secrets(secrets.redactor()).exchanges(read(&path).unwrap());
    world.run(async {
        let said = |request: Request| {
            let replay = replay.clone();
            let call = call.clone();
            async move { replay.complete(&call, &request).await.map(|answer| answer.text()) }
        };
        assert_eq!(said(question().user("more")).await.unwrap(), "ab");
        assert_eq!(said(secret.clone()).await.unwrap(), "the key is ***");
        let began = world.now();
        assert_eq!(said(secret.clone()).await.unwrap(), "again");
        assert_eq!(world.now() - began, 20, "delays are played too");
        assert_eq!(said(secret.clone()).await.unwrap(), "again");
        let fault = said(question()).await.unwrap_err();
        assert_eq!((fault.kind(), fault.pause_ms()), (FaultKind::RateLimit, Some(3)));
        assert_eq!(replay.embed(&call, &embed).await.unwrap(), vectors);
    });
}

#[test]
fn a_question_that_was_not_recorded_shows_the_nearest_one() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.jsonl");
    let recorded = Scripted::new("live")
        .answer(Answer::text_of("m", "x"))
        .layer(Record::to(&path, Secrets::none()));
    world.run(recorded.complete(&world.call(), &question())).unwrap();
    let replay = Scripted::replay("replay", &path).unwrap();
    let fault =
        world.run(replay.complete(&world.call(), &Request::new("m").user("hallo"))).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    for word in ["was not recorded", "\"hello\"", "\"hallo\"", "chat.messages.0.parts.0.text"] {
        assert!(fault.message().contains(word), "{fault}");
    }
    let over = world.run(Scripted::new("s").complete(&world.call(), &question())).unwrap_err();
    assert!(over.message().contains("the script is over"), "{over}");
}

#[test]
fn recordings_of_other_versions_and_garbage_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r");
    let code = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read(&path).unwrap_err().code()
    };
    assert_eq!(code("{\"fusion_recording\":2}\n"), Code::StoreNewer);
    assert_eq!(code("{\"fusion_recording\":2,\"exchanges\":[]}"), Code::StoreNewer);
    for garbage in [
        "",
        "\n\n",
        "nope",
        "{}",
        "{\"fusion_recording\":1}\n{\"asked\":1}",
        "{\"fusion_recording\":1}\n{",
    ] {
        assert_eq!(code(garbage), Code::Syntax, "{garbage}");
    }
    assert_eq!(read(&folder.path().join("none")).unwrap_err().code(), Code::FileUnreadable);
    std::fs::write(&path, "{\"fusion_recording\":1,\"exchanges\":[]}").unwrap();
    assert!(read(&path).unwrap().is_empty());
    write(&path, &[]).unwrap();
    assert!(read(&path).unwrap().is_empty());
    assert!(write(folder.path(), &[]).is_err());
}

#[test]
fn pauses_between_chunks_are_recorded() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r");
    let timed = |after_ms, chunk| Timed { after_ms, chunk };
    let said = crate::scripted::Said::Stream(
        vec![timed(5, Chunk::text("a")), timed(30, Chunk::end(Finish::Stop))],
        None,
    );
    let exchange = crate::scripted::Exchange {
        asked: crate::scripted::Asked::Any,
        said: said.clone(),
        after_ms: 0,
    };
    let recorded =
        Scripted::new("live").exchanges([exchange]).layer(Record::to(&path, Secrets::none()));
    world.run(async { recorded.stream(&world.call(), &question()).await.unwrap().count().await });
    assert_eq!(read(&path).unwrap().remove(0).said, said);
}
