//! Sets of versions, by rank.

use std::fmt;

use pubgrub::VersionSet;

/// A set of ranks: a bit for each of the first ones, and whether all further ones are inside.
///
/// Ranks are positions in a catalog, so a range becomes exactly the versions that exist in it, with
/// every rule about pre-releases already applied. The form is canonical: equal sets compare equal,
/// which the solver relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    words: Vec<u64>,
    rest: bool,
}

const BITS: usize = u64::BITS as usize;

impl Set {
    /// The set of the given ranks.
    pub(super) fn of(ranks: impl IntoIterator<Item = usize>) -> Self {
        let mut words = Vec::new();
        for rank in ranks {
            if words.len() <= rank / BITS {
                words.resize(rank / BITS + 1, 0);
            }
            if let Some(word) = words.get_mut(rank / BITS) {
                *word |= 1 << (rank % BITS);
            }
        }
        Self { words, rest: false }
    }

    /// The ranks below `end` that are not in this set.
    pub(super) fn others_below(&self, end: usize) -> Self {
        Self::of((0..end).filter(|rank| !self.contains(rank)))
    }

    /// The ranks inside that are below `end`, ascending.
    pub(super) fn below(&self, end: usize) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (0..end).filter(|rank| self.contains(rank))
    }

    fn fill(&self) -> u64 {
        if self.rest { u64::MAX } else { 0 }
    }

    fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or_else(|| self.fill())
    }

    fn trimmed(mut self) -> Self {
        let fill = self.fill();
        while self.words.last() == Some(&fill) {
            self.words.pop();
        }
        self
    }

    fn zip(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let length = self.words.len().max(other.words.len());
        let words = (0..length).map(|at| combine(self.word(at), other.word(at))).collect();
        Self { words, rest: combine(self.fill(), other.fill()) != 0 }.trimmed()
    }
}

impl VersionSet for Set {
    type V = usize;

    fn empty() -> Self {
        Self { words: Vec::new(), rest: false }
    }

    fn singleton(rank: usize) -> Self {
        Self::of([rank])
    }

    fn complement(&self) -> Self {
        Self { words: self.words.iter().map(|word| !word).collect(), rest: !self.rest }
    }

    fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    fn union(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    fn contains(&self, rank: &usize) -> bool {
        self.word(rank / BITS) >> (rank % BITS) & 1 == 1
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.below(self.words.len() * BITS)).finish()?;
        f.write_str(if self.rest { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const END: usize = 200;

    proptest! {
        #[test]
        fn it_behaves_like_a_set_of_numbers(
            a in prop::collection::btree_set(0..150_usize, 0..9),
            b in prop::collection::btree_set(0..150_usize, 0..9),
        ) {
            let (left, right) = (Set::of(a.clone()), Set::of(b.clone()));
            let ranks = |set: &Set| set.below(END).collect::<BTreeSet<_>>();
            prop_assert_eq!(ranks(&left.union(&right)), &a | &b);
            prop_assert_eq!(ranks(&left.intersection(&right)), &a & &b);
            prop_assert_eq!(ranks(&left.intersection(&right.complement())), &a - &b);
            prop_assert_eq!(&left.complement().complement(), &left);
            prop_assert_eq!(left.is_disjoint(&right), a.is_disjoint(&b));
            prop_assert_eq!(left.subset_of(&right), a.is_subset(&b));
            prop_assert_eq!(left == right, a == b);
            prop_assert_eq!(left.others_below(END).union(&left), Set::of(0..END));
        }
    }
}
