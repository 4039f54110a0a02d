//! What is spent and what is held: pure arithmetic.

use std::collections::BTreeMap;

use fusion_core::model::chat::Usd;
use serde::{Deserialize, Serialize};

/// Money that is held for a call under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The most that the call is expected to cost.
    pub amount: Usd,
    /// When whoever held it is taken for dead, in milliseconds since 1970: then the amount counts as spent.
    pub until: i64,
}

/// What one run, agent, project or day has spent, and what is held for calls under way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// What was spent.
    pub spent: Usd,
    /// How many calls were settled.
    pub calls: u64,
    /// How many were never settled, and counted as what was held for them.
    #[serde(skip_serializing_if = "is_zero")]
    pub lost: u64,
    /// What is held, by the name of the reservation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Hold>,
}

impl Account {
    /// Gives what is held in all.
    pub fn held(&self) -> Usd {
        self.held.values().map(|hold| hold.amount).sum()
    }

    /// Counts as spent what was held by those who are taken for dead: their calls may have been paid for.
    pub(crate) fn sweep(&mut self, now: i64) {
        for (_, hold) in self.held.extract_if(.., |_, hold| hold.until <= now) {
            self.spent = self.spent.plus(hold.amount);
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Holds an amount if it fits under the limit with all that is spent and held.
    pub(crate) fn hold(&mut self, name: &str, hold: Hold, limit: Usd) -> bool {
        let used = self.spent.plus(self.held());
        // Not by adding: a sum that stops at the largest amount would fit under it.
        if used > limit || limit.minus(used) < hold.amount {
            return false;
        }
        self.held.insert(name.to_owned(), hold);
        true
    }

    /// Replaces what was held by what was spent, also when it was counted as lost meanwhile.
    pub(crate) fn settle(&mut self, name: &str, amount: Usd, actual: Usd) {
        if self.held.remove(name).is_none() {
            self.spent = self.spent.minus(amount);
            self.lost = self.lost.saturating_sub(1);
        }
        self.spent = self.spent.plus(actual);
        self.calls = self.calls.saturating_add(1);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Hold(u64),
        Settle(usize, u64),
        Crash(usize),
        Sweep,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let amount = || prop_oneof![0..100_u64, Just(u64::MAX)];
        let step = prop_oneof![
            amount().prop_map(Step::Hold),
            (any::<usize>(), 0..=100_u64).prop_map(|(which, share)| Step::Settle(which, share)),
            any::<usize>().prop_map(Step::Crash),
            Just(Step::Sweep),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        /// Calls that cost no more than was held for them never bring an account over its limit, whoever dies when.
        #[test]
        fn never_over_the_limit_and_never_forgotten(steps in steps(), limit in 0..500_u64) {
            let limit = Usd::from_nano(limit);
            let mut account = Account::default();
            let mut open: Vec<(String, Usd)> = Vec::new();
            let mut paid = Usd::ZERO;
            for (at, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Hold(amount) => {
                        let (name, amount) = (at.to_string(), Usd::from_nano(amount));
                        let before = account.clone();
                        if account.hold(&name, Hold { amount, until: 1 }, limit) {
                            open.push((name, amount));
                        } else {
                            prop_assert_eq!(&account, &before);
                        }
                    }
                    Step::Settle(which, share) if !open.is_empty() => {
                        let (name, amount) = open.remove(which % open.len());
                        let actual = Usd::from_nano(amount.nano() / 100 * share);
                        account.settle(&name, amount, actual);
                        paid = paid.plus(actual);
                    }
                    Step::Crash(which) if !open.is_empty() => drop(open.remove(which % open.len())),
                    Step::Sweep => account.sweep(1),
                    _ => {}
                }
                prop_assert!(account.spent.plus(account.held()) <= limit);
                prop_assert!(account.spent.plus(account.held()) >= paid);
            }
        }
    }

    #[test]
    fn what_was_counted_as_lost_is_put_right() {
        let usd = Usd::from_nano;
        let mut account = Account::default();
        assert!(account.hold("a", Hold { amount: usd(10), until: 5 }, usd(10)));
        assert!(!account.hold("b", Hold { amount: usd(1), until: 5 }, usd(10)));
        account.sweep(4);
        assert_eq!((account.held(), account.spent), (usd(10), usd(0)));
        account.sweep(5);
        assert_eq!((account.held(), account.spent, account.lost), (usd(0), usd(10), 1));
        account.settle("a", usd(10), usd(3));
        assert_eq!((account.spent, account.lost, account.calls), (usd(3), 0, 1));
    }
}
