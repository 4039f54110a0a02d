//! Which of several services gets a request. Pure.

use serde::{Deserialize, Serialize};

use super::words::Service;
use crate::model::Digest;

/// How one of several is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// The one that is least busy: what it says itself, and how many requests of this process it has in hand.
    LeastLoaded,
    /// Always the same for a key, for as long as it is there; when one comes or goes, few keys move (rendezvous hashing; Thaler
    /// and Ravishankar, 1998).
    Sticky(String),
}

/// What is known of the requests of this process.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// How many requests were routed before.
    pub turn: u64,
    /// How many requests each service has in hand, in the order of the services.
    pub in_hand: Vec<u32>,
}

/// Gives the places of services in the order in which they are to be tried; the first gets the request.
///
/// ```
/// use fusion_core::coordination::service::{Load, Service, Strategy, Target, choose};
///
/// let one = |id: &str| Service::new(id, "search", Target::Agent(id.to_owned()));
/// let all = [one("a"), one("b"), one("c")];
/// let load = Load { turn: 4, in_hand: vec![2, 0, 1] };
/// assert_eq!(choose(&all, &Strategy::RoundRobin, &load), [1, 2, 0]);
/// assert_eq!(choose(&all, &Strategy::LeastLoaded, &load), [1, 2, 0]);
/// ```
pub fn choose(services: &[Service], strategy: &Strategy, load: &Load) -> Vec<usize> {
    let mut places: Vec<usize> = (0..services.len()).collect();
    match strategy {
        Strategy::RoundRobin => {
            let by = usize::try_from(load.turn).unwrap_or(0).checked_rem(places.len());
            places.rotate_left(by.unwrap_or(0));
        }
        Strategy::LeastLoaded => {
            let busy = |at: usize| {
                let own = services.get(at).map_or(0.0, |service| service.load);
                own + load.in_hand.get(at).copied().map_or(0.0, f64::from)
            };
            places.sort_by(|one, other| busy(*one).total_cmp(&busy(*other)));
        }
        Strategy::Sticky(key) => {
            let weight = |at: &usize| {
                let id = services.get(*at).map_or("", |service| service.id.as_str());
                std::cmp::Reverse(Digest::of_parts(&[key.as_bytes(), id.as_bytes()]).seed())
            };
            places.sort_by_key(weight);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::words::Target;
    use super::*;

    fn some(count: usize) -> Vec<Service> {
        let one = |n: usize| Service::new(format!("s{n}"), "s", Target::Agent(format!("s{n}")));
        (0..count).map(one).collect()
    }

    #[test]
    fn every_one_gets_its_turn() {
        let all = some(3);
        let first = |turn| choose(&all, &Strategy::RoundRobin, &Load { turn, in_hand: vec![] })[0];
        assert_eq!((0..6).map(first).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
        assert!(choose(&[], &Strategy::RoundRobin, &Load::default()).is_empty());
    }

    #[test]
    fn a_key_stays_where_it_is() {
        let all = some(10);
        let place = |all: &[Service], key: usize| {
            let at = choose(all, &Strategy::Sticky(key.to_string()), &Load::default())[0];
            all[at].id.clone()
        };
        let moved = (0..1000).filter(|key| place(&all, *key) != place(&all[..9], *key)).count();
        assert!((50..200).contains(&moved), "about a tenth moves: {moved}");
    }
}
