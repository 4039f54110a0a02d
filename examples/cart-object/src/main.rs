//! A shopping cart that outlives its processes: `cart-object STORE add ITEM PRICE`, `show`, or `die`.
#![expect(clippy::print_stdout, reason = "an example says what it does")]

use std::error::Error;

use fusion_core::Fusion;
use fusion_core::contract::BoxFuture;
use fusion_core::model::Failure;
use fusion_core::object::{Object, Reaction, Turn};
use serde_json::{Map, Value, json};

/// The code of all carts: what was put in, and for how much.
#[derive(Debug)]
struct Cart;

impl Object for Cart {
    fn kind(&self) -> &'static str {
        "cart"
    }

    fn initialize(&self, _: &str) -> Value {
        json!({"items": {}})
    }

    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
        Box::pin(async move {
            let items = turn.state.get("items").and_then(Value::as_object);
            let count = items.map_or(0, Map::len);
            match &*turn.name {
                "add" => {
                    let item = turn.content.get("item").and_then(Value::as_str);
                    let price = turn.content.get("price").and_then(Value::as_u64);
                    let (Some(item), Some(price)) = (item, price) else {
                        return Err(Failure::error("an item has a name and a price in cents"));
                    };
                    // The event is a merge patch of the state: `apply` need not be written.
                    let patch = json!({"items": {item: price}});
                    Ok(Reaction::none().event("item.added", patch).reply(json!(count + 1)))
                }
                "total" => {
                    let prices = items.into_iter().flat_map(Map::values);
                    let total: u64 = prices.filter_map(Value::as_u64).sum();
                    Ok(Reaction::none().reply(json!(total)))
                }
                other => Err(Failure::error(format!("a cart cannot `{other}`"))),
            }
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let [store, words @ ..] = words.as_slice() else {
        return Err("usage: cart-object STORE add ITEM PRICE | show | die".into());
    };
    let fusion = Fusion::open(store).await?;
    fusion.objects().register(Cart).await?;
    let cart = fusion.objects().get("cart", "42")?;
    match words {
        ["add", item, price] => {
            let message = json!({"item": item, "price": price.parse::<u64>()?});
            let count: u64 = cart.call("add", &message).await?;
            println!("{count} in the cart");
        }
        ["die"] => {
            cart.call::<_, u64>("add", &json!({"item": "pear", "price": 75})).await?;
            // No goodbye: nothing is written, closed or given back.
            std::process::abort();
        }
        _ => {
            println!("total {}", cart.call::<_, u64>("total", &()).await?);
            for past in cart.history(0, 100).await? {
                println!("{} {} {}", past.seq, past.name, past.data);
            }
        }
    }
    fusion.close().await?;
    Ok(())
}
