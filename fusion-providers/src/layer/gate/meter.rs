//! When the next one may start: the generic cell rate algorithm, in whole microseconds.

const MINUTE_US: u128 = 60_000_000;

/// Gives when something may start, and the meter's next state (the theoretical arrival time).
///
/// `at_us` is the state, `cost` how many units it takes, `per_minute` how many there are, `burst_us` how far the past may lie open:
/// in any stretch of time no more starts than flow in during it and during the burst, and one thing more.
pub(super) fn start(
    at_us: i64,
    now_us: i64,
    cost: u64,
    (per_minute, burst_us): (u64, i64),
) -> (i64, i64) {
    let start = now_us.max(at_us.saturating_sub(burst_us));
    (start, start.max(at_us).saturating_add(span(cost, per_minute)))
}

/// Gives how long so many units take to flow in, in microseconds.
pub(super) fn span(units: u64, per_minute: u64) -> i64 {
    let us = (u128::from(units) * MINUTE_US).div_ceil(u128::from(per_minute.max(1)));
    i64::try_from(us).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more(
            asks in prop::collection::vec((0..2_000_000_i64, 1..50_u64), 1..80),
            per_minute in 1..3_000_u64,
            burst_ms in 0..20_000_i64,
        ) {
            let (mut at, mut now) = (0, 1_000_000_000_i64);
            let mut begun: Vec<(i64, u64)> = Vec::new();
            for (pause, cost) in asks {
                now += pause;
                let (start_us, next) = start(at, now, cost, (per_minute, burst_ms * 1_000));
                prop_assert!(start_us >= now && next >= at);
                at = next;
                begun.push((start_us, cost));
            }
            // Those who wait start in order.
            prop_assert!(begun.is_sorted_by_key(|(start, _)| *start));
            for (first, (from, _)) in begun.iter().enumerate() {
                let mut units = 0_u128;
                for (to, cost) in &begun[first..] {
                    // All but the last one have flowed in.
                    let us = u128::try_from(to - from + burst_ms * 1_000).unwrap();
                    prop_assert!(units * MINUTE_US <= us * u128::from(per_minute));
                    units += u128::from(*cost);
                }
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        assert_eq!(start(i64::MAX, i64::MAX, u64::MAX, (1, 0)), (i64::MAX, i64::MAX));
        assert_eq!(start(i64::MIN, 0, 0, (0, i64::MAX)), (0, 0));
        assert_eq!(span(1, 60), 1_000_000);
    }
}
