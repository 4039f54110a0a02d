//! From a request to what one asks a program, or to a fault that says what it cannot do. Pure.

use fusion_core::model::chat::{Choice, Fault, Message, Part, Request, Role};

use super::dialect::Dialect;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) prompt: String,
    pub(super) model: String,
    pub(super) system: String,
    /// A JSON Schema; empty when the answer has no form, and when the prompt says it.
    pub(super) schema: String,
    /// The answer has a form.
    pub(super) has_form: bool,
    /// A session to go on with.
    pub(super) session: String,
}

/// Makes the question. What the program has no words for is said in the prompt (instructions, a schema, the conversation
/// before) or refused (tools of the caller's, pictures, how words are chosen).
///
/// # Errors
/// `unsupported`, with what it cannot do.
pub(super) fn ask(
    dialect: &Dialect,
    request: &Request,
    usual: &str,
    session: &str,
) -> Result<Asked, Fault> {
    refuse(dialect, request)?;
    let said = |role: Role| {
        let of_role = move |message: &&Message| message.role == role;
        request.messages.iter().filter(of_role).map(Message::text).collect::<Vec<_>>().join("\n\n")
    };
    let system = said(Role::System);
    let talk: Vec<&Message> =
        request.messages.iter().filter(|message| message.role != Role::System).collect();
    let model = if request.model.is_empty() { usual } else { &request.model };
    let schema = request.schema.as_ref().map(|schema| schema.schema.to_string());
    let asked = Asked {
        prompt: conversation(&talk),
        model: model.to_owned(),
        has_form: schema.is_some(),
        schema: schema.unwrap_or_default(),
        system,
        session: session.to_owned(),
    };
    asked.fit(dialect)
}

impl Asked {
    /// Says in the prompt what the program has no words for.
    ///
    /// # Errors
    /// `unsupported` when it cannot be said there.
    fn fit(mut self, dialect: &Dialect) -> Result<Self, Fault> {
        for (text, place, what) in [
            (&self.model, "{model}", "choice of the model"),
            (&self.session, "{session}", "sessions to go on with"),
        ] {
            if !text.is_empty() && !dialect.takes(place) {
                return Err(Fault::unsupported(&dialect.name, what));
            }
        }
        if !dialect.takes("{system}") && !self.system.is_empty() {
            self.prompt = format!("{}\n\n{}", std::mem::take(&mut self.system), self.prompt);
        }
        if self.has_form && !dialect.takes("{schema}") && !dialect.takes("{schema_file}") {
            let schema = std::mem::take(&mut self.schema);
            let wish = "Answer with JSON and nothing else. It has to fit this JSON Schema:";
            self.prompt = format!("{}\n\n{wish}\n{schema}", self.prompt);
        }
        Ok(self)
    }
}

fn refuse(dialect: &Dialect, request: &Request) -> Result<(), Fault> {
    let sampling = &request.sampling;
    let parts = || request.messages.iter().flat_map(|message| &message.parts);
    let has_tools =
        !request.tools.is_empty() || !matches!(request.choice, Choice::Auto | Choice::None);
    let extra = request.extra.keys().find(|key| *key != "cache");
    for (wanted, what) in [
        (has_tools, "use of the caller's tools, it has its own"),
        (
            parts().any(|part| matches!(part, Part::Call(_) | Part::Result(_))),
            "conversations with tools",
        ),
        (parts().any(|part| matches!(part, Part::Image { .. })), "look at pictures"),
        (sampling.temperature.is_some(), "temperature"),
        (sampling.top_p.is_some() || sampling.top_k.is_some(), "choice of likely words"),
        (sampling.seed.is_some(), "seed"),
        (!sampling.stop.is_empty(), "stop sequences"),
        (sampling.frequency_penalty.is_some() || sampling.presence_penalty.is_some(), "penalties"),
        (sampling.effort.is_some(), "choice of effort"),
    ] {
        if wanted {
            return Err(Fault::unsupported(&dialect.name, what));
        }
    }
    match extra {
        Some(extra) => Err(Fault::unsupported(&dialect.name, &format!("`{extra}`"))),
        None => Ok(()),
    }
}

/// Writes a conversation down; one question is only itself.
fn conversation(talk: &[&Message]) -> String {
    if let [only] = talk {
        return only.text();
    }
    let line = |message: &&Message| {
        let who = if message.role == Role::Assistant { "You" } else { "User" };
        format!("{who}: {}", message.text())
    };
    let lines: Vec<String> = talk.iter().map(line).collect();
    let wish = "This is a conversation between a user and you. Answer its last message.";
    format!("{wish}\n\n{}", lines.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use fusion_core::model::chat::{FaultKind, Schema, Tool};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_program_has_no_words_for_is_said_or_refused() {
        let plain = Dialect::of_template("x").unwrap();
        let mut request = Request::new("").message(Message::system("Be brief.")).user("Hi");
        request.schema =
            Some(Schema { name: "a".into(), schema: json!({"type": "object"}), strict: false });
        let asked = ask(&plain, &request, "", "").unwrap();
        assert!(asked.prompt.starts_with("Be brief.\n\nHi\n\nAnswer with JSON"), "{asked:?}");
        assert!(asked.prompt.ends_with("{\"type\":\"object\"}") && asked.schema.is_empty());

        let able = Dialect::of_template("x {system} {schema} {model}").unwrap();
        let asked = ask(&able, &request, "small", "").unwrap();
        assert_eq!((&*asked.prompt, &*asked.system, &*asked.model), ("Hi", "Be brief.", "small"));

        let long = Request::new("").user("One?").message(Message::assistant("1")).user("Two?");
        let prompt = ask(&plain, &long, "", "").unwrap().prompt;
        assert!(prompt.ends_with("User: One?\n\nYou: 1\n\nUser: Two?"), "{prompt}");

        let ask = |request: &Request| ask(&plain, request, "", "").unwrap_err();
        let mut warm = Request::new("").user("Hi");
        warm.sampling.temperature = Some(0.5);
        let image = Message::user("Look").part(Part::image("image/png", b"x".as_slice()));
        for (request, what) in [
            (Request::new("m").user("Hi"), "it offers no choice of the model"),
            (
                Request::new("").user("Hi").tool(Tool::new("t", "")),
                "it offers no use of the caller's tools, it has its own",
            ),
            (Request::new("").message(image), "it offers no look at pictures"),
            (warm, "it offers no temperature"),
        ] {
            assert_eq!(
                (ask(&request).kind(), ask(&request).message()),
                (FaultKind::Unsupported, what)
            );
        }
    }
}
