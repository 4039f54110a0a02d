//! The thread that owns a loaded model, and answers one request after the other.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use fusion_core::model::chat::{
    Choice, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Request, Usage,
};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::prompt::Template;
use crate::reader::{Mode, Reader};
use crate::sampler::sampler;
use crate::session::{Session, Size};
use crate::shelf::{invalid, stem};

/// How a model is loaded.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) file: PathBuf,
    /// In tokens.
    pub(crate) context: u32,
    pub(crate) threads: i32,
    pub(crate) gpu_layers: u32,
}

/// A piece of an answer on its way.
pub(crate) type Piece = Result<Chunk, Fault>;

/// What a model has to do.
pub(crate) enum Job {
    /// Answer, piece by piece. Nobody waits any more when the other end is gone.
    Answer(Box<Request>, u64, mpsc::Sender<Piece>),
    /// Turn texts into vectors.
    Embed(Box<Embed>, oneshot::Sender<Result<Embeddings, Fault>>),
}

/// A model that is loaded, or being loaded. It goes when its engine is dropped and its last job is done.
#[derive(Debug)]
pub(crate) struct Engine(Sender<Job>);

impl Engine {
    /// Begins to load a model; jobs wait until it is there.
    pub(crate) fn begin(load: Load) -> Result<Self, Fault> {
        let (jobs, queue) = channel();
        let builder = std::thread::Builder::new().name("fusion-model".to_owned());
        let begun = builder.spawn(move || match work(&load, &queue) {
            Ok(()) => {}
            Err(fault) => refuse(&fault, &queue),
        });
        begun.map_err(|error| {
            Fault::new(FaultKind::Overloaded, format!("there is no thread for the model: {error}"))
        })?;
        Ok(Self(jobs))
    }

    /// Gives it a job; the job comes back when the model is gone.
    pub(crate) fn give(&self, job: Job) -> Result<(), Job> {
        self.0.send(job).map_err(|back| back.0)
    }
}

/// Two sessions must not be made at once: llama.cpp changes the model as it makes one.
static MAKING: Mutex<()> = Mutex::new(());

/// llama.cpp may be begun once in a process.
fn backend() -> Result<&'static LlamaBackend, Fault> {
    static BACKEND: OnceLock<Option<LlamaBackend>> = OnceLock::new();
    let begin = || {
        let mut backend = LlamaBackend::init().ok()?;
        backend.void_logs();
        Some(backend)
    };
    let none = || Fault::new(FaultKind::Overloaded, "llama.cpp cannot begin in this process");
    BACKEND.get_or_init(begin).as_ref().ok_or_else(none)
}

fn work(load: &Load, queue: &Receiver<Job>) -> Result<(), Fault> {
    let (backend, file) = (backend()?, load.file.display());
    let params = LlamaModelParams::default().with_n_gpu_layers(load.gpu_layers);
    let model = LlamaModel::load_from_file(backend, &load.file, &params).map_err(|error| {
        invalid(format!(
            "llama.cpp cannot load {file}: {error}; is the file whole, is there memory for it?"
        ))
    })?;
    let context = load.context.min(model.n_ctx_train().max(1));
    let size = |embeds| Size { context, threads: load.threads, embeds };
    let make = |embeds| {
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        Session::new(backend, &model, size(embeds))
    };
    let mut says = Says { template: template(&model), session: make(false)?, model: &model };
    for job in queue {
        match job {
            Job::Answer(request, seed, out) => says.answer(&load.file, &request, seed, &out),
            Job::Embed(request, out) => {
                let vectors = make(true).and_then(|session| embed(session, &load.file, &request));
                // Whoever does not wait any more does not want it.
                let _ = out.send(vectors);
            }
        }
    }
    Ok(())
}

/// Tells the reason to all who asked, then goes: the next one who asks loads again.
fn refuse(fault: &Fault, queue: &Receiver<Job>) {
    for job in queue.try_iter() {
        match job {
            Job::Answer(_, _, out) => drop(out.blocking_send(Err(fault.clone()))),
            Job::Embed(_, out) => drop(out.send(Err(fault.clone()))),
        }
    }
}

