//! A large file, piece by piece.

use fusion_core::contract::Call;
use fusion_core::model::chat::{Fault, FaultKind};
use reqwest::Url;

use super::client::Http;
use super::endpoint::{broken, is_here, text_of};

/// How often a file may be elsewhere.
const HOPS: usize = 5;

/// Takes a piece, and how large the whole is when the server says it.
pub(crate) type Take<'a> = dyn FnMut(&[u8], Option<u64>) -> Result<(), Fault> + Send + 'a;

/// Gets what a URL leads to, without any key. Redirects are followed, but never from `https` to `http`.
pub(crate) async fn download(call: &Call, url: &str, take: &mut Take<'_>) -> Result<(), Fault> {
    let invalid = |what: String| Fault::new(FaultKind::InvalidRequest, what);
    let mut at = Url::parse(url).map_err(|error| invalid(format!("`{url}` is no URL: {error}")))?;
    let http = Http::default();
    for _ in 0..=HOPS {
        call.check()?;
        let limits = call.limits();
        let client = http.client(limits.connect_ms, is_here(&at))?;
        let send = async { client.get(at.clone()).send().await.map_err(|error| broken(&error)) };
        let mut response = call.limited(limits.idle_ms, "nothing was answered", send).await?;
        let status = response.status();
        let next = text_of(response.headers(), "location").filter(|_| status.is_redirection());
        if let Some(next) = next {
            let to = at.join(&next).map_err(|error| {
                invalid(format!("{at} leads to `{next}`, which is no URL: {error}"))
            })?;
            if !["http", "https"].contains(&to.scheme())
                || (at.scheme(), to.scheme()) == ("https", "http")
            {
                return Err(invalid(format!("{at} leads to {to}, which is not as safe")));
            }
            at = to;
            continue;
        }
        if !status.is_success() {
            let kind = FaultKind::of_status(status.as_u16());
            return Err(Fault::new(kind, format!("{at} answers {status}")).status(status.as_u16()));
        }
        let of = response.content_length();
        let mut came = 0_u64;
        loop {
            call.check()?;
            let piece = async { response.chunk().await.map_err(|error| broken(&error)) };
            let Some(bytes) = call.limited(limits.idle_ms, "nothing more came", piece).await?
            else {
                break;
            };
            came += bytes.len() as u64;
            take(&bytes, of)?;
        }
        if of.is_some_and(|of| of != came) {
            let what = format!("{came} of {} bytes came", of.unwrap_or_default());
            return Err(Fault::new(FaultKind::Transport, what));
        }
        return Ok(());
    }
    Err(invalid(format!("{url} leads elsewhere more than {HOPS} times")))
}
