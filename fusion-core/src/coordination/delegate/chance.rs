//! How likely an agent is to do a kind of task well, learned from what it did: Thompson sampling (Thompson, 1933).

use crate::coordination::Tally;

/// What is believed before anything is known: three of four tasks end well, with the weight of four tasks.
const PRIOR: (f64, f64) = (3.0, 1.0);

/// Random numbers from a seed (`SplitMix64`; Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Gives a number above 0 and below 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Gives a number of the normal distribution (Box and Muller, 1958).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Gives a number of the gamma distribution with a shape of at least 1 (Marsaglia and Tsang, 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

/// Draws how likely success is, from 0 to 1, out of what is known: the less is known, the more the draws differ, so that an
/// agent that nobody knows gets its tries.
pub(super) fn draw(known: Tally, dice: &mut Dice) -> f64 {
    let well = dice.gamma(PRIOR.0 + known.done as f64);
    let ill = dice.gamma(PRIOR.1 + known.failed as f64);
    well / (well + ill)
}

/// Gives how likely success is on the whole.
pub(super) fn mean(known: Tally) -> f64 {
    let (well, ill) = (PRIOR.0 + known.done as f64, PRIOR.1 + known.failed as f64);
    well / (well + ill)
}
