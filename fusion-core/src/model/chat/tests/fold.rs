//! An answer is the same however its stream was cut.

use proptest::prelude::*;

use crate::model::chat::{
    Allowance, Answer, Chunk, FaultKind, Finish, Fold, Part, Quota, Reasoning, ToolCall, Usage, Usd,
};

fn folded(chunks: impl IntoIterator<Item = Chunk>) -> Result<Answer, crate::model::chat::Fault> {
    let mut fold = Fold::default();
    chunks.into_iter().try_for_each(|chunk| fold.push(chunk))?;
    fold.finish()
}

fn any_part() -> impl Strategy<Value = Part> {
    let thought = (any::<String>(), any::<Option<String>>(), any::<bool>());
    prop_oneof![
        any::<String>().prop_map(Part::text),
        thought.prop_map(|(text, signature, redacted)| {
            let redacted = redacted && signature.is_some();
            Part::Reasoning(Reasoning { text, signature, redacted })
        }),
        ("[ab]{0,2}", "[a-z]{1,4}", any::<String>())
            .prop_map(|(id, name, arguments)| Part::Call(ToolCall::new(id, name, arguments))),
    ]
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let numbers = (any::<u64>(), any::<u64>(), any::<Option<u64>>());
    (prop::collection::vec(any_part(), 0..8), "[a-z]{0,3}", numbers).prop_map(
        |(parts, id, (input, output, cost))| Answer {
            model: id.repeat(2),
            id,
            parts,
            finish: Finish::ToolCalls,
            usage: Usage::new(input, output),
            cost: cost.map(Usd::from_nano),
            ..Answer::default()
        },
    )
}

/// Cuts the texts of chunks at the given places (in signs), and mixes in what must make no difference.
fn cut(chunks: Vec<Chunk>, mut places: impl Iterator<Item = usize>) -> Vec<Chunk> {
    let mut out = Vec::new();
    for chunk in chunks {
        let mut say = |text: String, make: &dyn Fn(String) -> Chunk| {
            let signs: Vec<char> = text.chars().collect();
            let at = places.next().unwrap_or(0) % (signs.len() + 1);
            let half = |signs: &[char]| make(signs.iter().collect());
            out.extend([half(&signs[..at]), make(String::new())]);
            let usage = Usage::new(places.next().unwrap_or(0) as u64 % 2, 0);
            out.push(Chunk::Usage { usage, cost: None });
            out.push(half(&signs[at..]));
        };
        match chunk {
            Chunk::Text { text } => say(text, &|text| Chunk::Text { text }),
            Chunk::Reasoning { text } => say(text, &|text| Chunk::Reasoning { text }),
            Chunk::Arguments { index, text } => say(text, &|text| Chunk::Arguments { index, text }),
            other => out.push(other),
        }
    }
    out
}

proptest! {
    #[test]
    fn however_it_is_cut(answer in any_answer(), places in prop::collection::vec(any::<usize>(), 1..20)) {
        let mut answer = answer;
        answer.usage = answer.usage.max(Usage::new(1, 0));
        let whole = folded(answer.clone().into_chunks()).unwrap();
        let pieces = cut(answer.into_chunks(), places.into_iter().cycle().take(500));
        prop_assert_eq!(&folded(pieces).unwrap(), &whole);
        // Taken apart and put together once more it is the same: nothing is lost and no id changes.
        prop_assert_eq!(&folded(whole.clone().into_chunks()).unwrap(), &whole);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), whole);
    }

    #[test]
    fn every_call_has_an_id_of_its_own(answer in any_answer()) {
        let whole = folded(answer.into_chunks()).unwrap();
        let ids: Vec<&str> = whole.calls().map(|call| call.id.as_str()).collect();
        let different: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        prop_assert!(ids.len() == different.len() && !different.contains(""));
    }

    #[test]
    fn any_chunks_are_an_answer_or_a_fault(json in prop::collection::vec(any_chunk(), 0..12)) {
        let _ = folded(json);
    }
}

fn any_chunk() -> impl Strategy<Value = Chunk> {
    prop_oneof![
        any::<String>().prop_map(Chunk::text),
        (0..3_u32, "[ab]?", "[ab]?").prop_map(|(index, id, name)| Chunk::Call {
            index,
            id,
            name,
            signature: None
        }),
        (0..4_u32, any::<String>()).prop_map(|(index, text)| Chunk::Arguments { index, text }),
        any::<String>().prop_map(|signature| Chunk::Signature { signature, redacted: true }),
        Just(Chunk::end(Finish::Stop)),
    ]
}

fn call(index: u32, id: &str, name: &str) -> Chunk {
    Chunk::Call { index, id: id.into(), name: name.into(), signature: None }
}

