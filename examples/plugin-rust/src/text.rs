//! What the plugin does with texts: sentences, the words that count, vectors.

use std::collections::BTreeMap;

/// Words of fewer letters say little.
const SHORT: usize = 4;

/// Picks the sentences whose words come most often in the text, in the text's order.
pub(crate) fn pick(text: &str, most: usize) -> Vec<String> {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for word in words(text) {
        *counts.entry(word).or_default() += 1.0;
    }
    let weigh = |sentence: &str| {
        let weights: Vec<f64> =
            words(sentence).filter_map(|word| counts.get(&word)).copied().collect();
        weights.iter().sum::<f64>() / (weights.len() as f64).sqrt().max(1.0)
    };
    let mut all: Vec<(usize, &str)> = sentences(text).enumerate().collect();
    all.sort_by(|(_, a), (_, b)| weigh(b).total_cmp(&weigh(a)));
    all.truncate(most);
    all.sort_unstable_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, sentence)| sentence.to_owned()).collect()
}

/// Hashes the words of a text into a vector of length 1: texts that share words point the same way.
pub(crate) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    for word in words(text) {
        // FNV-1a, the same in every process.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325, step);
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        let place = usize::try_from(hash).unwrap_or(usize::MAX) % dimensions;
        if let Some(value) = vector.get_mut(place) {
            *value += sign;
        }
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value /= length;
        }
    }
    vector
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.split_inclusive(['.', '!', '?', '\n']);
    ends.map(str::trim).filter(|sentence| sentence.chars().any(char::is_alphanumeric))
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|sign: char| !sign.is_alphanumeric());
    words.filter(|word| word.chars().count() >= SHORT).map(str::to_lowercase)
}
