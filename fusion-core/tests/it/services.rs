//! Services: registered, found, called, composed.

use fusion_core::Fusion;
use fusion_core::contract::BoxFuture;
use fusion_core::coordination::service::{
    Composition, Criteria, Part, Rule, Service, Strategy, Target,
};
use fusion_core::error::Code;
use fusion_core::model::Failure;
use fusion_core::object::{Object, Reaction, Turn};
use serde_json::{Value, json};

crate::on_every_store! {
    what_is_registered_is_found,
    who_is_silent_vanishes,
    calls_reach_agents_and_objects,
    a_composition_bears_what_its_rule_says,
}

fn service(id: &str, target: Target) -> Service {
    Service::new(id, "search", target)
}

/// Doubles what it gets.
#[derive(Debug)]
struct Doubler;

impl Object for Doubler {
    fn kind(&self) -> &'static str {
        "doubler"
    }

    fn initialize(&self, _: &str) -> Value {
        json!(0)
    }

    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
        Box::pin(async move {
            let Some(number) = turn.content.as_i64() else {
                return Err(Failure::error("not a number"));
            };
            Ok(Reaction::state(json!(number)).reply(json!([turn.id.to_string(), 2 * number])))
        })
    }
}

fn doubler(id: &str) -> Target {
    Target::Object("doubler".into(), id.into())
}

async fn what_is_registered_is_found(fusion: Fusion) {
    let services = fusion.services();
    for (id, region) in [("a", "eu"), ("b", "us")] {
        let mut one = service(id, doubler(id));
        one.capabilities.push("fuzzy".into());
        one.metadata.insert("region".into(), region.into());
        services.register(&one).await.unwrap();
    }
    services.register(&Service::new("c", "mail", doubler("c"))).await.unwrap();
    let found = |criteria: Criteria| {
        let services = services.clone();
        async move {
            let found = services.discover(&criteria).await.unwrap();
            found.into_iter().map(|one| one.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(Criteria::named("search")).await, ["a", "b"]);
    assert_eq!(found(Criteria::default().able("fuzzy").with("region", "us")).await, ["b"]);
    services.update("b", |one| one.metadata["region"] = "eu".into()).await.unwrap();
    assert_eq!(found(Criteria::default().with("region", "eu")).await, ["a", "b"]);
    services.deregister("a").await.unwrap();
    assert_eq!(services.list().await.unwrap().len(), 2);
    assert_eq!(services.update("a", |_| {}).await.unwrap_err().code(), Code::RunNotFound);
}

async fn who_is_silent_vanishes(fusion: Fusion) {
    let services = fusion.services();
    let one = Service { ttl_ms: Some(80), ..service("a", doubler("a")) };
    services.register(&one).await.unwrap();
    for _ in 0..4 {
        crate::pause(30).await;
        services.beat("a").await.unwrap();
    }
    assert_eq!(services.list().await.unwrap().len(), 1);
    crate::pause(120).await;
    assert!(services.list().await.unwrap().is_empty());
    assert!(services.beat("a").await.is_err(), "it is taken out");
}

async fn calls_reach_agents_and_objects(fusion: Fusion) {
    let services = fusion.services();
    fusion.objects().register(Doubler).await.unwrap();
    let nobody = Criteria::named("search");
    let turns = (&nobody, &Strategy::RoundRobin);
    let none = services.call(turns, ("x", &json!(1)), 1_000).await.unwrap_err();
    assert_eq!(none.code(), Code::RunNotFound);
    for id in ["a", "b"] {
        services.register(&service(id, doubler(id))).await.unwrap();
    }
    let mut who = Vec::new();
    for _ in 0..4 {
        let answer = services.call(turns, ("x", &json!(4)), 5_000).await.unwrap();
        assert_eq!(answer[1], 8);
        who.push(answer[0].as_str().unwrap().to_owned());
    }
    who.sort();
    assert_eq!(who, ["a", "a", "b", "b"]);
    let sticky = Strategy::Sticky("key".into());
    let first = services.call((&nobody, &sticky), ("x", &json!(1)), 5_000).await.unwrap();
    for _ in 0..3 {
        let again = services.call((&nobody, &sticky), ("x", &json!(1)), 5_000).await.unwrap();
        assert_eq!(again, first);
    }
    // One that does not answer is passed over.
    services.register(&service("0", Target::Agent("nobody".into()))).await.unwrap();
    for _ in 0..3 {
        services.call(turns, ("x", &json!(1)), 5_000).await.unwrap();
    }
}

async fn a_composition_bears_what_its_rule_says(fusion: Fusion) {
    let services = fusion.services();
    fusion.objects().register(Doubler).await.unwrap();
    services.register(&Service::new("a", "one", doubler("a"))).await.unwrap();
    let parts = vec![
        Part::new("well", Criteria::named("one"), "x"),
        Part::new("gone", Criteria::named("two"), "x"),
    ];
    let all = Composition::together(parts.clone(), Rule::All);
    let failed = services.compose(&all, &json!(3), 5_000).await.unwrap_err();
    assert!(failed.message().contains("gone"), "{failed}");
    let some = Composition::together(parts.clone(), Rule::AtLeast(1));
    let whole = services.compose(&some, &json!(3), 5_000).await.unwrap();
    assert_eq!(whole["well"], json!(["a", 6]));
    assert!(whole["failed"]["gone"].is_string());
    let chain =
        Composition::chain(parts.into_iter().map(|part| part.otherwise(json!(7))).collect());
    let whole = services.compose(&chain, &json!(3), 5_000).await.unwrap();
    assert_eq!(whole, json!({"well": ["a", 6], "gone": 7}));
}
