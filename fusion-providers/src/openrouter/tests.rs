//! The catalogue.

use fusion_core::model::chat::{Usage, Usd};
use serde_json::json;

use super::catalogue;

#[test]
fn prices_and_abilities_are_read() {
    let value = json!({"data": [
        {"id": "a/b", "name": "B", "context_length": 131_072, "top_provider": {"max_completion_tokens": 8_192},
         "architecture": {"input_modalities": ["text", "image"]}, "supported_parameters": ["tools", "reasoning"],
         "pricing": {"prompt": "0.00000015", "completion": "0.0000006", "request": "0.001", "input_cache_read": "0.000000075", "input_cache_write": "0"}},
        {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        {"name": "nobody"}]});
    let models = catalogue::models(&value);
    assert_eq!(models.len(), 2);
    let price = models[0].price.unwrap();
    assert_eq!(
        (price.input.to_string(), price.output.to_string()),
        ("0.15".to_owned(), "0.6".to_owned())
    );
    assert_eq!((price.cached_read, price.cached_write), (Some("0.075".parse().unwrap()), None));
    assert_eq!(price.request, "0.001".parse::<Usd>().unwrap());
    assert_eq!(price.of(Usage::new(1_000_000, 0)).to_string(), "0.151");
    let able = models[0].capability;
    assert_eq!(
        (able.images, able.tools, able.schema, able.embeddings),
        (Some(true), Some(true), Some(false), None)
    );
    assert_eq!(models[1].price, None);
    assert_eq!(
        catalogue::quota(&json!({"data": {"limit_remaining": 4.25}})).credit,
        Some(Usd::from_cents(425))
    );
    assert!(catalogue::quota(&json!({"data": {"limit_remaining": null}})).is_empty());
}
