//! Rules for Dockerfiles, and for the images that any file names.

use fusion_core::error::nearest;

use super::finding::{Findings, Look};
use super::secret;

/// The words that an instruction may begin with.
const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Endings of files about Dockerfiles that are none.
const OTHERS: &str = "dockerignore md vim rs py ts js go json toml txt html erb j2 tmpl tpl template lua el yaml yml";

/// Whether a file is one: `Dockerfile`, `api.Dockerfile`, `Dockerfile.dev`, `Containerfile`.
pub(super) fn is_dockerfile(file: &str) -> bool {
    let is = |name: &str| {
        let variant = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
        file == name
            || file.strip_suffix(name).is_some_and(|before| before.ends_with('.'))
            || variant
                .is_some_and(|variant| !OTHERS.split(' ').any(|ending| variant.ends_with(ending)))
    };
    is("dockerfile") || is("containerfile")
}

/// An instruction, with its line.
struct Instruction {
    line: usize,
    word: String,
    rest: String,
}

/// Looks at a Dockerfile.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    // What is filled in first is not one yet.
    if look.text.contains("{%") || look.text.contains("{{") {
        return;
    }
    let all = instructions(look.text);
    for one in &all {
        let word = one.word.to_uppercase();
        if !INSTRUCTIONS.contains(&word.as_str()) {
            let hint = nearest::nearest(&word, INSTRUCTIONS).map_or_else(
                || "begin the line with an instruction, or end the one before with `\\`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            found.say(
                ("devops/dockerfile", one.line),
                format!("`{}` is no instruction", one.word),
                hint,
            );
        }
    }
    let known = |one: &&Instruction| INSTRUCTIONS.contains(&one.word.to_uppercase().as_str());
    let first = all.iter().filter(known).find(|one| !one.word.eq_ignore_ascii_case("ARG"));
    match first {
        None => found.say(
            ("devops/dockerfile", 1),
            "there is no FROM in it",
            "begin with the image that it is made from",
        ),
        Some(one) if !one.word.eq_ignore_ascii_case("FROM") => {
            found.say(
                ("devops/dockerfile", one.line),
                format!("{} stands before FROM", one.word),
                "begin with the image that it is made from",
            );
        }
        Some(_) => {}
    }
    images(&all, found);
    for one in all
        .iter()
        .filter(|one| one.word.eq_ignore_ascii_case("ENV") || one.word.eq_ignore_ascii_case("ARG"))
    {
        settings(one, found);
    }
}

fn images(all: &[Instruction], found: &mut Findings) {
    let mut stages: Vec<String> = Vec::new();
    for one in all.iter().filter(|one| one.word.eq_ignore_ascii_case("FROM")) {
        let words: Vec<&str> =
            one.rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
        let Some(image) = words.first() else { continue };
        if !stages.contains(&image.to_lowercase()) {
            pinned(image, one.line, found);
        }
        if let [_, as_word, stage, ..] = words.as_slice()
            && as_word.eq_ignore_ascii_case("as")
        {
            stages.push(stage.to_lowercase());
        }
    }
}

/// An image has a tag that is not `latest`, or a digest.
pub(super) fn pinned(image: &str, line: usize, found: &mut Findings) {
    let image = image.trim_matches(['"', '\'']);
    if image.is_empty() || image.eq_ignore_ascii_case("scratch") || image.contains(['$', '@', '{'])
    {
        return;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    let wrong = match name.split_once(':') {
        None => format!("the image `{image}` has no tag: it is another one tomorrow"),
        Some((_, "latest")) => format!("the image `{image}` is another one tomorrow"),
        Some(_) => return,
    };
    found.say(("devops/pinned-image", line), wrong, "name the version that it was tried with");
}

/// `ENV A=1 B=2`, `ENV A 1`, `ARG A=1`.
fn settings(one: &Instruction, found: &mut Findings) {
    let rest = one.rest.trim();
    let first = rest.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        if let Some((key, value)) = rest.split_once(char::is_whitespace) {
            secret::setting((key, value.trim()), one.line, found);
        }
        return;
    }
    for pair in rest.split_whitespace() {
        if let Some((key, value)) = pair.split_once('=') {
            secret::setting((key, value), one.line, found);
        }
    }
}

/// The instructions: lines that end with `\` go on, and texts from `<<EOF` on up to `EOF`.
fn instructions(text: &str) -> Vec<Instruction> {
    let mark = if text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .any(|line| line.replace(' ', "").to_lowercase() == "#escape=`")
    {
        '`'
    } else {
        '\\'
    };
    let mut all: Vec<Instruction> = Vec::new();
    let (mut goes_on, mut until) = (false, Vec::<String>::new());
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(end) = until.first() {
            if line.trim() == end {
                until.remove(0);
            }
            continue;
        }
        let own = line.trim();
        if own.is_empty() || own.starts_with('#') {
            continue;
        }
        let (part, more) = own.strip_suffix(mark).map_or((own, false), |part| (part, true));
        if let Some(last) = all.last_mut().filter(|_| goes_on) {
            last.rest.push(' ');
            last.rest.push_str(part.trim());
        } else {
            let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
            let (word, rest) = (word.to_owned(), rest.trim().to_owned());
            all.push(Instruction { line: number, word, rest });
        }
        goes_on = more;
        until = all.last().filter(|_| !more).map(|last| documents(&last.rest)).unwrap_or_default();
    }
    all
}

/// The words that end the texts which an instruction takes from the lines below it: `<<EOF`, `<<-"EOF"`.
fn documents(rest: &str) -> Vec<String> {
    let ends = rest.split("<<").skip(1).filter_map(|behind| {
        let word = behind.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let end =
            word.find(|sign: char| !(sign.is_alphanumeric() || sign == '_')).unwrap_or(word.len());
        word.get(..end)
            .filter(|word| word.starts_with(|sign: char| sign.is_alphabetic() || sign == '_'))
    });
    ends.map(str::to_owned).collect()
}
