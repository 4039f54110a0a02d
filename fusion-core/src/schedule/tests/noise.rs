//! Inputs about things that a run does not have.

use crate::model::{
    Answer, Failure, Input, Key, Message, NodeIx, Payload, RunId, Verdict, Wait, limits,
};

/// Every kind of input, about nodes and items beyond a graph of `count` nodes.
pub(super) fn strangers(count: u32) -> Vec<Input> {
    let run = || RunId::new("stranger").expect("it is an id");
    let mut inputs = vec![
        Input::Expanded(NodeIx(count), 3),
        Input::Again(NodeIx(count), 1, 1, Payload::NULL),
        Input::Retry(vec![NodeIx(count)], "ann".into()),
        Input::Concluded(Ok(Payload::NULL)),
        Input::Said(Message::Answer(
            NodeIx(count),
            Answer { approved: true, by: "ann".into(), comment: String::new() },
        )),
        Input::Said(Message::Resume("ann".into())),
    ];
    let far = NodeIx(u32::MAX);
    let keys = [
        Key::node(NodeIx(count)),
        Key::node(far),
        Key::undo(far),
        Key::undo(NodeIx(0)),
        Key::item(far, 0),
        Key::item(NodeIx(0), u32::try_from(limits::MAP_ITEMS).expect("it fits")),
    ];
    for key in keys {
        inputs.extend([
            Input::Done(key, 1, 1, Ok(Payload::NULL)),
            Input::Done(key, 1, 1, Err(Failure::error("no"))),
            Input::Cached(key, 1, Payload::NULL),
            Input::Unwanted(key),
            Input::Waits(key, Wait::Timer(0)),
            Input::Waits(key, Wait::Child(run())),
            Input::Rests(key, "m".into(), Wait::Timer(0)),
            Input::Memo(key, "m".into(), Payload::NULL),
            Input::Missing(key, "s".into()),
            Input::Said(Message::Resolve(key, Verdict::NotDone, "ann".into(), u64::MAX)),
            Input::Said(Message::ChildDone(key, run(), Ok(Payload::NULL))),
        ]);
    }
    inputs
}
