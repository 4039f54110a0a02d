//! What each task needs: statements, phases, files; cycles found and left out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use fusion_core::graph::order::{Edges, find_cycle, topological};

use super::model::{Need, Problem, State, Why};
use super::read::Reading;
use super::stated::Stated;

/// The most cycles that are reported.
const CYCLES: usize = 10;
/// Pairs that two phases may make.
const WIDE: usize = 40_000;

type Pairs = BTreeMap<(usize, usize), (Why, Option<usize>)>;
/// A phase and one that waits for it, why, and the line that says so.
type Wait = ((usize, usize), (Why, Option<usize>));

/// Writes into the tasks what they need, and into the phases which they wait for.
pub(crate) fn order(reading: &mut Reading, stated: Stated) {
    reading.problems.extend(stated.problems);
    let count = reading.tasks.len();
    let names: Vec<String> = reading.tasks.iter().map(|task| task.id.clone()).collect();
    let tasks = acyclic(count, stated.tasks, &names, &mut reading.problems);
    let titles: Vec<String> = reading
        .phases
        .iter()
        .map(|phase| {
            phase.key.as_ref().map_or_else(|| phase.name.clone(), |key| format!("phase {key}"))
        })
        .collect();
    let phases = acyclic(reading.phases.len(), stated.phases, &titles, &mut reading.problems);
    for (first, then) in phases.keys() {
        let key = reading.phases.get(*first).and_then(|phase| phase.key.clone());
        if let (Some(phase), Some(key)) = (reading.phases.get_mut(*then), key) {
            phase.needs.push(key);
        }
    }
    let mut pairs: Pairs =
        tasks.into_iter().map(|(pair, line)| (pair, (Why::Stated, Some(line)))).collect();
    let ranks = ranks(reading, &phases, &pairs);
    by_phase(reading, &phases, &ranks, &mut pairs);
    by_file(reading, &ranks, &mut pairs);
    for ((first, then), (why, line)) in pairs {
        if let (Some(id), Some(task)) = (names.get(first), reading.tasks.get_mut(then)) {
            task.needs.push(Need { id: id.clone(), why, line });
        }
    }
    reading.problems.sort();
    reading.problems.dedup();
}

/// Leaves out the statement that closes each cycle, and reports the cycle.
fn acyclic(
    count: usize,
    mut said: BTreeMap<(usize, usize), usize>,
    names: &[String],
    problems: &mut Vec<Problem>,
) -> BTreeMap<(usize, usize), usize> {
    for round in 0.. {
        let Some(cycle) = edges(count, said.keys()).and_then(|edges| find_cycle(&edges)) else {
            break;
        };
        let path: Vec<usize> = cycle.path.iter().map(|node| *node as usize).collect();
        let steps = path.iter().zip(path.iter().skip(1)).map(|(one, other)| (*one, *other));
        // The statement that comes last is the one that contradicts.
        let Some((pair, line)) = steps
            .filter_map(|pair| said.get(&pair).map(|line| (pair, *line)))
            .max_by_key(|(pair, line)| (*line, *pair))
        else {
            break;
        };
        if round < CYCLES {
            let shown: Vec<&str> =
                path.iter().filter_map(|node| names.get(*node)).map(String::as_str).collect();
            let message =
                format!("a circle: {}; what this line says is left out", shown.join(" → "));
            problems.push(Problem { line, message });
            said.remove(&pair);
        } else {
            // Too many to be told one by one: keep what agrees with the order of the file.
            said.retain(|(first, then), _| first < then);
        }
    }
    said
}

fn edges<'p>(count: usize, pairs: impl Iterator<Item = &'p (usize, usize)>) -> Option<Edges> {
    let small = |at: usize| u32::try_from(at).ok();
    let pairs: Vec<(u32, u32)> =
        pairs.filter_map(|(one, other)| Some((small(*one)?, small(*other)?))).collect();
    Edges::new(count, &pairs).ok()
}

