//! What agents remember: facts by key and by words, their saved state, old versions of it.

use fusion_core::Fusion;
use fusion_core::error::Code;
use fusion_core::model::Failure;
use serde_json::{Value, json};

crate::on_every_store! {
    facts_are_found_by_key_and_by_words,
    owners_know_nothing_of_one_another,
    a_state_of_an_older_version_is_brought_up,
    what_does_not_fit_is_refused_and_changes_nothing,
}

async fn facts_are_found_by_key_and_by_words(fusion: Fusion) {
    let memory = fusion.memories().of("writer").unwrap();
    memory.remember("customer/acme", &json!({"prefers": "invoices by mail"})).await.unwrap();
    memory.remember("customer/zeta", &"calls on Fridays").await.unwrap();
    memory.remember("customer/zeta", &"calls on Mondays").await.unwrap();
    assert_eq!(
        memory.recall::<String>("customer/zeta").await.unwrap().unwrap(),
        "calls on Mondays"
    );
    assert_eq!(memory.recall::<String>("customer/none").await.unwrap(), None);
    let found = memory.search("which customer wants an invoice?", 1).await.unwrap();
    assert_eq!(
        found.iter().map(|one| one.fact.key.as_str()).collect::<Vec<_>>(),
        ["customer/acme"]
    );
    let keys = memory.facts().await.unwrap().into_iter().map(|fact| fact.key);
    assert_eq!(keys.collect::<Vec<_>>(), ["customer/acme", "customer/zeta"]);
    assert!(memory.forget("customer/acme").await.unwrap());
    assert!(!memory.forget("customer/acme").await.unwrap());
    assert!(memory.search("invoice", 5).await.unwrap().is_empty());
    fusion.close().await.unwrap();
}

async fn owners_know_nothing_of_one_another(fusion: Fusion) {
    let (one, other) = (fusion.memories().of("a").unwrap(), fusion.memories().of("a-1").unwrap());
    for n in 0..1_100 {
        one.remember(&format!("{n:04}"), &n).await.unwrap();
    }
    other.remember("0001", &"mine").await.unwrap();
    assert_eq!(one.facts().await.unwrap().len(), 1_100);
    assert_eq!(other.facts().await.unwrap().len(), 1);
    assert_eq!(one.recall::<u32>("0001").await.unwrap(), Some(1));
    fusion.close().await.unwrap();
}

/// Version 1 knew a name, version 2 a first one, version 3 when it was learned.
fn upcast(from: u32, mut state: Value) -> Result<Value, Failure> {
    match from {
        1 => Ok(json!({"first": state["name"]})),
        2 => {
            state["since"] = json!(0);
            Ok(state)
        }
        _ => Err(Failure::error("unknown")),
    }
}

async fn a_state_of_an_older_version_is_brought_up(fusion: Fusion) {
    let memory = fusion.memories().of("bob").unwrap();
    assert_eq!(memory.load_state::<Value>(3, upcast).await.unwrap(), None);
    memory.save_state(1, &json!({"name": "Ada"})).await.unwrap();
    let state: Value = memory.load_state(3, upcast).await.unwrap().unwrap();
    assert_eq!(state, json!({"first": "Ada", "since": 0}));
    // What was loaded was not saved.
    assert_eq!(memory.saved_state().await.unwrap(), Some((1, json!({"name": "Ada"}))));
    memory.save_state(3, &state).await.unwrap();
    let newer = memory.load_state::<Value>(2, upcast).await.unwrap_err();
    assert_eq!(newer.code(), Code::StoreNewer);
    let no_way = memory.load_state::<Value>(4, upcast).await.unwrap_err();
    assert!(no_way.to_string().contains("from version 3 to 4: unknown"), "{no_way}");
    let wrong = memory.load_state::<Vec<u8>>(3, upcast).await.unwrap_err();
    assert_eq!(wrong.code(), Code::Codec);
    fusion.close().await.unwrap();
}

async fn what_does_not_fit_is_refused_and_changes_nothing(fusion: Fusion) {
    let memories = fusion.memories();
    for owner in ["", "a/b", "ä", &"x".repeat(129)] {
        assert_eq!(memories.of(owner).unwrap_err().code(), Code::InvalidId, "{owner}");
    }
    let memory = memories.of("a").unwrap();
    for key in ["", "  ", "a\nb", "\u{1b}[2J", &"x".repeat(257)] {
        assert_eq!(memory.remember(key, &1).await.unwrap_err().code(), Code::InvalidId, "{key}");
    }
    memory.remember("k", &1).await.unwrap();
    let large = memory.remember("k", &"x".repeat(70_000)).await.unwrap_err();
    assert_eq!(large.code(), Code::Limit);
    assert_eq!(memory.recall::<u8>("k").await.unwrap(), Some(1));
    assert_eq!(memory.recall::<String>("k").await.unwrap_err().code(), Code::Codec);
    memory.remember("日本/ключ 'x' %_", &"Unicode").await.unwrap();
    assert_eq!(memory.recall::<String>("日本/ключ 'x' %_").await.unwrap().unwrap(), "Unicode");
    fusion.close().await.unwrap();
}
