//! The algorithms against slow obvious oracles.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A graph of up to 9 nodes; acyclic when `forward`.
fn graphs(forward: bool) -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    (1_u32..10).prop_flat_map(move |nodes| {
        let pairs = prop::collection::vec((0..nodes, 0..nodes), 0..20);
        (pairs, Just(nodes).prop_perturb(|nodes, mut rng| shuffled(nodes, || rng.next_u32())))
            .prop_map(move |(pairs, name)| {
                let keep = |&(a, b): &(u32, u32)| !forward || a < b;
                let rename = |(a, b)| (name[a as usize], name[b as usize]);
                (nodes as usize, pairs.into_iter().filter(keep).map(rename).collect())
            })
    })
}

/// Random names keep the index order from being a topological order by accident.
fn shuffled(nodes: u32, mut random: impl FnMut() -> u32) -> Vec<u32> {
    let mut names: Vec<u32> = (0..nodes).collect();
    for at in (1..names.len()).rev() {
        names.swap(at, random() as usize % (at + 1));
    }
    names
}

/// `closure[a][b]`: a path of at least one edge leads from a to b (Warshall).
fn closure(nodes: usize, pairs: &[(u32, u32)]) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; nodes]; nodes];
    for &(a, b) in pairs {
        reach[a as usize][b as usize] = true;
    }
    for via in 0..nodes {
        for a in 0..nodes {
            for b in 0..nodes {
                reach[a][b] |= reach[a][via] && reach[via][b];
            }
        }
    }
    reach
}

/// Every path of an acyclic graph, by extending each known path.
fn all_paths(nodes: usize, pairs: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let mut paths: Vec<Vec<u32>> = (0..u32::try_from(nodes).unwrap()).map(|n| vec![n]).collect();
    let mut at = 0;
    while at < paths.len() {
        let path = paths[at].clone();
        for &(_, b) in pairs.iter().filter(|(a, _)| Some(a) == path.last()) {
            paths.push(path.iter().copied().chain([b]).collect());
        }
        at += 1;
    }
    paths
}

/// The length of the shortest cycle, by matrix powers of the edge relation.
fn girth(nodes: usize, pairs: &[(u32, u32)]) -> Option<usize> {
    let mut walks: BTreeSet<(u32, u32)> = pairs.iter().copied().collect();
    for length in 1..=nodes {
        if walks.iter().any(|(a, b)| a == b) {
            return Some(length);
        }
        let extend = |&(a, b): &(u32, u32)| {
            pairs.iter().filter(move |(c, _)| *c == b).map(move |&(_, d)| (a, d))
        };
        walks = walks.iter().flat_map(extend).collect();
    }
    None
}

fn unique(pairs: &[(u32, u32)]) -> BTreeSet<(u32, u32)> {
    pairs.iter().copied().collect()
}

