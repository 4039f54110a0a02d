//! Why a run does not move: one sentence, and the chain that leads there.

use crate::graph::duration::format_ms;
use crate::model::{Key, NodeIx, NodeStatus, RunId, RunStatus, Wait};
use crate::schedule::State;

/// Who holds a run, as the store knows it.
#[derive(Debug, Clone, Default)]
pub struct Holder {
    /// The run's entry is gone: nothing will drive it.
    pub gone: bool,
    /// The process that holds it.
    pub held_by: Option<String>,
    /// Whether that process has certainly ended.
    pub is_dead: bool,
    /// The step whose code it rests for.
    pub needs_step: Option<String>,
    /// When it may be taken up, in milliseconds since 1970.
    pub due: i64,
    /// The node that is undone now. Journals do not say so: it follows from what they say.
    pub undoes: Option<String>,
    /// What was said to the run and has not been taken in yet, in words.
    pub unheard: Vec<String>,
    /// The slots that the node waits for that [`startable`] finds: their name, how many there are, who holds them.
    pub slots: Option<(String, u32, Vec<String>)>,
}

/// Why a run does not move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The answer in one sentence.
    pub sentence: String,
    /// What leads there, from the end of the graph to the cause.
    pub chain: Vec<String>,
    /// The child run that is waited for: its own answer goes on from here.
    pub child: Option<RunId>,
    /// The command that helps, if one does.
    pub hint: Option<String>,
}

/// Explains a run at a time (milliseconds since 1970).
pub fn why(run: &RunId, state: &State, holder: &Holder, now: i64) -> Why {
    let plain = |sentence: String, hint: Option<String>| Why {
        sentence,
        chain: Vec::new(),
        child: None,
        hint,
    };
    if let Some((status, _, failure)) = state.result() {
        let because = failure
            .as_ref()
            .map(|failure| format!(": {}", line(&failure.message)))
            .unwrap_or_default();
        let because = because.replacen(": cancelled by", " by", 1);
        let hint = (*status != RunStatus::Succeeded).then(|| format!("fusion runs retry {run}"));
        return plain(format!("run `{run}` has ended: it {}{because}", ended(*status)), hint);
    }
    if !holder.unheard.is_empty() {
        let said = holder.unheard.join(", ");
        return match nobody(run, holder, now) {
            Some(hint) => plain(
                format!("run `{run}` has not heard yet of {said}: {}", alone(run, holder)),
                Some(hint),
            ),
            None => plain(format!("run `{run}` is about to hear of {said}"), None),
        };
    }
    let (paused, cancel) = state.asked();
    if let Some((by, _)) = cancel {
        let hint = nobody(run, holder, now);
        let how = match &hint {
            Some(_) => alone(run, holder),
            None => "what runs is coming to its end".to_owned(),
        };
        return plain(format!("run `{run}` is being cancelled by {by}: {how}"), hint);
    }
    if paused {
        return plain(format!("run `{run}` is paused"), Some(format!("fusion runs resume {run}")));
    }
    if let Some(step) = &holder.needs_step {
        let sentence = format!(
            "run `{run}` waits for a process that has the step `{step}`: none that works on this store has registered it"
        );
        return plain(sentence, Some(format!("start a program that registers `{step}`")));
    }
    let cause = match (cause(state, now), holder.slots.clone()) {
        (Some((key, Reason::Runs)), Some(slots)) => Some((key, Reason::Slots(slots))),
        (cause, _) => cause,
    };
    let idle = cause.is_none();
    let mut why = match (cause, &holder.undoes) {
        (Some((key, reason)), _) => explain(run, state, (key, &reason), now),
        (None, Some(node)) => {
            plain(format!("run `{run}` goes back: what node `{node}` did is being undone"), None)
        }
        (None, None) => plain(format!("run `{run}` is about to end"), None),
    };
    if let Some(hint) = nobody(run, holder, now)
        && why.child.is_none()
        && (idle || is_startable(state))
    {
        why.sentence = alone(run, holder);
        why.hint = Some(hint);
    }
    why
}

fn ended(status: RunStatus) -> &'static str {
    if status == RunStatus::Cancelled { "was cancelled" } else { status.word() }
}

/// Says that nobody drives the run.
fn alone(run: &RunId, holder: &Holder) -> String {
    match &holder.held_by {
        Some(by) => format!("run `{run}` is held by a process that has died ({by})"),
        None => format!("no process drives run `{run}`"),
    }
}

/// Gives what helps when nobody drives the run although it is due.
fn nobody(run: &RunId, holder: &Holder, now: i64) -> Option<String> {
    let alone = holder.held_by.is_none() && !holder.gone && holder.due <= now;
    (alone || holder.is_dead)
        .then(|| format!("fusion recover (or start a worker); run {run} goes on from its journal"))
}

fn is_startable(state: &State) -> bool {
    let nodes = (0..state.program().len())
        .filter_map(|ix| u32::try_from(ix).ok())
        .map(|ix| Key::node(NodeIx(ix)));
    let mut statuses = nodes.map(|key| state.node_status(key));
    statuses.any(|status| {
        matches!(status, NodeStatus::Ready | NodeStatus::Running | NodeStatus::Retrying)
    })
}