/// The last tasks of a phase come before the first ones of those that wait for it.
///
/// Where the file says nothing about its phases at all, they follow one another.
fn by_phase(
    reading: &Reading,
    phases: &BTreeMap<(usize, usize), usize>,
    ranks: &[usize],
    pairs: &mut Pairs,
) {
    let mut waits: Vec<Wait> = Vec::new();
    for ((first, then), line) in phases {
        let story =
            |at: &usize| reading.phases.get(*at).is_some_and(|phase| !phase.stories.is_empty());
        let why = if story(first) && story(then) { Why::Story } else { Why::Phase };
        waits.push(((*first, *then), (why, Some(*line))));
    }
    if phases.is_empty() {
        let next = (1..reading.phases.len()).map(|then| ((then - 1, then), (Why::Phase, None)));
        waits.extend(next);
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); reading.phases.len()];
    for (at, task) in reading.tasks.iter().enumerate() {
        if let Some(list) = members.get_mut(task.part) {
            list.push(at);
        }
    }
    // Within a phase: who waits for nobody, and for whom nobody waits.
    let part = |at: usize| reading.tasks.get(at).map(|task| task.part);
    let inner = |pair: &&(usize, usize)| part(pair.0) == part(pair.1);
    let waiting: HashSet<usize> = pairs.keys().filter(inner).map(|(_, then)| *then).collect();
    let awaited: HashSet<usize> = pairs.keys().filter(inner).map(|(first, _)| *first).collect();
    let all = |at: usize| members.get(at).map(Vec::as_slice).unwrap_or_default();
    for ((first, then), why) in waits {
        let last: Vec<usize> =
            all(first).iter().copied().filter(|at| !awaited.contains(at)).collect();
        let begin: Vec<usize> =
            all(then).iter().copied().filter(|at| !waiting.contains(at)).collect();
        // Of very many tasks that all wait for very many, one waits for all the others.
        let wide = last.len().saturating_mul(begin.len()) > WIDE;
        let begin = if wide { begin.get(..1).unwrap_or_default() } else { &begin };
        for (one, other) in
            last.iter().flat_map(|one| begin.iter().map(move |other| (*one, *other)))
        {
            // What single tasks say against it has been read before.
            if ranks.get(one) < ranks.get(other) {
                pairs.entry((one, other)).or_insert(why);
            }
        }
    }
}

/// The place of each task in an order that agrees with all statements, and else with phases and lines.
fn ranks(reading: &Reading, phases: &BTreeMap<(usize, usize), usize>, pairs: &Pairs) -> Vec<usize> {
    let count = reading.tasks.len();
    let mut parts = vec![0; reading.phases.len()];
    let order =
        edges(reading.phases.len(), phases.keys()).and_then(|edges| topological(&edges).ok());
    for (rank, part) in order.unwrap_or_default().into_iter().enumerate() {
        if let Some(place) = parts.get_mut(part as usize) {
            *place = rank;
        }
    }
    let rank = |at: usize| {
        let part = reading.tasks.get(at).map_or(0, |task| task.part);
        Reverse((parts.get(part).copied().unwrap_or(0), at))
    };
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut open = vec![0_usize; count];
    for (first, then) in pairs.keys() {
        if let (Some(after), Some(open)) = (after.get_mut(*first), open.get_mut(*then)) {
            after.push(*then);
            *open += 1;
        }
    }
    let free = (0..count).filter(|at| open.get(*at) == Some(&0));
    let mut ready: BinaryHeap<Reverse<(usize, usize)>> = free.map(rank).collect();
    let mut ranks = vec![0; count];
    let mut next = 0;
    while let Some(Reverse((_, at))) = ready.pop() {
        if let Some(place) = ranks.get_mut(at) {
            *place = next;
        }
        next += 1;
        for then in after.get(at).into_iter().flatten() {
            if let Some(open) = open.get_mut(*then) {
                *open -= 1;
                if *open == 0 {
                    ready.push(rank(*then));
                }
            }
        }
    }
    ranks
}

/// Tasks that change one file follow one another.
fn by_file(reading: &Reading, ranks: &[usize], pairs: &mut Pairs) {
    let mut order: Vec<usize> = (0..reading.tasks.len()).collect();
    order.sort_by_key(|at| ranks.get(*at).copied());
    let mut last: HashMap<&str, usize> = HashMap::new();
    for at in order {
        let Some(task) = reading.tasks.get(at) else { continue };
        if matches!(task.state, State::Deferred | State::Cancelled) {
            continue;
        }
        for file in &task.files {
            if let Some(before) = last.insert(file.as_str(), at).filter(|before| *before != at) {
                pairs.entry((before, at)).or_insert((Why::File, None));
            }
        }
    }
}
