//! Templates of packages: texts with the values of the project, within bounds.

use std::io;

use fusion_core::error::{Code, Error, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use super::manifest::Manifest;
use super::name::{self, Shown};
use super::package::FILE_BYTES;

/// How many steps a template may take.
const FUEL: u64 = 200_000;
/// The statements that templates may use.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// What templates get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// The project's name: letters, digits, spaces and `-_.`, 100 at most.
    pub project: String,
    /// The project's stack: languages, frameworks, databases, in lower case.
    pub stack: Vec<String>,
}

impl Values {
    /// Makes them.
    ///
    /// # Errors
    /// `FU0102` for a name or a word that could be something else than a name where it is put in.
    pub fn new(project: &str, stack: &[String]) -> Result<Self> {
        for (what, text) in std::iter::once(("a project", project))
            .chain(stack.iter().map(|word| ("a stack", word.as_str())))
        {
            let fine = text.starts_with(char::is_alphanumeric)
                && text.chars().all(|sign| sign.is_alphanumeric() || " -_.+#/".contains(sign))
                && text.len() <= 100;
            if !fine {
                let message = format!("{} is no name of {what}", Shown(text));
                let hint = "letters, digits, spaces and `-_.`, 100 at most: it is put into files";
                return Err(Error::new(Code::InvalidId, message).hint(hint));
            }
        }
        let mut words: Vec<String> = stack.iter().map(|word| word.to_lowercase()).collect();
        words.sort();
        words.dedup();
        Ok(Self { project: project.to_owned(), stack: words })
    }
}

/// Fills a template in. What is not there is an error; no file can be named, and nothing runs without end.
pub(super) fn fill(
    manifest: &Manifest,
    path: &str,
    bytes: &[u8],
    values: &Values,
) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        let message =
            format!("the template {} of `{}` is not UTF-8 text", Shown(path), manifest.name);
        Error::new(Code::FileUnreadable, message).hint("bring it among `files` if it is no text")
    })?;
    let wrong = |line: Option<usize>, said: &str| {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let said: String = said.chars().filter(|sign| !sign.is_control()).take(300).collect();
        let message = format!(
            "the template {}{line} of `{}` cannot be filled in: {said}",
            Shown(path),
            manifest.name
        );
        Error::new(Code::Template, message).hint(
            "it gets `project.name`, `project.stack`, `component.name` and `component.version`",
        )
    };
    plain(text).map_err(|said| wrong(None, &said))?;
    let engine = engine();
    let context = context! {
        project => context! { name => &values.project, stack => &values.stack },
        component => context! { name => &manifest.name, version => manifest.version.to_string() },
    };
    let mut made = Bounded(Vec::new(), false);
    let filled = engine
        .template_from_named_str(path, text)
        .and_then(|template| template.render_captured_to(context, &mut made).map(|_| ()));
    if made.1 {
        return Err(wrong(None, "it makes more than 1 MiB"));
    }
    filled.map_err(|error| wrong(error.line(), &error.to_string()))?;
    let made = String::from_utf8(made.0).map_err(|error| wrong(None, &error.to_string()))?;
    let shown = made.replace(['\t', '\r'], " ");
    name::words(&format!("what the template {} makes is wrong:", Shown(path)), &shown, usize::MAX)?;
    Ok(made)
}

/// An engine without files and with few words, none of which can make much of little.
fn engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.add_filter("upper", minijinja::filters::upper);
    engine.add_filter("lower", minijinja::filters::lower);
    engine.add_filter("title", minijinja::filters::title);
    engine.add_filter("default", minijinja::filters::default);
    engine.add_test("defined", minijinja::tests::is_defined);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true);
    engine.set_syntax(syntax.build().unwrap_or_default());
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(50);
    engine
}

/// Refuses statements and signs by which a short template makes a long text, or reaches for others.
fn plain(text: &str) -> std::result::Result<(), String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        rest = after;
        let (inside, is_statement) = match (after.strip_prefix('%'), after.strip_prefix('{')) {
            (Some(inside), _) => (inside.split("%}").next().unwrap_or(inside), true),
            (None, Some(inside)) => (inside.split("}}").next().unwrap_or(inside), false),
            (None, None) => continue,
        };
        let word =
            inside.trim_start_matches(['-', '+']).split_whitespace().next().unwrap_or_default();
        if is_statement && !STATEMENTS.contains(&word.trim_end_matches(['-', '+'])) {
            return Err(format!(
                "the statement {} is not for templates of components",
                Shown(word)
            ));
        }
        if let Some(sign) = inside.chars().find(|sign| "*~".contains(*sign)) {
            return Err(format!("the sign `{sign}` is not for templates of components"));
        }
    }
    Ok(())
}

/// Keeps what is written, up to the largest file of a package; and whether there was more.
struct Bounded(Vec<u8>, bool);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() as u64 + bytes.len() as u64 > FILE_BYTES {
            self.1 = true;
            return Err(io::Error::other("it makes too much"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