fn arguments(index: u32, text: &str) -> Chunk {
    Chunk::Arguments { index, text: text.into() }
}

#[test]
fn arguments_of_several_calls_may_come_mixed() {
    let answer = folded([
        call(0, "a", "x"),
        call(1, "b", "y"),
        arguments(1, "{\"n\":"),
        arguments(0, "{}"),
        call(1, "b", "y"),
        arguments(1, "2}"),
        Chunk::end(Finish::ToolCalls),
    ])
    .unwrap();
    let said: Vec<_> = answer.calls().map(|call| (&*call.id, &*call.arguments)).collect();
    assert_eq!(said, [("a", "{}"), ("b", "{\"n\":2}")]);
}

#[test]
fn calls_that_share_an_index_or_an_id_stay_apart() {
    let end = || Chunk::end(Finish::ToolCalls);
    let shared_index =
        [call(0, "a", "x"), arguments(0, "1"), call(0, "b", "x"), arguments(0, "2"), end()];
    let answer = folded(shared_index).unwrap();
    let said: Vec<_> = answer.calls().map(|call| (&*call.id, &*call.arguments)).collect();
    assert_eq!(said, [("a", "1"), ("b", "2")]);

    let shared_id =
        [call(0, "a", "x"), call(1, "a", "y"), call(2, "a-2", "z"), call(3, "", "w"), end()];
    let answer = folded(shared_id).unwrap();
    let ids: Vec<_> = answer.calls().map(|call| &*call.id).collect();
    assert_eq!(ids, ["a", "a-3", "a-2", "call-1"]);
}

#[test]
fn a_stream_that_is_cut_or_goes_on_is_malformed() {
    let kind = |chunks: Vec<Chunk>| folded(chunks).unwrap_err().kind();
    let end = || Chunk::end(Finish::Stop);
    assert_eq!(kind(vec![Chunk::text("half")]), FaultKind::Malformed);
    assert_eq!(kind(vec![end(), Chunk::text("more")]), FaultKind::Malformed);
    assert_eq!(kind(vec![end(), end()]), FaultKind::Malformed);
    assert_eq!(kind(vec![arguments(3, "{}"), end()]), FaultKind::Malformed);
    let usage = Chunk::Usage { usage: Usage::new(3, 4), cost: None };
    assert_eq!(folded([end(), usage]).unwrap().usage.total(), 7);
}

#[test]
fn an_answer_without_end_is_bounded() {
    let mut fold = Fold::default();
    let fault = (0..10_000).find_map(|index| fold.push(call(index, "", "x")).err()).unwrap();
    assert_eq!(fault.kind(), FaultKind::Malformed);
    assert_eq!(fold.partial().parts.len(), crate::model::limits::ANSWER_PARTS);

    let mut fold = Fold::default();
    let text = "x".repeat(1024 * 1024);
    let pushed = (0..1_000).take_while(|_| fold.push(Chunk::text(text.clone())).is_ok()).count();
    assert_eq!(pushed, 64);
}

#[test]
fn thoughts_keep_their_seals() {
    let thought = |text: &str| Chunk::Reasoning { text: text.into() };
    let seal =
        |signature: &str, redacted| Chunk::Signature { signature: signature.into(), redacted };
    let answer = folded([
        thought("a"),
        thought("b"),
        seal("s1", false),
        seal("hidden", true),
        thought("c"),
        Chunk::text("so"),
        Chunk::end(Finish::Stop),
    ])
    .unwrap();
    let made = |text: &str, signature: Option<&str>, redacted| {
        let (text, signature) = (text.into(), signature.map(Into::into));
        Part::Reasoning(Reasoning { text, signature, redacted })
    };
    let expected = [
        made("ab", Some("s1"), false),
        made("", Some("hidden"), true),
        made("c", None, false),
        Part::text("so"),
    ];
    assert_eq!((answer.parts.as_slice(), answer.reasoning().as_str()), (&expected[..], "abc"));
}

#[test]
fn a_quota_is_kept_where_the_later_word_is_silent() {
    let allowance =
        |remaining| Some(Allowance { remaining: Some(remaining), ..Allowance::default() });
    let first = Quota { requests: allowance(5), tokens: allowance(10), credit: None };
    let later = Quota { tokens: allowance(3), ..Quota::default() };
    let chunks =
        [Chunk::Quota { quota: first }, Chunk::Quota { quota: later }, Chunk::end(Finish::Stop)];
    let quota = folded(chunks).unwrap().quota.unwrap();
    assert_eq!(quota, Quota { requests: allowance(5), tokens: allowance(3), credit: None });
}
