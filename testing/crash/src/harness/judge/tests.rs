//! The oracle notices each kind of lie.

use fusion_core::model::{Key, Record, Stamped};

use super::*;
use crate::harness::observe;
use crate::ledger;
use crate::worker::{self, Orders};

const RUN: &str = "honest";

/// What one honest run left.
struct Case {
    stories: Stories,
    lines: Vec<Line>,
    acks: Acks,
    expected: Value,
}

impl Case {
    async fn honest() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let runs = vec![RUN.to_owned()];
        let (store, book) = (at("store.db"), at("ledger"));
        let orders = Orders {
            store: store.clone(),
            ledger: book.clone(),
            runs: runs.clone(),
            ..Orders::default()
        };
        worker::work(orders).await.unwrap();
        let stories = observe::look(&store, &runs).await.unwrap();
        let Some(Record::RunFinished(_, outputs, _)) = last(&stories[RUN]) else { panic!() };
        let expected: Value = outputs.decode().unwrap();
        let mut acks = Acks { started: runs, ..Acks::default() };
        acks.results.insert(RUN.to_owned(), expected.clone());
        Self { stories, lines: ledger::read(&book).unwrap(), acks, expected }
    }

    fn verdict(&self) -> String {
        let Self { stories, lines, acks, expected } = self;
        let evidence = Evidence { stories, lines, acks, kills: 0 };
        let judged = always(&evidence).and_then(|_| ended(&evidence, &[RUN.to_owned()], expected));
        judged.map_or_else(|fault| fault.to_string(), |()| "honest".to_owned())
    }

    fn line(&self, node: &str, what: What) -> usize {
        self.lines.iter().position(|line| line.node == node && line.what == what).unwrap()
    }

    fn journal(&mut self) -> &mut Vec<Stamped> {
        &mut self.stories.get_mut(RUN).unwrap().journal
    }

    fn place(&mut self, wanted: impl Fn(&Record) -> bool) -> usize {
        self.journal().iter().position(|stamped| wanted(&stamped.record)).unwrap()
    }

    fn again(&mut self, node: &str, later_ms: i64) {
        let at = self.line(node, What::Entered);
        let line = self.lines[at].clone();
        self.lines.push(Line { at: line.at + later_ms, ..line });
    }

    fn key(&self, name: &str) -> Key {
        self.stories[RUN].program.find_key(name).unwrap()
    }
}

/// Lies in one way; the verdict must contain these words.
type Lie = (&'static str, fn(&mut Case));

const LIES: &[Lie] = &[
    ("is not in the ledger", |case| {
        let at = case.line("c", What::Left);
        case.lines.remove(at);
    }),
    ("`once` was entered 2 times", |case| case.again("once", 0)),
    ("`many[1]` was entered 2 times", |case| case.again("many[1]", 0)),
    ("ms after its result (line", |case| case.again("end", 5_003)),
    ("`items[3]` was entered 2 times", |case| case.again("items[3]", 0)),
    ("was entered before `b` was left", |case| {
        let (from, to) = (case.line("c", What::Entered), case.line("b", What::Entered));
        let line = case.lines.remove(from);
        case.lines.insert(to, line);
    }),
    ("written after epoch 9", |case| {
        let at = case.line("shaky", What::Entered);
        case.lines[at].epoch = 9;
    }),
    ("undone in the wrong order", |case| {
        let (hotel, flight) =
            (case.line("hotel[undo]", What::Left), case.line("flight[undo]", What::Entered));
        case.lines.swap(hotel, flight);
    }),
    ("there is a gap", |case| drop(case.journal().remove(7))),
    ("an at-most-once body begins twice", |case| {
        let key = case.key("once");
        let at = case.place(|record| matches!(record, Record::NodeStarted(of, _) if *of == key));
        let (twice, seq) = (case.journal()[at].record.clone(), case.journal()[at + 1].seq);
        case.journal()[at + 1] = Stamped { seq, at: 0, record: twice };
    }),
    ("the timer fired before it was due", |case| {
        let key = case.key("pause");
        let at = case.place(|record| matches!(record, Record::NodeSucceeded(of, ..) if *of == key));
        case.journal()[at].at -= 1_000;
    }),
    ("the acknowledged run lost is gone", |case| case.acks.started.push("lost".to_owned())),
    ("what was acknowledged to run honest is gone: 0123", |case| {
        case.acks.signals.push((RUN.to_owned(), "0123".to_owned()));
    }),
    ("and told", |case| {
        case.acks.results.insert(RUN.to_owned(), Value::Null);
    }),
    ("output `c` is", |case| case.expected["c"] = 0.into()),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lie_is_noticed() {
    let honest = Case::honest().await;
    assert_eq!(honest.verdict(), "honest");
    for (words, lie) in LIES {
        let Case { stories, lines, acks, expected } = &honest;
        let copy = |story: &Story| Story {
            program: story.program.clone(),
            journal: story.journal.clone(),
        };
        let mut case = Case {
            stories: stories.iter().map(|(run, story)| (run.clone(), copy(story))).collect(),
            lines: lines.clone(),
            acks: Acks {
                started: acks.started.clone(),
                results: acks.results.clone(),
                ..Acks::default()
            },
            expected: expected.clone(),
        };
        lie(&mut case);
        let verdict = case.verdict();
        assert!(verdict.contains(words), "{words}: {verdict}");
    }
}
