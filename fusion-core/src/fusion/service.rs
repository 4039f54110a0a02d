//! Services: agents and objects by what they offer.

use serde_json::Value;

use super::Fusion;
use crate::contract::BoxFuture;
use crate::coordination::service::{Reach, Services, Target};
use crate::coordination::{Message, Post};
use crate::error::{Code, Error, Result};
use crate::object::Objects;

/// Who asks services, as their messages say it.
const ROUTER: &str = "services";

/// Reaches mailboxes by requests, and objects by calls.
struct Everything {
    post: Post,
    objects: Objects,
}

impl Reach for Everything {
    fn ask(
        &self,
        target: Target,
        (ask, content): (String, Value),
        timeout_ms: u64,
    ) -> BoxFuture<'static, Result<Value>> {
        let (post, objects) = (self.post.clone(), self.objects.clone());
        Box::pin(async move {
            match target {
                Target::Agent(name) => {
                    let message = Message::new(ROUTER, &name, &ask, &content)?;
                    let answer = post.request(message, timeout_ms).await?;
                    answer.content.decode().map_err(|cause| {
                        let text = format!("the answer of `{name}` cannot be read");
                        Error::new(Code::Codec, text).because(cause)
                    })
                }
                Target::Object(kind, id) => {
                    let object = objects.get(&kind, &id)?;
                    object.ask((&ask, None), &content, timeout_ms).await.map(|(answer, _)| answer)
                }
            }
        })
    }
}

impl Fusion {
    /// Gives the registry of services, and calls through it.
    pub fn services(&self) -> Services {
        let make = || {
            let (post, objects) = (self.messages().clone(), self.objects().clone());
            Services::new(self.store(), self.env(), Box::new(Everything { post, objects }))
        };
        self.services.get_or_init(make).clone()
    }
}
