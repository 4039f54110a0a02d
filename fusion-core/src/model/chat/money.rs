//! Money, exactly: whole billionths of a US dollar, never a floating point number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Usage;

/// How many billionths make a dollar.
const UNIT: u64 = 1_000_000_000;

/// An amount of US dollars in whole billionths, at most 18 billion dollars; it stops at both ends instead of wrapping.
///
/// In JSON and for people it is a decimal text, which no language turns into a rounded number.
///
/// ```
/// use fusion_core::model::chat::Usd;
/// let price: Usd = "0.15".parse()?;
/// assert_eq!(price, Usd::from_nano(150_000_000));
/// assert_eq!(price.plus("0.000000001".parse()?).to_string(), "0.150000001");
/// # Ok::<(), fusion_core::model::chat::NotUsd>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Usd(u64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// More than anybody has.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes an amount of billionths of a dollar.
    pub const fn from_nano(nano: u64) -> Self {
        Self(nano)
    }

    /// Makes an amount of hundredths of a dollar.
    pub const fn from_cents(cents: u64) -> Self {
        Self(cents.saturating_mul(UNIT / 100))
    }

    /// Gives the billionths of a dollar.
    pub const fn nano(self) -> u64 {
        self.0
    }

    /// Adds; stops at the largest amount.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Takes away; stops at nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl fmt::Display for Usd {
    /// Writes dollars with as many decimals as there are, none for whole dollars.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / UNIT, self.0 % UNIT);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{rest:09}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl fmt::Debug for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

/// Says that a text is no amount of dollars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an amount of US dollars is digits, and at most nine decimals after a point that are not 0, such as `0.25`"
)]
pub struct NotUsd;

impl Usd {
    /// Reads an amount as files have it: a text such as `"0.50"`, or a number, which JSON may write as `1e-9`.
    ///
    /// ```
    /// use fusion_core::model::chat::Usd;
    /// use serde_json::json;
    ///
    /// assert_eq!(Usd::from_json(&json!(0.5)), Usd::from_json(&json!("0.50")));
    /// assert!(Usd::from_json(&json!(1e-12)).is_err(), "less than the least amount is not nothing");
    /// ```
    ///
    /// # Errors
    /// [`NotUsd`] for what is neither, less than nothing, or less than a billionth of a dollar and not nothing.
    pub fn from_json(value: &Value) -> Result<Self, NotUsd> {
        let text = match (value.as_str(), value.as_f64()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(number)) => format!("{number:.9}"),
            (None, None) => return Err(NotUsd),
        };
        let amount: Self = text.parse()?;
        let vanished = amount == Self::ZERO && value.as_f64().is_some_and(|number| number > 0.0);
        if vanished { Err(NotUsd) } else { Ok(amount) }
    }
}

impl FromStr for Usd {
    type Err = NotUsd;

    fn from_str(text: &str) -> Result<Self, NotUsd> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let decimals = decimals.trim_end_matches('0');
        let digits = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 9 {
            return Err(NotUsd);
        }
        let whole: u64 = whole.parse().map_err(|_| NotUsd)?;
        let rest: u64 = format!("{decimals:0<9}").parse().map_err(|_| NotUsd)?;
        let nano = whole.checked_mul(UNIT).and_then(|nano| nano.checked_add(rest));
        nano.map(Self).ok_or(NotUsd)
    }
}

impl From<Usd> for String {
    fn from(amount: Usd) -> Self {
        amount.to_string()
    }
}

impl TryFrom<String> for Usd {
    type Error = NotUsd;

    fn try_from(text: String) -> Result<Self, NotUsd> {
        text.parse()
    }
}

