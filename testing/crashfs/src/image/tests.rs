//! The content model against a plain list of what each byte has been.

use proptest::prelude::*;

use super::{Image, SECTOR_BYTES};
use crate::rng::Rng;

#[derive(Debug, Clone)]
enum Step {
    Write { offset: usize, len: usize, fill: u8 },
    Truncate { len: usize },
    Sync,
    FailSync,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6000_usize, 1..3000_usize, 1..=u8::MAX)
            .prop_map(|(offset, len, fill)| Step::Write { offset, len, fill }),
        1 => (0..8000_usize).prop_map(|len| Step::Truncate { len }),
        2 => Just(Step::Sync),
        1 => Just(Step::FailSync),
    ]
}

/// All that each byte may be after a loss of power, and all that the length may be.
#[derive(Debug, Default)]
struct Model {
    cache: Vec<u8>,
    /// The values that each byte has had since it was last sure; the values of a byte that never was are free.
    values: Vec<Vec<u8>>,
    /// Bytes from here on may never have been written to the disk.
    sure_len: usize,
    min_len: usize,
    max_len: usize,
    /// Set while a failed sync makes it unknown what the next sync leaves.
    failed: bool,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Write { offset, len, fill } => {
                let end = offset + len;
                self.cache.resize(self.cache.len().max(end), 0);
                self.cache[offset..end].fill(fill);
                self.max_len = self.max_len.max(end);
                self.values.resize(self.values.len().max(end), vec![0]);
                self.values[offset..end].iter_mut().for_each(|values| values.push(fill));
            }
            Step::Truncate { len } => {
                self.cache.resize(len, 0);
                self.min_len = self.min_len.min(len);
                self.max_len = self.max_len.max(len);
                self.sure_len = self.sure_len.min(len);
                self.values.resize(self.values.len().max(len), vec![0]);
                self.values[len..].iter_mut().for_each(|values| values.push(0));
            }
            Step::Sync if !self.failed => {
                self.values = self.cache.iter().map(|value| vec![*value]).collect();
                self.sure_len = self.cache.len();
                self.min_len = self.cache.len();
                self.max_len = self.cache.len();
            }
            Step::Sync => {}
            Step::FailSync => self.failed = true,
        }
    }

    fn check(&self, after: &[u8]) -> Result<(), TestCaseError> {
        prop_assert!((self.min_len..=self.max_len).contains(&after.len()) || self.failed);
        for (place, value) in after.iter().enumerate().take(self.sure_len) {
            prop_assert!(self.values[place].contains(value), "byte {place} is {value}");
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn programs_see_a_plain_file(steps in prop::collection::vec(step(), 0..30), seed: u64) {
        let (mut image, mut model) = (Image::default(), Model::default());
        run(&mut image, &mut model, &steps, seed);
        prop_assert_eq!(image.bytes(), &model.cache);
    }

    #[test]
    fn power_loss_leaves_each_byte_as_it_once_was(
        steps in prop::collection::vec(step(), 0..30),
        seed: u64,
    ) {
        let (mut image, mut model) = (Image::default(), Model::default());
        run(&mut image, &mut model, &steps, seed);
        image.lose_power(&mut Rng::for_topic(seed, 9, 9));
        model.check(image.bytes())?;
    }

    #[test]
    fn what_is_synced_survives(steps in prop::collection::vec(step(), 0..30), seed: u64) {
        let steps: Vec<Step> =
            steps.into_iter().filter(|step| !matches!(step, Step::FailSync)).collect();
        let (mut image, mut model) = (Image::default(), Model::default());
        run(&mut image, &mut model, &steps, seed);
        image.sync();
        image.lose_power(&mut Rng::for_topic(seed, 9, 9));
        prop_assert_eq!(image.bytes(), &model.cache);
    }

    #[test]
    fn a_sector_is_written_whole_or_not_at_all(offset in 0..3000_usize, len in 1..5000_usize, seed: u64) {
        let mut image = Image::stored(&[1; 8000]);
        image.write(offset, &vec![2; len]);
        image.lose_power(&mut Rng::for_topic(seed, 9, 9));
        for (number, sector) in image.bytes().chunks(SECTOR_BYTES).enumerate() {
            let start = number * SECTOR_BYTES;
            let written = |place: usize| (offset..offset + len).contains(&(start + place));
            let inside = sector.iter().enumerate().filter(|(place, _)| written(*place));
            let news: Vec<bool> = inside.map(|(_, value)| *value == 2).collect();
            prop_assert!(news.iter().all(|new| *new == news[0]), "sector {} is torn", number);
            let beside = sector.iter().enumerate().filter(|(place, _)| !written(*place));
            prop_assert!(beside.into_iter().all(|(_, value)| *value == 1));
        }
    }
}

fn run(image: &mut Image, model: &mut Model, steps: &[Step], seed: u64) {
    for (number, step) in steps.iter().enumerate() {
        model.apply(step);
        match *step {
            Step::Write { offset, len, fill } => image.write(offset, &vec![fill; len]),
            Step::Truncate { len } => image.truncate(len),
            Step::Sync => image.sync(),
            Step::FailSync => image.fail_sync(&mut Rng::for_topic(seed, 8, number as u64)),
        }
    }
}

/// Runs one case for many seeds, and tells the different results.
fn outcomes(case: impl Fn(&mut Image, &mut Rng)) -> std::collections::BTreeSet<Vec<u8>> {
    let result = |seed| {
        let mut image = Image::stored(&[1; 4 * SECTOR_BYTES]);
        let mut rng = Rng::for_topic(seed, 9, 9);
        case(&mut image, &mut rng);
        image.lose_power(&mut rng);
        image.bytes().to_vec()
    };
    (0..400).map(result).collect()
}

#[test]
fn every_tearing_of_a_write_happens() {
    let all = outcomes(|image, _| image.write(0, &[2; 4 * SECTOR_BYTES]));
    assert_eq!(all.len(), 16, "each of four sectors is new or old");
}

#[test]
fn a_later_write_may_survive_an_earlier_one() {
    let all = outcomes(|image, _| {
        image.write(0, &[2; SECTOR_BYTES]);
        image.write(SECTOR_BYTES, &[3; SECTOR_BYTES]);
    });
    assert!(all.iter().any(|bytes| bytes[0] == 1 && bytes[SECTOR_BYTES] == 3));
    assert!(all.iter().any(|bytes| bytes[0] == 2 && bytes[SECTOR_BYTES] == 1));
}

#[test]
fn a_sync_after_a_failed_one_does_not_bring_the_data_back() {
    let all = outcomes(|image, rng| {
        image.write(0, &[2; 4 * SECTOR_BYTES]);
        image.fail_sync(rng);
        assert_eq!(image.bytes()[0], 2, "reads still show the data");
        image.sync();
    });
    assert!(all.contains(&vec![1; 4 * SECTOR_BYTES]), "nothing of it may be on the disk");
    assert!(all.contains(&vec![2; 4 * SECTOR_BYTES]), "all of it may be");
}
