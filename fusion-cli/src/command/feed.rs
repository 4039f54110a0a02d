//! The events of a run as they come, with those of the runs that its nodes wait for.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use fusion_core::error::Result;
use fusion_core::model::{Event, RunId};
use fusion_core::{Events, Fusion, Run};
use serde_json::Value;
use tokio::time::{Duration, timeout};

/// How long the end of a node is held back for the last words of its run.
const GRACE: Duration = Duration::from_secs(1);

type Heard = (Option<Events>, Result<Option<Event>>);
type Work = Pin<Box<dyn Future<Output = Heard>>>;

/// One run that is listened to.
struct Source {
    /// The nodes that lead to it, each with a `/` behind; empty for the run itself.
    path: String,
    work: Work,
}

/// An event that waits until all is said that came before it.
struct Held {
    /// The path of what is still listened to.
    until: String,
    event: Event,
    path: String,
    events: Option<Events>,
}

/// Listens to a run and the runs below it. The events of those have the path to them before the names of their nodes.
pub(super) struct Feed {
    fusion: Fusion,
    sources: Vec<Source>,
    held: Vec<Held>,
}

impl Feed {
    /// Begins with the first event of a run.
    pub(super) fn new(fusion: &Fusion, run: &Run) -> Self {
        let root = Source { path: String::new(), work: listen(run.events(0)) };
        Self { fusion: fusion.clone(), sources: vec![root], held: Vec::new() }
    }

    /// Waits for the next event; `None` when the run has ended. What is below a run is told by its nodes alone.
    ///
    /// # Errors
    /// Those of the run itself; runs below it that cannot be read are left out.
    pub(super) async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(held) = self.free() {
                if let Some(events) = held.events {
                    self.sources.push(Source { path: held.path, work: listen(events) });
                }
                return Ok(Some(held.event));
            }
            let Some((source, (events, heard))) = self.hear().await else { continue };
            let path = source.path;
            let mut event = match heard {
                Ok(Some(event)) => event,
                other if path.is_empty() => return other,
                _ => continue,
            };
            if !path.is_empty() {
                let Some(node) = event.node.take() else {
                    self.sources.extend(events.map(|events| Source { path, work: listen(events) }));
                    continue;
                };
                event.node = Some(format!("{path}{node}"));
            }
            let below = event.node.as_ref().map(|node| format!("{node}/"));
            if let (Some(child), Some(below)) = (child(&event), &below) {
                self.sources.push(Source { path: below.clone(), work: begin(&self.fusion, child) });
            }
            let ends = matches!(&*event.name, "node.succeeded" | "node.failed" | "node.retried");
            let until = below.filter(|_| ends).unwrap_or_else(|| "/".to_owned());
            self.held.push(Held { until, event, path, events });
        }
    }

    /// Takes the first held event that nothing has to come before.
    fn free(&mut self) -> Option<Held> {
        let sources = &self.sources;
        let busy = |held: &Held| sources.iter().any(|one| one.path.starts_with(&held.until));
        let at = self.held.iter().position(|held| !busy(held))?;
        Some(self.held.remove(at))
    }

    /// Waits for the first source that says something; `None` when a held event has waited long enough.
    async fn hear(&mut self) -> Option<(Source, Heard)> {
        let sources = &mut self.sources;
        let first = poll_fn(|context| {
            for (at, source) in sources.iter_mut().enumerate() {
                if let Poll::Ready(heard) = source.work.as_mut().poll(context) {
                    return Poll::Ready((at, heard));
                }
            }
            Poll::Pending
        });
        let heard = match self.held.first() {
            None => Ok(first.await),
            Some(held) => timeout(GRACE, first).await.map_err(|_| held.until.clone()),
        };
        match heard {
            Ok((at, heard)) => Some((self.sources.swap_remove(at), heard)),
            Err(until) => {
                self.sources.retain(|source| !source.path.starts_with(&until));
                None
            }
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("sources", &self.sources.len()).finish_non_exhaustive()
    }
}

fn listen(mut events: Events) -> Work {
    Box::pin(async move {
        let heard = events.next().await;
        (Some(events), heard)
    })
}

fn begin(fusion: &Fusion, run: RunId) -> Work {
    let fusion = fusion.clone();
    Box::pin(async move {
        match fusion.find(&run).await {
            Ok(run) => listen(run.events(0)).await,
            Err(error) => (None, Err(error)),
        }
    })
}

/// Gives the run that a node begins to wait for.
fn child(event: &Event) -> Option<RunId> {
    let text = |field: &str| event.data.get(field).and_then(Value::as_str);
    let waits = &*event.name == "node.waiting" && text("for") == Some("run");
    RunId::new(text("run").filter(|_| waits)?).ok()
}
