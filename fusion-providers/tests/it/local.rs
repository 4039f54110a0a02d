//! Servers that listen on this machine are found by themselves.

use fusion_core::contract::Provider;
use fusion_providers::{Http, Keys, discover};

use crate::bed::{call, request};
use crate::server::{Act, Server, json};

#[tokio::test]
async fn what_listens_is_found_with_its_models() {
    let ollama = Server::start(vec![
        json(200, r#"{"models":[{"name":"smollm2:135m"},{"name":"other"}]}"#),
        json(200, r#"{"model":"smollm2:135m","message":{"content":"Hi"},"done":true}"#),
    ])
    .await;
    let hangs = Server::always(vec![Act::Hang]).await;
    let (there, slow) = (ollama.url.clone(), hangs.url.clone());
    let keys = Keys::new(move |name| match name {
        "OLLAMA_HOST" => Some(there.clone()),
        "LLAMA_BASE_URL" => Some(slow.clone()),
        _ => None,
    });
    let found = discover(&call(), &keys, &Http::default()).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].name, found[0].models.len()), ("ollama", 2));
    let unnamed = fusion_core::model::chat::Request { model: String::new(), ..request() };
    assert_eq!(found[0].provider.complete(&call(), &unnamed).await.unwrap().text(), "Hi");
    assert!(ollama.requests()[1].contains(r#""model":"smollm2:135m""#), "{:?}", ollama.requests());
}