/// What a model costs, in dollars for a million tokens.
///
/// ```
/// use fusion_core::model::chat::{Price, Usage, Usd};
/// let price = Price::new("0.15".parse()?, "0.60".parse()?);
/// assert_eq!(price.of(Usage::new(1_000, 100)), "0.00021".parse()?);
/// assert_eq!(price.of(Usage::new(1, 0)), Usd::from_nano(150));
/// # Ok::<(), fusion_core::model::chat::NotUsd>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// For a million tokens read.
    pub input: Usd,
    /// For a million tokens written, reasoning included.
    pub output: Usd,
    /// For a million tokens read from the provider's cache; as `input` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_read: Option<Usd>,
    /// For a million tokens put into the provider's cache; as `input` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_write: Option<Usd>,
    /// For each request, whatever its size.
    #[serde(skip_serializing_if = "is_nothing")]
    pub request: Usd,
}

impl Price {
    /// A model that costs nothing, as one on this machine.
    pub const FREE: Self = Self {
        input: Usd::ZERO,
        output: Usd::ZERO,
        cached_read: None,
        cached_write: None,
        request: Usd::ZERO,
    };

    /// Makes a price from what a million tokens read and a million tokens written cost.
    pub fn new(input: Usd, output: Usd) -> Self {
        Self { input, output, ..Self::FREE }
    }

    /// Gives what a call costs, rounded up to a billionth of a dollar once.
    pub fn of(&self, usage: Usage) -> Usd {
        let cached = usage.cached_read.saturating_add(usage.cached_write);
        let terms = [
            (usage.input.saturating_sub(cached), self.input),
            (usage.cached_read, self.cached_read.unwrap_or(self.input)),
            (usage.cached_write, self.cached_write.unwrap_or(self.input)),
            (usage.output, self.output),
        ];
        // Products of two u64 and a sum of four of them may pass 128 bits: they stop at the end.
        let product = |(tokens, price): (u64, Usd)| u128::from(tokens) * u128::from(price.0);
        let sum = terms.into_iter().map(product).fold(0_u128, u128::saturating_add);
        let nano = u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Usd(nano).plus(self.request)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_nothing(amount: &Usd) -> bool {
    *amount == Usd::ZERO
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_amounts_are_amounts() {
        for wrong in ["", ".", ".5", "-1", "+1", "1e3", "1,5", "0.0000000001", "1.2.3", "NaN", "١"]
        {
            assert_eq!(wrong.parse::<Usd>(), Err(NotUsd), "{wrong}");
        }
        assert_eq!("18446744073.709551616".parse::<Usd>(), Err(NotUsd));
        assert_eq!("18446744073.709551615".parse::<Usd>(), Ok(Usd::MAX));
        assert_eq!("1.5000000000000".parse::<Usd>(), Ok(Usd::from_cents(150)));
        assert!(serde_json::from_str::<Usd>("0.5").is_err(), "a number was rounded by somebody");
    }

    #[test]
    fn cached_tokens_have_their_price() {
        let price = Price {
            cached_read: Some(Usd::from_cents(10)),
            cached_write: Some(Usd::from_cents(125)),
            request: Usd::from_nano(7),
            ..Price::new(Usd::from_cents(100), Usd::from_cents(400))
        };
        let usage =
            Usage { input: 1_000, output: 10, cached_read: 600, cached_write: 300, reasoning: 5 };
        let nano = 100 * 1_000 + 600 * 100 + 300 * 1_250 + 10 * 4_000 + 7;
        assert_eq!(price.of(usage), Usd::from_nano(nano));
        let more_cached = Usage { input: 1, cached_read: 5, ..Usage::default() };
        assert_eq!(price.of(more_cached), Usd::from_nano(507));
    }

    proptest! {
        #[test]
        fn amounts_come_back(nano: u64) {
            let text = serde_json::to_string(&Usd(nano)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Usd>(&text).unwrap(), Usd(nano));
        }

        #[test]
        fn a_price_never_wraps_and_never_undercharges(input: u64, output: u64, a: u64, b: u64) {
            let price = Price::new(Usd(a), Usd(b));
            let cost = price.of(Usage::new(input, output));
            let exact = (u128::from(input) * u128::from(a)).saturating_add(u128::from(output) * u128::from(b));
            prop_assert!(u128::from(cost.0) * 1_000_000 >= exact || cost == Usd::MAX);
            prop_assert!(price.of(Usage::new(input, output.saturating_add(1))) >= cost);
        }
    }
}