fn template(model: &LlamaModel) -> Template {
    let vocab = model.vocab();
    let word = |token| {
        vocab.text(token).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let marks = vocab.tokens().filter(|token| vocab.is_control(*token)).map(word);
    let marks = marks.filter(|mark| !mark.is_empty()).collect();
    let source = model.chat_template(None).ok().and_then(|template| template.to_string().ok());
    Template::new(source, marks, (word(vocab.bos()), word(vocab.eos())))
}

fn embed(mut session: Session<'_>, file: &Path, request: &Embed) -> Result<Embeddings, Fault> {
    let (mut vectors, mut read) = (Vec::new(), 0);
    for text in &request.inputs {
        let (vector, tokens) = session.embed(text)?;
        vectors.push(vector);
        read += tokens as u64;
    }
    if let (Some(wanted), Some(vector)) = (request.dimensions, vectors.first())
        && wanted as usize != vector.len()
    {
        let own = vector.len();
        return Err(invalid(format!("the model's vectors have {own} dimensions, not {wanted}")));
    }
    let usage = Usage::new(read, 0);
    Ok(Embeddings { model: stem(file), vectors, usage, ..Embeddings::default() })
}

/// What answers are made with.
struct Says<'model> {
    model: &'model LlamaModel,
    template: Template,
    session: Session<'model>,
}

impl Says<'_> {
    fn answer(&mut self, file: &Path, request: &Request, seed: u64, out: &mpsc::Sender<Piece>) {
        let begun = Chunk::Begun { id: String::new(), model: stem(file) };
        if out.blocking_send(Ok(begun)).is_err() {
            return;
        }
        if let Err(fault) = self.say(request, seed, out) {
            // Whoever does not wait any more does not want it.
            let _ = out.blocking_send(Err(fault));
        }
    }

    fn say(
        &mut self,
        request: &Request,
        seed: u64,
        out: &mpsc::Sender<Piece>,
    ) -> Result<(), Fault> {
        let (mode, form) = form(request);
        let mut sampler = sampler(self.model, &request.sampling, form.as_ref(), seed)?;
        let prompt = self.session.tokens(&self.template.render(request)?);
        let Some(known) = self.session.read(&prompt, || !out.is_closed())? else { return Ok(()) };
        let mut reader = Reader::new(mode, &request.sampling.stop);
        let most = request.sampling.max_output_tokens.map_or(u64::MAX, u64::from);
        let (mut said, mut chunks) = (0, Vec::new());
        let finish = loop {
            if said >= most {
                break Finish::Length;
            }
            let Some(token) = self.session.next(&mut sampler) else { break Finish::Stop };
            said += 1;
            let bytes = self.model.vocab().token_to_piece(token, false, None);
            let is_over = reader.push(&bytes, &mut chunks);
            for chunk in chunks.drain(..) {
                if out.blocking_send(Ok(chunk)).is_err() {
                    return Ok(());
                }
            }
            if is_over {
                break Finish::Stop;
            }
            if out.is_closed() {
                return Ok(());
            }
            if !self.session.follow(token)? {
                break Finish::Length;
            }
        };
        let finish = reader.finish(finish, &mut chunks);
        let usage = Usage { cached_read: known as u64, ..Usage::new(prompt.len() as u64, said) };
        chunks.extend([Chunk::Usage { usage, cost: None }, Chunk::end(finish)]);
        for chunk in chunks {
            if out.blocking_send(Ok(chunk)).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// What is read out of the answer, and the form that it is held to.
fn form(request: &Request) -> (Mode, Option<Value>) {
    let call = |name: &str, arguments: &Value| {
        json!({"type": "object", "required": ["name", "arguments"], "additionalProperties": false,
            "properties": {"name": {"const": name}, "arguments": arguments}})
    };
    let mut tools = request.tools.iter();
    match &request.choice {
        _ if request.tools.is_empty() => {}
        Choice::None => {}
        Choice::Auto => {
            // A schema and calls at once: the model may still call, so nothing is held to the schema.
            return (Mode::Tools, None);
        }
        Choice::Required => {
            let calls: Vec<Value> = tools.map(|tool| call(&tool.name, &tool.schema)).collect();
            return (Mode::Call, Some(json!({"anyOf": calls})));
        }
        Choice::Tool(name) => {
            let tool = tools.find(|tool| tool.name == *name);
            return (Mode::Call, tool.map(|tool| call(name, &tool.schema)));
        }
    }
    (Mode::Text, request.schema.as_ref().map(|schema| schema.schema.clone()))
}
