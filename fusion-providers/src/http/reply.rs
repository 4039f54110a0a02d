//! What a service answers: read whole, or as it comes, within the limits of its call.

use bytes::Bytes;
use fusion_core::contract::{Call, Chunks, chunks_of};
use fusion_core::model::chat::{Answer, Fault, FaultKind, Quota};
use fusion_core::model::limits;
use reqwest::Response;
use serde_json::Value;

use super::endpoint::{Endpoint, NS_PER_MS, broken, text_of};
use super::stream::{self, Decode, Framing};
use crate::wire::json;

/// The most of a whole response that is read, in bytes: an answer may be escaped in JSON.
const BODY_BYTES: usize = 2 * limits::ANSWER_BYTES;

/// How a protocol reads a whole answer.
type Whole = fn(&Value) -> Result<Answer, Fault>;

/// A response that has begun.
pub(crate) struct Reply {
    pub(super) response: Response,
    pub(super) endpoint: Endpoint,
    pub(super) call: Call,
    pub(super) until_ns: u64,
    pub(super) quota: Quota,
}

impl Reply {
    /// Tells whether it is one JSON text, though a stream may have been asked for.
    fn is_json(&self) -> bool {
        let kind = text_of(self.response.headers(), "content-type").unwrap_or_default();
        kind.trim_start().starts_with("application/json")
    }

    /// Gives what its headers said of the account's limits.
    pub(crate) fn quota(&self) -> Option<Quota> {
        (!self.quota.is_empty()).then_some(self.quota)
    }

    /// Gives the service.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Reads all of it as JSON, and that as what it should be.
    pub(crate) async fn read<T>(
        mut self,
        decode: impl FnOnce(&Value) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut all = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if all.len() + piece.len() > BODY_BYTES {
                let message = format!("the response is longer than {BODY_BYTES} bytes");
                return Err(self.endpoint.own(Fault::new(FaultKind::Malformed, message)));
            }
            all.extend_from_slice(&piece);
        }
        let found = json::read(&all).and_then(|value| decode(&value));
        found.map_err(|fault| self.endpoint.own(fault))
    }

    /// Reads all of it as an answer, with what its headers said.
    pub(crate) async fn answer(self, decode: Whole) -> Result<Answer, Fault> {
        let quota = self.quota();
        let answer = self.read(decode).await?;
        Ok(Answer { quota, ..answer })
    }

    /// Makes a stream of it. Gateways answer some requests whole although a stream was asked for.
    pub(crate) async fn chunks(self, events: impl Decode, whole: Whole) -> Result<Chunks, Fault> {
        if self.is_json() {
            return Ok(chunks_of(self.answer(whole).await?));
        }
        Ok(stream::chunks(self, Framing::sse(), events))
    }

    /// Reads the next piece.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let left = self.until_ns.saturating_sub(self.call.env().monotonic_ns()) / NS_PER_MS;
        let ms = left.min(self.call.limits().idle_ms);
        let response = &mut self.response;
        let piece = async { response.chunk().await.map_err(|error| broken(&error)) };
        let piece = self.call.limited(ms, "nothing more came", piece).await;
        piece.map_err(|fault| {
            // The end of the call's own time has its own words.
            let is_over = fault.kind() == FaultKind::Timeout
                && left < self.call.limits().idle_ms
                && self.call.remaining_ms() > 0;
            let total = self.call.limits().total_ms;
            let over = || format!("the answer was not whole within {total} ms");
            self.endpoint.own(if is_over { Fault::new(FaultKind::Timeout, over()) } else { fault })
        })
    }

    /// Reads its beginning, as far as it comes.
    pub(super) async fn start(&mut self, most: usize) -> Vec<u8> {
        let mut start = Vec::new();
        while start.len() < most
            && let Ok(Some(piece)) = self.chunk().await
        {
            start.extend_from_slice(&piece);
        }
        start.truncate(most);
        start
    }
}
