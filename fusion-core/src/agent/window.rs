//! How a conversation is kept small enough for the model.

use crate::model::chat::{Message, Part, Role};

/// How many bytes of text make a token, about. English has more, other languages less.
const BYTES_PER_TOKEN: usize = 4;
/// What a message costs beside its text, and what a picture may cost, in tokens.
const MESSAGE_TOKENS: usize = 4;
const IMAGE_TOKENS: usize = 1_600;
/// Which part of the window a conversation may fill before it is summarised: the rest is for the answer.
const FULL: (u64, u64) = (3, 4);

/// Guesses how many tokens a conversation has.
pub(super) fn tokens(messages: &[Message]) -> u64 {
    let all: usize = messages.iter().map(|message| MESSAGE_TOKENS + parts(&message.parts)).sum();
    all as u64
}

fn parts(all: &[Part]) -> usize {
    let one = |part: &Part| match part {
        Part::Text { text } => text.len() / BYTES_PER_TOKEN,
        Part::Image { .. } => IMAGE_TOKENS,
        Part::Call(call) => (call.name.len() + call.arguments.len()) / BYTES_PER_TOKEN,
        Part::Result(result) => parts(&result.parts),
        Part::Reasoning(thought) => thought.text.len() / BYTES_PER_TOKEN,
    };
    all.iter().map(one).sum()
}

/// Tells whether a conversation comes near the window.
pub(super) fn is_full(messages: &[Message], window: u64) -> bool {
    tokens(messages) > window / FULL.1 * FULL.0
}

/// Finds the messages that a summary takes the place of: all from `from` on but the last few, and never the call of a tool without
/// its result. `None` when there is nothing to gain.
pub(super) fn old(messages: &[Message], from: usize) -> Option<std::ops::Range<usize>> {
    // Half of what is there stays, but at least the last exchange.
    let whole = tokens(messages.get(from..)?);
    let mut to = messages.len();
    let mut kept = 0;
    while to > from {
        kept += tokens(messages.get(to - 1..to)?);
        if kept > whole / 2 && to < messages.len() {
            break;
        }
        to -= 1;
    }
    // The results of a call belong to the message before them.
    while messages.get(to).is_some_and(|message| message.role == Role::Tool) {
        to += 1;
    }
    (to > from + 1 && to < messages.len()).then_some(from..to)
}

/// Writes a conversation down for a summary.
pub(super) fn transcript(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        for part in &message.parts {
            let (who, said) = match part {
                Part::Text { text } if message.role == Role::Assistant => ("you", text.clone()),
                Part::Text { text } => ("user", text.clone()),
                Part::Image { .. } => ("user", "(a picture)".to_owned()),
                Part::Call(call) => ("you used", format!("{} {}", call.name, call.arguments)),
                Part::Result(result) => {
                    let said: String = result.parts.iter().filter_map(Part::as_text).collect();
                    ("result", said)
                }
                // Thoughts belong to the model that had them.
                Part::Reasoning(_) => continue,
            };
            text.extend([who, ": ", &said, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::chat::{ToolCall, ToolResult};

    /// A conversation: each number is an exchange with so many calls and texts of so many bytes.
    fn talk(exchanges: &[(usize, usize)]) -> Vec<Message> {
        let mut all = vec![Message::user("begin")];
        for (number, (calls, bytes)) in exchanges.iter().enumerate() {
            let call = |index| ToolCall::new(format!("{number}-{index}"), "tool", "{}");
            let calls: Vec<ToolCall> = (0..*calls).map(call).collect();
            let parts =
                calls.iter().cloned().map(Part::Call).chain([Part::text("x".repeat(*bytes))]);
            all.push(Message::new(Role::Assistant, parts.collect()));
            if calls.is_empty() {
                all.push(Message::user("go on"));
            } else {
                all.push(Message::results(calls.iter().map(|call| ToolResult::text(call, "said"))));
            }
        }
        all
    }

    proptest! {
        #[test]
        fn a_summary_takes_whole_exchanges_and_leaves_the_last(
            exchanges in proptest::collection::vec((0_usize..3, 0_usize..4_000), 0..12),
        ) {
            let all = talk(&exchanges);
            if let Some(range) = old(&all, 1) {
                prop_assert!(range.start == 1 && range.end > 2 && range.end < all.len());
                prop_assert_ne!(all[range.end].role, Role::Tool);
            }
        }

        #[test]
        fn a_long_conversation_has_something_to_leave_out(
            exchanges in proptest::collection::vec((1_usize..3, 1_000_usize..4_000), 4..12),
        ) {
            let all = talk(&exchanges);
            let range = old(&all, 1).unwrap();
            prop_assert!(tokens(&all[range]) >= tokens(&all) / 4);
        }
    }

    #[test]
    fn a_short_conversation_stays() {
        assert_eq!(old(&[], 1), None);
        assert_eq!(old(&talk(&[]), 1), None);
        assert_eq!(old(&talk(&[(1, 10)]), 1), None);
    }

    #[test]
    fn a_transcript_tells_who_said_what() {
        let mut all = talk(&[(1, 3)]);
        all.push(Message::user("and?").part(Part::image("image/png", vec![1_u8])));
        insta::assert_snapshot!(transcript(&all), @r"
        user: begin
        you used: tool {}
        you: xxx
        result: said
        user: and?
        user: (a picture)
        ");
    }
}
