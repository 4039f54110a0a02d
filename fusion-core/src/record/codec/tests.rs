//! Round trips, flipped bits, wrong places.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::error::Code;
use crate::model::*;

fn payload() -> impl Strategy<Value = Payload> {
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        bytes.clone().prop_map(|bytes| Payload::Inline(PayloadKind::Bytes, Bytes::from(bytes))),
        bytes.prop_map(|bytes| Payload::Blob(PayloadKind::Json, Digest::of(&bytes), 7)),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    (any::<u32>(), prop_oneof![Just(Key::WHOLE), any::<u32>()])
        .prop_map(|(node, item)| Key { node: NodeIx(node), item })
}

prop_compose! {
    fn failure()(
        class in "[a-z]{1,8}",
        message in ".{0,12}",
        detail in prop::option::of(".{0,12}"),
        retryable in prop::option::of(any::<bool>()),
        retry_after_ms in prop::option::of(any::<u64>()),
    ) -> Failure {
        Failure { class: Class::from(class.as_str()), message, detail, retryable, retry_after_ms }
    }
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        any::<i64>().prop_map(Wait::Timer),
        (".{0,8}", prop::option::of(any::<i64>())).prop_map(|(name, at)| Wait::Signal(name, at)),
        (".{0,8}", ".{0,8}", prop::option::of(any::<i64>()))
            .prop_map(|(role, text, at)| Wait::Approval(role, text, at)),
        "[a-z]{1,9}".prop_map(|id| Wait::Child(RunId::new(&id).unwrap())),
        ("[a-z]{1,9}", any::<i64>())
            .prop_map(|(id, at)| Wait::ChildUntil(RunId::new(&id).unwrap(), at)),
    ]
}

fn start() -> impl Strategy<Value = Record> {
    let origin = prop_oneof![
        Just(None),
        key().prop_map(|key| {
            Some(Origin::Child { parent: RunId::new("p").unwrap(), key, depth: 3 })
        }),
        Just(Some(Origin::Fork { run: RunId::new("f").unwrap() })),
    ];
    (".{0,9}", any::<u32>(), payload(), payload(), origin).prop_map(
        |(workflow, version, definition, input, origin)| {
            Record::RunStarted(Box::new(Start { workflow, version, definition, input, origin }))
        },
    )
}

fn settled() -> impl Strategy<Value = Record> {
    let then =
        prop_oneof![Just(Then::End), any::<i64>().prop_map(Then::Retry), Just(Then::Fallback)];
    prop_oneof![
        start(),
        (key(), any::<u16>(), any::<u32>(), payload(), any::<bool>())
            .prop_map(|(key, n, ms, out, hit)| Record::NodeSucceeded(key, n, ms, out, hit)),
        (key(), any::<u16>(), any::<u32>(), failure(), then).prop_map(|(key, n, ms, why, then)| {
            Record::NodeFailed(key, n, ms, Box::new(why), then)
        }),
        (key(), any::<u16>()).prop_map(|(key, n)| Record::NodeStarted(key, n)),
        key().prop_map(Record::NodeSkipped),
        any::<(u32, u32)>().prop_map(|(node, n)| Record::MapExpanded(NodeIx(node), n)),
        any::<u32>().prop_map(|node| Record::MapSucceeded(NodeIx(node))),
        (any::<u32>(), any::<u32>(), payload(), any::<i64>())
            .prop_map(|(node, round, out, at)| Record::RoundEnded(NodeIx(node), round, out, at)),
        (key(), wait()).prop_map(|(key, wait)| Record::NodeWaiting(key, wait)),
        (key(), ".{0,9}", wait())
            .prop_map(|(key, name, wait)| Record::NodeResting(key, name, wait)),
        (key(), ".{0,9}", payload()).prop_map(|(key, name, out)| Record::MemoSaved(key, name, out)),
    ]
}

fn control() -> impl Strategy<Value = Record> {
    let verdict = prop_oneof![
        payload().prop_map(Verdict::Done),
        ".{0,9}".prop_map(Verdict::Failed),
        Just(Verdict::NotDone),
    ];
    let answer = (any::<bool>(), ".{0,5}", ".{0,5}").prop_map(|(approved, by, comment)| Answer {
        approved,
        by,
        comment,
    });
    prop_oneof![
        (".{0,9}", payload()).prop_map(|(name, out)| Record::SignalReceived(name, out)),
        (any::<u32>(), answer).prop_map(|(node, answer)| Record::Answered(NodeIx(node), answer)),
        key().prop_map(Record::InDoubt),
        (key(), verdict, ".{0,9}")
            .prop_map(|(key, verdict, by)| Record::Resolved(key, verdict, by)),
        ".{0,9}".prop_map(Record::RunPaused),
        ".{0,9}".prop_map(Record::RunResumed),
        (".{0,9}", ".{0,9}").prop_map(|(who, why)| Record::CancelRequested(who, why)),
        (prop::collection::vec(any::<u32>(), 0..4), ".{0,9}").prop_map(|(nodes, who)| {
            Record::RunRetried(nodes.into_iter().map(NodeIx).collect(), who)
        }),
        failure().prop_map(|failure| Record::OutputsFailed(Box::new(failure))),
        (prop::option::of(failure()), payload()).prop_map(|(failure, out)| {
            Record::RunFinished(RunStatus::Failed, out, failure.map(Box::new))
        }),
    ]
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(prop_oneof![settled(), control()], 1..5)
}