enum Reason {
    Waits(Wait),
    Pauses(i64),
    Doubt,
    Slots((String, u32, Vec<String>)),
    Runs,
}

/// Finds the first node or item of a run that runs, or could.
pub fn startable(state: &State) -> Option<Key> {
    // Items of a run that is about to end start no more.
    let goes_on = state.culprit().is_none() && state.asked().1.is_none();
    all_keys(state).find(|key| {
        matches!(state.node_status(*key), NodeStatus::Ready | NodeStatus::Running)
            && if key.index().is_some() { goes_on } else { state.items(key.node).is_none() }
    })
}

/// Finds what holds a run up: first what only others can end, then what time ends, then what runs.
fn cause(state: &State, now: i64) -> Option<(Key, Reason)> {
    let in_doubt = all_keys(state).find(|key| state.node_status(*key) == NodeStatus::InDoubt);
    if let Some(key) = in_doubt {
        return Some((key, Reason::Doubt));
    }
    if let Some(key) = startable(state) {
        return Some((key, Reason::Runs));
    }
    let pause = state.pauses().next().filter(|(_, due)| *due > now - 1);
    if let Some((key, due)) = pause {
        return Some((key, Reason::Pauses(due)));
    }
    let wait = state.waits().next().map(|(key, wait)| (key, Reason::Waits(wait.clone())));
    wait.or_else(|| state.pauses().next().map(|(key, due)| (key, Reason::Pauses(due))))
}

fn all_keys(state: &State) -> impl Iterator<Item = Key> + '_ {
    let nodes = (0..state.program().len()).filter_map(|ix| u32::try_from(ix).ok()).map(NodeIx);
    nodes.flat_map(|node| {
        let items = state.items(node).map_or(0, |(count, _)| count);
        std::iter::once(Key::node(node)).chain((0..items).map(move |item| Key::item(node, item)))
    })
}

fn explain(run: &RunId, state: &State, (key, reason): (Key, &Reason), now: i64) -> Why {
    let rest = |due: &i64| format_ms(u64::try_from(due.saturating_sub(now)).unwrap_or(0));
    let name = state.program().key_text(key);
    let (what, child, hint) = match reason {
        Reason::Waits(Wait::Timer(due)) => (format!("waits for another {}", rest(due)), None, None),
        Reason::Waits(Wait::Signal(signal, _)) => (
            format!("waits for the signal `{signal}`"),
            None,
            Some(format!("fusion runs signal {run} {signal}")),
        ),
        Reason::Waits(Wait::Approval(role, message, _)) => {
            let who = match role.as_str() {
                "" => "somebody's".to_owned(),
                role => format!("{} {role}'s", article(role)),
            };
            let hint = format!("fusion runs approve {run} {name}");
            (format!("waits for {who} answer to \"{message}\""), None, Some(hint))
        }
        Reason::Waits(Wait::Child(child) | Wait::ChildUntil(child, _)) => {
            (format!("waits for run `{child}`"), Some(child.clone()), None)
        }
        Reason::Pauses(due) => {
            let failure = state
                .failure(key)
                .map(|failure| format!(" after \"{}\"", line(&failure.message)))
                .unwrap_or_default();
            let attempt = u32::from(state.attempts(key)) + 1;
            (
                format!("pauses for another {} before attempt {attempt}{failure}", rest(due)),
                None,
                None,
            )
        }
        Reason::Doubt => {
            let hint = format!(
                "fusion runs resolve {run} {name} --done JSON (or --failed WHY, --not-done)"
            );
            ("may run only once, and its process died while it ran: nobody knows whether it was done".to_owned(), None, Some(hint))
        }
        Reason::Slots((slots, count, holders)) => {
            let one = if *count == 1 {
                "the only slot".to_owned()
            } else {
                format!("one of the {count} slots")
            };
            let held = match holders.as_slice() {
                [holder] => format!("{holder} holds it"),
                many => format!("they are held by {}", many.join(", ")),
            };
            (format!("waits for {one} of the concurrency key `{slots}`: {held}"), None, None)
        }
        Reason::Runs => ("runs".to_owned(), None, None),
    };
    Why { sentence: format!("node `{name}` {what}"), chain: chain(state, key), child, hint }
}

/// Gives the article that goes before a word, by its first letter.
fn article(word: &str) -> &'static str {
    let first = word.chars().next().map(|c| c.to_ascii_lowercase());
    if matches!(first, Some('a' | 'e' | 'i' | 'o' | 'u')) { "an" } else { "a" }
}

/// Walks from the last node that needs the cause to the cause.
fn chain(state: &State, cause: Key) -> Vec<String> {
    let program = state.program();
    let mut path = vec![cause.node];
    let mut at = cause.node;
    while let Some(next) = program.next(at).first().copied().map(NodeIx) {
        path.push(next);
        at = next;
    }
    let pairs = path.windows(2).rev();
    let needs = pairs.filter_map(|pair| match pair {
        [need, node] => Some(format!("`{}` needs `{}`", program.name(*node), program.name(*need))),
        _ => None,
    });
    needs.collect()
}

/// Keeps a sentence readable when a failure says megabytes.
fn line(message: &str) -> String {
    message.chars().take(crate::model::limits::ROW_ERROR_CHARS).collect()
}
