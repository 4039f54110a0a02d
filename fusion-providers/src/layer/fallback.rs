//! Fallback: asking another provider or model.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{BoxFuture, Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, FaultKind, Part, Request};

use super::Layer;
use super::watch::begun;

/// Asks others in turn when a provider fails: another provider, another model, or both.
///
/// It goes on for every class of fault that may go away elsewhere ([`FaultKind::may_pass_elsewhere`]), or for those of
/// [`Fallback::on`]. Another provider gets the conversation without signatures and hidden thoughts, which only their maker
/// can read. A stream changes over until its first content. When all have failed, the fault is the first that may go away by itself, so
/// that a retry has a chance, else the first; its detail tells of all.
///
/// ```
/// use std::sync::Arc;
/// use fusion_providers::{Scripted, layer::Fallback};
///
/// let spare = Arc::new(Scripted::new("spare"));
/// let chain = Fallback::to_model("small-model").and_to(spare.clone()).and_to_both(spare, "spare-large");
/// ```
#[derive(Debug, Clone)]
pub struct Fallback {
    others: Vec<Other>,
    on: Option<Vec<FaultKind>>,
}

#[derive(Debug, Clone)]
struct Other {
    provider: Option<Arc<dyn Provider>>,
    model: Option<String>,
}

impl Fallback {
    /// Asks another provider for the same model.
    pub fn to(provider: Arc<dyn Provider>) -> Self {
        Self::none().and_to(provider)
    }

    /// Asks the same provider for another model.
    pub fn to_model(model: impl Into<String>) -> Self {
        Self::none().and_to_model(model)
    }

    /// Asks another provider for another model.
    pub fn to_both(provider: Arc<dyn Provider>, model: impl Into<String>) -> Self {
        Self::none().and_to_both(provider, model)
    }

    /// Then asks another provider for the same model.
    #[must_use]
    pub fn and_to(self, provider: Arc<dyn Provider>) -> Self {
        self.and(Some(provider), None)
    }

    /// Then asks the first provider for another model.
    #[must_use]
    pub fn and_to_model(self, model: impl Into<String>) -> Self {
        self.and(None, Some(model.into()))
    }

    /// Then asks another provider for another model.
    #[must_use]
    pub fn and_to_both(self, provider: Arc<dyn Provider>, model: impl Into<String>) -> Self {
        self.and(Some(provider), Some(model.into()))
    }

    /// Goes on for these classes of faults and no others.
    #[must_use]
    pub fn on(mut self, kinds: impl IntoIterator<Item = FaultKind>) -> Self {
        self.on = Some(kinds.into_iter().collect());
        self
    }

    fn none() -> Self {
        Self { others: Vec::new(), on: None }
    }

    fn and(mut self, provider: Option<Arc<dyn Provider>>, model: Option<String>) -> Self {
        self.others.push(Other { provider, model });
        self
    }

    fn goes_on(&self, fault: &Fault) -> bool {
        match &self.on {
            Some(kinds) => kinds.contains(&fault.kind()),
            None => fault.kind().may_pass_elsewhere(),
        }
    }

    /// Asks in turn: `None` is the first provider with the request as it is.
    async fn ask<'a, T>(
        &'a self,
        call: &Call,
        attempt: impl Fn(Option<&'a Other>) -> BoxFuture<'a, Result<T, Fault>> + Send + Sync,
    ) -> Result<T, Fault> {
        let mut faults = Vec::new();
        for other in std::iter::once(None).chain(self.others.iter().map(Some)) {
            match attempt(other).await {
                Ok(done) => return Ok(done),
                Err(fault) if !self.goes_on(&fault) => {
                    faults.push(fault);
                    break;
                }
                Err(fault) => faults.push(fault),
            }
            call.check()?;
        }
        Err(sum(faults))
    }
}

/// Makes one fault of those of all that were asked.
fn sum(faults: Vec<Fault>) -> Fault {
    let mut detail = String::new();
    if faults.len() > 1 {
        for fault in &faults {
            // Writing to a string cannot fail.
            let _ = writeln!(detail, "{fault}");
        }
    }
    let best = faults.iter().position(|fault| fault.kind().may_pass()).unwrap_or(0);
    let best = faults.into_iter().nth(best);
    let best = best.unwrap_or_else(|| Fault::new(FaultKind::Unsupported, "nobody was asked"));
    if detail.is_empty() { best } else { best.detail(detail) }
}

/// Makes the request for another provider or model.
fn changed(request: &Request, other: &Other) -> Request {
    let mut request = request.clone();
    if let Some(model) = &other.model {
        request.model.clone_from(model);
    }
    if other.provider.is_some() {
        for message in &mut request.messages {
            message.parts.retain(|part| !matches!(part, Part::Reasoning(_)));
            for part in &mut message.parts {
                if let Part::Call(call) = part {
                    call.signature = None;
                }
            }
        }
        request.extra.clear();
    }
    request
}

#[async_trait]
impl Layer for Fallback {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        self.ask(call, |other| match other {
            None => next.complete(call, request),
            Some(other) => Box::pin(async move {
                let request = changed(request, other);
                match &other.provider {
                    Some(provider) => provider.complete(call, &request).await,
                    None => next.complete(call, &request).await,
                }
            }),
        })
        .await
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        self.ask(call, |other| {
            Box::pin(async move {
                let Some(other) = other else {
                    return begun(next.stream(call, request).await?).await;
                };
                let request = changed(request, other);
                let chunks = match &other.provider {
                    Some(provider) => provider.stream(call, &request).await?,
                    None => next.stream(call, &request).await?,
                };
                begun(chunks).await
            })
        })
        .await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        // Vectors of different models cannot be compared: only the same model is asked elsewhere.
        self.ask(call, |other| match other {
            None => next.embed(call, request),
            Some(Other { provider: Some(provider), model: None }) => provider.embed(call, request),
            Some(_) => Box::pin(async {
                let what = "vectors of another model cannot stand beside those of this one";
                Err(Fault::new(FaultKind::Unsupported, what))
            }),
        })
        .await
    }
}