fn sealed(records: &[Record], place: &[i64]) -> Vec<u8> {
    seal(&encode(records).unwrap(), place)
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(records in records(), place: [i64; 3]) {
        prop_assert_eq!(decode(&sealed(&records, &place), &place).unwrap(), records);
    }

    #[test]
    fn a_body_belongs_to_its_place(records in records(), place: [i64; 2], bit in 0_u32..64) {
        let other = [place[0], place[1] ^ (1 << bit)];
        prop_assert_eq!(decode(&sealed(&records, &place), &other).unwrap_err().code(), Code::Codec);
    }

    #[test]
    fn noise_is_no_record(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&noise, &[1]).is_err());
    }

    #[test]
    fn noise_behind_a_right_checksum_does_not_panic(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut content = vec![VERSION];
        content.extend(noise);
        let _either = decode(&seal(&content, &[]), &[]);
    }

    #[test]
    fn failures_leave_absent_fields_out_of_json_only(failure in failure()) {
        let json = serde_json::to_string(&failure).unwrap();
        prop_assert!(!json.contains(":null"));
        prop_assert_eq!(serde_json::from_str::<Failure>(&json).unwrap(), failure);
    }
}

#[test]
fn every_flipped_bit_is_reported() {
    let key = Key::item(NodeIx(3), 4);
    let failure = Failure::error("no").detail("because").permanent();
    let all = [
        Record::NodeSucceeded(key, 1, 2, Payload::NULL, false),
        Record::NodeFailed(key, 1, 2, Box::new(failure), Then::Retry(9)),
    ];
    let body = sealed(&all, &[1, 2]);
    for bit in 0..body.len() * 8 {
        let mut damaged = body.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode(&damaged, &[1, 2]).unwrap_err().code(), Code::Codec, "bit {bit}");
    }
}

#[test]
fn a_newer_format_says_so() {
    let error = decode(&seal(&[VERSION + 1], &[]), &[]).unwrap_err();
    assert!(error.message().contains("format 2"), "{error}");
}

/// One of every kind of record, as released versions wrote it. A difference means that old stores could not be read any more.
fn released() -> Vec<Record> {
    let key = Key::item(NodeIx(3), 4);
    let failure = Failure::error("no").detail("because").permanent();
    let text = |text: &str| text.to_owned();
    let json = Payload::json(&[1, 2]).unwrap();
    let blob = Payload::Blob(PayloadKind::Json, Digest::of(b"big"), 70_000);
    let origin = Origin::Child { parent: RunId::new("p").unwrap(), key, depth: 2 };
    let (workflow, definition) = (text("digest"), blob.clone());
    let answer = Answer { approved: true, by: text("ann"), comment: text("fine") };
    vec![
        Record::RunStarted(Box::new(Start {
            workflow,
            version: 7,
            definition,
            input: json.clone(),
            origin: Some(origin),
        })),
        Record::NodeStarted(Key::node(NodeIx(0)), 1),
        Record::NodeSucceeded(key, 2, 1_500, json.clone(), true),
        Record::NodeFailed(key, 1, 15, Box::new(failure.clone()), Then::Retry(1_000_000)),
        Record::NodeSkipped(Key::undo(NodeIx(9))),
        Record::MapExpanded(NodeIx(3), 70_000),
        Record::MapSucceeded(NodeIx(3)),
        Record::RoundEnded(NodeIx(5), 2, json.clone(), -1),
        Record::NodeWaiting(key, Wait::Timer(i64::MAX)),
        Record::NodeWaiting(key, Wait::Signal(text("go"), None)),
        Record::NodeWaiting(key, Wait::Approval(text("boss"), text("ship it?"), Some(5))),
        Record::NodeWaiting(key, Wait::Child(RunId::new("c").unwrap())),
        Record::MemoSaved(key, text("call"), blob),
        Record::SignalReceived(text("go"), Payload::from_bytes(vec![0, 255])),
        Record::Answered(NodeIx(1), answer),
        Record::InDoubt(key),
        Record::Resolved(key, Verdict::Done(json.clone()), text("ann")),
        Record::Resolved(key, Verdict::NotDone, text("ann")),
        Record::Resolved(key, Verdict::Failed(text("it fell")), text("ann")),
        Record::RunPaused(text("ann")),
        Record::RunResumed(text("ann")),
        Record::CancelRequested(text("ann"), text("too late")),
        Record::RunRetried(vec![NodeIx(1), NodeIx(2)], text("ann")),
        Record::RunFinished(RunStatus::Failed, json, Some(Box::new(failure))),
    ]
}

#[test]
fn released_journals_are_read() {
    let body = include_bytes!("v1.bin");
    assert_eq!(decode(body, &[1, 2, 3]).unwrap(), released());
    assert_eq!(sealed(&released(), &[1, 2, 3]), body, "the format may only change with its number");
}
