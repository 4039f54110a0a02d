//! A crash between any two memos: what was recorded is not asked again, and the end is the same.

use super::*;

const TURNS: usize = 6;

/// A conversation with parallel calls, a summary, a repaired result: all that is recorded.
fn answers() -> Vec<Result<Answer, Fault>> {
    let mut all = Vec::new();
    for turn in 0..TURNS {
        let mut answer = calls(&[("add", r#"{"a":1,"b":2}"#), ("count", "{}")]).unwrap();
        answer.parts.insert(0, Part::text(format!("turn {turn} {}", "long ".repeat(100))));
        all.push(Ok(answer));
    }
    all
}

/// Answers by how long the conversation is, so that a request that is made again has the same answer.
#[derive(Debug, Clone, Default)]
struct Steady {
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Provider for Steady {
    fn name(&self) -> &'static str {
        "steady"
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.asked.lock().unwrap().push(call.key().to_owned());
        let is_summary = request.tools.is_empty();
        if is_summary {
            return says("in short");
        }
        let said = request.messages.iter().flat_map(|one| &one.parts).filter_map(Part::as_text);
        let turn = said
            .filter_map(|text| text.strip_prefix("turn ")?.get(..1)?.parse::<usize>().ok())
            .max();
        let repaired = request
            .messages
            .last()
            .is_some_and(|last| last.role == Role::User && last.text().contains("again"));
        match answers().into_iter().nth(turn.map_or(0, |turn| turn + 1)) {
            Some(answer) => answer,
            None if repaired => says("{\"n\": 1}"),
            None => says("one"),
        }
    }
}

#[tokio::test]
async fn after_a_crash_it_goes_on_at_the_very_call() {
    let whole = Steady::default();
    let used = Arc::new(AtomicU64::new(0));
    let make = |provider: Steady| {
        let used = used.clone();
        let count = no_arguments("count", move || Ok(json!(used.fetch_add(1, Ordering::SeqCst))));
        LlmAgent::new("a", provider).tool(add()).tool(count).result(json!({})).window(900)
    };
    let body = Body::new();
    let expected = ask(&make(whole.clone()), &body, "Go.").await.unwrap();
    assert_eq!((expected.result.as_ref(), expected.turns), (Some(&json!({"n": 1})), 8));
    let memos = body.memos.lock().unwrap().len() as u64;
    let requests = whole.asked.lock().unwrap().clone();
    assert!(body.memos.lock().unwrap().keys().any(|name| name.contains("summary")), "no summary");
    for crash in 0..memos {
        let (provider, body) = (Steady::default(), Body::new());
        body.left.store(crash, Ordering::SeqCst);
        used.store(0, Ordering::SeqCst);
        let failure = ask(&make(provider.clone()), &body, "Go.").await.unwrap_err();
        assert_eq!(failure.class.0, "crash", "{failure}");
        body.left.store(u64::MAX, Ordering::SeqCst);
        let reply = ask(&make(provider.clone()), &body, "Go.").await.unwrap();
        assert_eq!(reply, expected, "a crash before memo {crash}");
        // Only the call whose answer was not recorded yet may be made again, and with the same key.
        let asked = provider.asked.lock().unwrap().clone();
        let mut once = asked.clone();
        once.dedup();
        assert_eq!(once, requests, "a crash before memo {crash}");
        assert!(asked.len() <= requests.len() + 1);
        assert!(used.load(Ordering::SeqCst) <= TURNS as u64 + 1);
    }
}
