//! What is kept short comes out as it came in.

use proptest::prelude::*;

use super::*;

fn record() -> impl Strategy<Value = Record> {
    let item = prop_oneof![4 => Just(Key::WHOLE), 1 => Just(Key::UNDO), 1 => 0_u32..3];
    let ms = prop_oneof![4 => 0_u32..9, 1 => Just(65_535), 1 => Just(65_536)];
    let output = prop_oneof![
        4 => Just(Payload::NULL),
        1 => Just(Payload::from_bytes("null")),
        1 => Just(Payload::value(&7.into())),
    ];
    let cached = prop_oneof![4 => Just(false), 1 => Just(true)];
    let ended = (any::<u32>(), item, 1_u16..3, ms, output, cached).prop_map(
        |(node, item, attempt, ms, output, cached)| {
            let key = Key { node: NodeIx(node), item };
            Record::NodeSucceeded(key, attempt, ms, output, cached)
        },
    );
    prop_oneof![4 => ended, 1 => Just(Record::RunPaused("me".to_owned()))]
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(
        records in prop::collection::vec(record(), 0..60),
        size in 1_usize..20,
        after in 0_usize..60,
        limit in 0_usize..60,
    ) {
        let mut stream = Stream::default();
        for chunk in records.chunks(size) {
            stream.push(5, chunk.to_vec());
        }
        let all = (1..).zip(records).map(|(seq, record)| Stamped { seq, at: 5, record });
        let wanted: Vec<Stamped> = all.skip(after).take(limit).collect();
        prop_assert_eq!(stream.read(after as u64, limit), wanted);
    }
}