proptest! {
    #[test]
    fn the_table_keeps_each_pair_once((nodes, pairs) in graphs(false)) {
        let edges = Edges::new(nodes, &pairs).unwrap();
        prop_assert_eq!(edges.pairs().collect::<Vec<_>>(), unique(&pairs).into_iter().collect::<Vec<_>>());
        let turned = edges.reversed().pairs().map(|(a, b)| (b, a)).collect::<BTreeSet<_>>();
        prop_assert_eq!(turned, unique(&pairs));
    }

    #[test]
    fn order_and_layers_match_the_longest_path((nodes, pairs) in graphs(true)) {
        let edges = Edges::new(nodes, &pairs).unwrap();
        let paths = all_paths(nodes, &pairs);
        let layer = layers(&edges).unwrap();
        for node in edges.indices() {
            let ends = paths.iter().filter(|path| path.last() == Some(&node));
            prop_assert_eq!(layer[node as usize] as usize, ends.map(Vec::len).max().unwrap() - 1);
        }
        let mut expected: Vec<u32> = edges.indices().collect();
        expected.sort_by_key(|&node| (layer[node as usize], node));
        prop_assert_eq!(topological(&edges).unwrap(), expected);
        prop_assert_eq!(find_cycle(&edges), None);
    }

    #[test]
    fn the_critical_path_is_the_heaviest(
        (nodes, pairs) in graphs(true), weights in prop::collection::vec(0_u64..9, 9),
    ) {
        let found = critical_path(&Edges::new(nodes, &pairs).unwrap(), &weights).unwrap();
        let sum = |path: &[u32]| path.iter().map(|&n| weights[n as usize]).sum::<u64>();
        let heaviest = all_paths(nodes, &pairs).iter().map(|path| sum(path)).max().unwrap();
        prop_assert_eq!((found.total, sum(&found.path)), (heaviest, heaviest));
        prop_assert!(found.path.windows(2).all(|w| pairs.contains(&(w[0], w[1]))));
    }

    #[test]
    fn the_cycle_is_a_shortest_one((nodes, pairs) in graphs(false)) {
        let edges = Edges::new(nodes, &pairs).unwrap();
        let found = find_cycle(&edges);
        prop_assert_eq!(found.as_ref().map(|cycle| cycle.path.len() - 1), girth(nodes, &pairs));
        prop_assert_eq!(&topological(&edges).err(), &found);
        prop_assert_eq!(&layers(&edges).err(), &found);
        if let Some(Cycle { path }) = found {
            prop_assert_eq!(path.first(), path.last());
            prop_assert_eq!(path.first(), path.iter().min());
            prop_assert!(path.windows(2).all(|w| pairs.contains(&(w[0], w[1]))));
            prop_assert_eq!(path.iter().collect::<BTreeSet<_>>().len(), path.len() - 1);
        }
    }

    #[test]
    fn reachability_matches_the_closure(
        (nodes, pairs) in graphs(false), seeds in prop::collection::vec(0_u32..9, 0..3),
    ) {
        let edges = Edges::new(nodes, &pairs).unwrap();
        let reach = closure(nodes, &pairs);
        let seeds: Vec<u32> = seeds.into_iter().filter(|&s| (s as usize) < nodes).collect();
        let after = |n: &u32| seeds.iter().any(|&s| reach[s as usize][*n as usize]);
        let before = |n: &u32| seeds.iter().any(|&s| reach[*n as usize][s as usize]);
        prop_assert_eq!(descendants(&edges, &seeds), edges.indices().filter(after).collect::<Vec<_>>());
        prop_assert_eq!(ancestors(&edges, &seeds), edges.indices().filter(before).collect::<Vec<_>>());
        for (a, row) in edges.indices().zip(&reach) {
            for (b, &expected) in edges.indices().zip(row) {
                prop_assert_eq!(reaches(&edges, a, b), expected);
            }
        }
    }

    #[test]
    fn a_redundant_edge_is_one_that_the_rest_implies((nodes, pairs) in graphs(true)) {
        let found = redundant(&Edges::new(nodes, &pairs).unwrap()).unwrap();
        let implied = |&&edge: &&(u32, u32)| {
            let rest: Vec<_> = pairs.iter().copied().filter(|pair| *pair != edge).collect();
            closure(nodes, &rest)[edge.0 as usize][edge.1 as usize]
        };
        prop_assert_eq!(found, unique(&pairs).iter().filter(implied).copied().collect::<Vec<_>>());
    }
}

#[test]
fn an_edge_outside_the_graph_is_named() {
    let error = Edges::new(2, &[(0, 1), (1, 2)]).unwrap_err();
    assert_eq!(error.to_string(), "edge 1 → 2 leaves the graph of 2 nodes");
}

#[test]
fn the_empty_graph_has_an_empty_order() {
    let edges = Edges::new(0, &[]).unwrap();
    assert!(topological(&edges).unwrap().is_empty());
    assert_eq!(critical_path(&edges, &[]).unwrap(), CriticalPath { path: vec![], total: 0 });
}

#[test]
fn a_chain_of_a_million_nodes_needs_no_stack() {
    let last = 999_999_u32;
    let mut pairs: Vec<(u32, u32)> = (0..last).map(|n| (n, n + 1)).collect();
    let chain = Edges::new(1_000_000, &pairs).unwrap();
    assert_eq!(layers(&chain).unwrap().last(), Some(&last));
    assert_eq!(critical_path(&chain, &vec![2; 1_000_000]).unwrap().total, 2_000_000);
    assert!(reaches(&chain, 0, last));
    assert_eq!(descendants(&chain, &[0]).len(), 999_999);
    pairs.push((last, 0));
    let ring = Edges::new(1_000_000, &pairs).unwrap();
    assert_eq!(topological(&ring).unwrap_err().path.len(), 1_000_001);
}

#[test]
fn a_short_cycle_is_found_beside_a_long_one() {
    // A ring of 1,000 nodes with a chord that closes a triangle at its end.
    let mut pairs: Vec<(u32, u32)> = (0..1_000).map(|n| (n, (n + 1) % 1_000)).collect();
    pairs.push((5, 3));
    let edges = Edges::new(1_000, &pairs).unwrap();
    assert_eq!(find_cycle(&edges).unwrap().path, [3, 4, 5, 3]);
}
