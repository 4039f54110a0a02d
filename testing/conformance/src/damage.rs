//! Damage to the bytes of a file, chosen by a seed, so that a failure names it.

/// Gives a number below a bound, always the same for a seed (`SplitMix64`).
#[must_use]
pub fn below(seed: u64, bound: usize) -> usize {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (seed >> 7);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    usize::try_from(mixed % bound.max(1) as u64).unwrap_or(0)
}

/// Damages at most so many bytes from a place on, in a way that the seed chooses: mostly a bit, else zeros, ones, bytes of
/// another place, or a cut there, or something more at the end.
pub fn damage(bytes: &mut Vec<u8>, seed: u64, place: usize, most: usize) {
    let length = (1 + below(seed ^ 0x55, most)).min(bytes.len().saturating_sub(place));
    let victim = place..place + length;
    match below(seed ^ 0x99, 8) {
        0 => bytes.truncate(place),
        1 => fill(bytes, victim, 0),
        2 => {
            let from = below(seed ^ 0xaa, bytes.len() - length + 1);
            bytes.copy_within(from..from + length, place);
        }
        3 => bytes.extend_from_within(victim),
        4 => fill(bytes, victim, 0xff),
        _ => flip(bytes, place * 8 + below(seed ^ 0x33, 8)),
    }
}

/// Flips one bit.
pub fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

fn fill(bytes: &mut [u8], victim: std::ops::Range<usize>, value: u8) {
    if let Some(victim) = bytes.get_mut(victim) {
        victim.fill(value);
    }
}
