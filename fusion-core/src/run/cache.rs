//! Outcomes that other runs may take over: documents of kind `cache`, by the hash of step and input.

use serde::{Deserialize, Serialize};

use super::engine::Shared;
use crate::contract::Output;
use crate::error::{Code, Error, Result};
use crate::graph::Program;
use crate::graph::template::{Redactor, References};
use crate::model::graph::Node;
use crate::model::{Batch, Digest, Document, Failure, Op, Payload};

/// The kind of the documents.
pub(crate) const KIND: &str = "cache";
/// The kind and the id of the document with the key that digests of secrets are made with.
const SALT: (&str, &str) = ("salt", "cache");

#[derive(Serialize, Deserialize)]
struct Kept {
    at: i64,
    output: Payload,
    /// It is a graph that the body gave, to be run in the node's place.
    #[serde(default)]
    graph: bool,
}

/// Makes the name under which an output is kept: of what goes into a body, without its secrets, and of keyed digests of
/// the secrets that the node names. None when there is no key (yet) to make them with: then nothing is kept.
pub(super) fn name(
    engine: &Shared,
    node: &Node,
    version: &str,
    identity: Vec<Vec<u8>>,
) -> Option<Digest> {
    let salt = engine.salt.get()?;
    let graph = serde_json::to_value(node).unwrap_or_default();
    let names = References::of_value(&graph).map(|found| found.secrets).unwrap_or_default();
    let keyed = names.iter().filter_map(|name| {
        let value = engine.secrets.get(name)?;
        Some(Digest::of_parts(&[salt.as_bytes(), name.as_bytes(), value.as_bytes()]))
    });
    let keyed: Vec<Digest> = keyed.collect();
    let redactor = engine.secrets.redactor();
    let identity: Vec<Vec<u8>> =
        identity.into_iter().map(|part| without_secrets(&redactor, part)).collect();
    let mut parts = vec![salt.as_bytes().as_slice(), version.as_bytes()];
    parts.extend(identity.iter().map(Vec::as_slice));
    parts.extend(keyed.iter().map(|digest| digest.as_bytes().as_slice()));
    Some(Digest::of_parts(&parts))
}

fn without_secrets(redactor: &Redactor, part: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(part) {
        Ok(text) => redactor.text(&text).into_owned().into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

/// Reads the store's key for digests of secrets if a node of the program keeps its outputs; makes it if there is none.
pub(super) async fn know_salt(engine: &Shared, program: &Program) {
    let nodes = &program.graph().nodes;
    let keeps = |node: &Node| node.more.as_ref().is_some_and(|more| more.policy.cache.is_some());
    if !nodes.iter().any(keeps) {
        return;
    }
    if let Err(error) = engine.salt.get_or_try_init(|| salt(engine)).await {
        tracing::warn!(%error, "outputs are neither kept nor taken over in this run");
    }
}

async fn salt(engine: &Shared) -> Result<Digest> {
    let (kind, id) = SALT;
    let random: Vec<u8> = (0..4).flat_map(|_| engine.env.random().to_le_bytes()).collect();
    let document = Document {
        kind: kind.into(),
        id: id.into(),
        version: 0,
        at: 0,
        tag: "".into(),
        body: random.into(),
    };
    if engine.store.get(kind, id).await?.is_none() {
        let batch = Batch { now: engine.env.now_ms(), ops: vec![Op::Put(document, Some(0))] };
        match engine.store.commit(batch).await {
            // Another process was faster.
            Err(error) if error.code() == Code::Conflict => {}
            other => drop(other?),
        }
    }
    let kept = engine.store.get(kind, id).await?;
    let kept = kept.ok_or_else(|| Error::new(Code::Codec, "the store's salt is gone"))?;
    Ok(Digest::of(&kept.body))
}

/// Finds an output that is not older than `ttl_ms`. One that is damaged is a miss, since a body makes it anew.
///
/// # Errors
/// When the store cannot tell: a body that may have been paid for is not run on the word of a failing disk.
pub(super) async fn find(
    engine: &Shared,
    digest: Digest,
    ttl_ms: Option<u64>,
) -> Result<Option<Output>, Failure> {
    let found = match kept(engine, digest, ttl_ms).await {
        Err(error) if error.code() != Code::Codec => {
            let text = format!("the store could not tell whether the output is cached: {error}");
            return Err(Failure::error(text));
        }
        found => found.ok().flatten(),
    };
    Ok(found.and_then(|(output, is_graph)| {
        if !is_graph {
            return Some(Output::Value(output));
        }
        output.decode().ok().map(|graph| Output::Graph(Box::new(graph)))
    }))
}

/// Reads an output that is not older than `ttl_ms`, and whether it is a graph.
async fn kept(
    engine: &Shared,
    digest: Digest,
    ttl_ms: Option<u64>,
) -> Result<Option<(Payload, bool)>> {
    let Some(document) = engine.store.get(KIND, &digest.to_string()).await? else {
        return Ok(None);
    };
    let Ok(kept) = rmp_serde::from_slice::<Kept>(&document.body) else { return Ok(None) };
    let age = u64::try_from(engine.env.now_ms().saturating_sub(kept.at)).unwrap_or(0);
    if ttl_ms.is_some_and(|ttl| age > ttl) {
        return Ok(None);
    }
    let output = match kept.output {
        Payload::Blob(kind, digest, _) => {
            engine.store.blob(digest).await?.map(|bytes| Payload::Inline(kind, bytes))
        }
        inline @ Payload::Inline(..) => Some(inline),
    };
    Ok(output.map(|output| (output, kept.graph)))
}

/// Makes the operation that keeps an output, or with `graph` the graph that a body gave.
pub(super) fn keep(digest: Digest, output: Payload, graph: bool, now: i64) -> Result<Op> {
    let body = rmp_serde::to_vec(&Kept { at: now, output, graph })
        .map_err(|e| Error::new(Code::Internal, "an output cannot be cached").because(e))?;
    Ok(Op::Put(
        Document {
            kind: KIND.into(),
            id: digest.to_string().into(),
            version: 0,
            at: 0,
            tag: "".into(),
            body: body.into(),
        },
        None,
    ))
}
