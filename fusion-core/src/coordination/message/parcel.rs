//! What lies in a mailbox: one message, or several that were sent at the same time.
//!
//! Pure: how a parcel is written, and where in its queue it stands.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::model::batch::returned;
use crate::model::{Digest, Payload};

/// A message in a parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// Its JSON form.
    pub message: Payload,
    /// The session of whoever waits for an answer.
    pub asker: Option<u64>,
    /// Its place in the parcel in which it was sent.
    pub at: u16,
}

/// What an entry of a mailbox says. Field order is the stored form (MessagePack arrays): fields are only added, at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    /// How often the messages were delivered as part of other entries.
    pub before: u32,
    /// The entry in which they were sent, which is their place in the queue; 0 in that entry itself.
    pub origin: u64,
    /// The messages, in the order in which they were sent.
    pub items: Vec<Item>,
}

/// The priority that an entry has for a priority of its messages: what had to wait comes before what did not, so that a
/// stream of new messages does not hold it up for ever.
pub(crate) fn rank(priority: i32, waited: bool) -> i32 {
    priority.saturating_mul(2).saturating_add(i32::from(waited))
}

impl Parcel {
    pub(crate) fn encode(&self) -> Result<Bytes> {
        rmp_serde::to_vec(self)
            .map(Bytes::from)
            .map_err(|e| Error::new(Code::Internal, "a parcel cannot be encoded").because(e))
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self> {
        rmp_serde::from_slice(body).map_err(|e| {
            Error::new(Code::Codec, "what lies in a mailbox cannot be read").because(e)
        })
    }

    /// The blobs that the messages live in.
    pub(crate) fn blobs(&self) -> Vec<Digest> {
        let blob = |item: &Item| match &item.message {
            Payload::Blob(_, digest, _) => Some(*digest),
            Payload::Inline(..) => None,
        };
        self.items.iter().filter_map(blob).collect()
    }

    /// When it is due when it comes back and may be taken at once; `origin` is the entry in which its messages were sent.
    ///
    /// Messages are due from the beginning, so that a clock that is set back changes no order; then their age counts. What is
    /// left of a parcel is a younger entry and stands where its origin stood: before all that was never taken.
    pub(crate) fn due(&self, origin: u64) -> i64 {
        returned(origin, self.items.first().map_or(0, |item| item.at))
    }

    /// The items at these places, as another parcel.
    pub(crate) fn part(&self, places: &[usize], origin: u64, before: u32) -> Self {
        let items = places.iter().filter_map(|at| self.items.get(*at).cloned()).collect();
        Self { before, origin, items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_stands_before_what_was_never_taken() {
        let place = returned;
        let mut places = [place(0, 0), place(9, 0), place(3, 7), place(3, 0), place(u64::MAX, 0)];
        places.sort_unstable();
        assert_eq!(places, [place(3, 0), place(3, 7), place(9, 0), 0, 0]);
        assert!(rank(0, true) > rank(0, false) && rank(0, true) < rank(1, false));
    }

    #[test]
    fn a_parcel_comes_back() {
        let item = Item { message: Payload::from_json_bytes("{}"), asker: Some(7), at: 0 };
        let parcel = Parcel { before: 2, origin: 5, items: vec![item.clone(), item] };
        assert_eq!(Parcel::decode(&parcel.encode().unwrap()).unwrap(), parcel);
        assert_eq!(parcel.part(&[1], 5, 3).items.len(), 1);
        assert!(Parcel::decode(b"damaged").is_err());
    }
}
