//! Rules for pages and components.

use super::finding::{Findings, Look, words};
use super::tag::{Tag, end_of, tags};
use super::token::{Kind, Token, Tongue, code, without_notes};
use super::yaml::is_template;

/// Calls that put something on a page by themselves: such a file hands nothing on.
const STARTS: [&str; 6] =
    ["render", "createRoot", "hydrateRoot", "hydrate", "registerRootComponent", "mount"];
/// Hosts that are this machine.
const HERE: [&str; 4] = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

/// Looks at a page or a component.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    match look.ending().as_str() {
        "html" | "htm" => {
            let tags = tags(look.text);
            title(look, &tags, found);
            pictures(&tags, found);
            scripts(&tags, found);
        }
        "jsx" | "tsx" if !is_test(look) => {
            let tokens = code(look.text, Tongue::Braces);
            component(look, &tokens, found);
            pictures(&tags(&without_notes(look.text, Tongue::Braces)), found);
        }
        "vue" => {
            let tags = tags(look.text);
            let by_hand = ["render", "template", "h", "lang"]
                .iter()
                .any(|word| code(look.text, Tongue::Braces).iter().any(|token| token.is(word)));
            if !tags.iter().any(|tag| tag.is("template")) && !by_hand {
                nothing(1, found);
            }
            pictures(&tags, found);
        }
        "svelte" => pictures(&tags(look.text), found),
        _ => {}
    }
}

/// Whether a file tests others, or shows them to their makers.
fn is_test(look: &Look<'_>) -> bool {
    let other = ["test", "tests", "spec", "stories", "setup", "mock", "mocks"];
    words(look.name).iter().any(|word| other.contains(&word.as_str()))
}

fn component(look: &Look<'_>, tokens: &[Token<'_>], found: &mut Findings) {
    let calls = |names: &[&str]| {
        let is_call = |two: &[Token<'_>]| matches!(two, [name, open] if names.iter().any(|own| name.is(own)) && (open.is("(") || open.is("<")));
        tokens.windows(2).any(is_call)
    };
    let has = |word: &str| tokens.iter().any(|token| token.is(word));
    let exports = ["export", "exports", "define"].iter().any(|word| has(word));
    if !exports && !calls(&STARTS) && !tokens.is_empty() {
        found.say(
            ("frontend/export", 1),
            "nothing is exported: no other file can use what is in it",
            "export the component: `export default function …`",
        );
    }
    let named = look.stem();
    let is_component =
        named.chars().next().is_some_and(char::is_uppercase) && is_function(tokens, named);
    let hands_on = tokens.windows(2).any(|two| {
        matches!(two, [a, b] if (a.is("export") && (b.is("*") || b.is("{"))) || (a.is("children") && !b.is(":")))
    });
    let shows = shows_tags(tokens)
        || hands_on
        || calls(&[
            "createElement",
            "cloneElement",
            "createPortal",
            "jsx",
            "h",
            "memo",
            "lazy",
            "dynamic",
            "styled",
            "createContext",
            "forwardRef",
            "observer",
            "connect",
        ])
        || ["styled", "children", "extends"].iter().any(|word| has(word));
    if is_component && !shows {
        let line = tokens.iter().find(|token| token.is(named)).map_or(1, |token| token.line);
        nothing(line, found);
    }
}

/// Whether a name is one of a function: `function Name`, `const Name: Form = async () => …`.
fn is_function(tokens: &[Token<'_>], name: &str) -> bool {
    let is_said = |two: &[Token<'_>]| matches!(two, [a, b] if a.is("function") && b.is(name));
    let Some(at) = tokens.iter().position(|token| token.is(name)) else { return false };
    let mut value = tokens.iter().skip(at).skip_while(|token| !token.is("=")).skip(1);
    let begins = value
        .next()
        .is_some_and(|token| ["(", "async", "function"].iter().any(|word| token.is(word)));
    begins || tokens.windows(2).any(is_said)
}

fn nothing(line: usize, found: &mut Findings) {
    found.say(
        ("frontend/shows", line),
        "the component shows nothing",
        "let it give back what is to be seen",
    );
}

/// Whether there is markup: a `<` before a name, or `<>`, where an expression begins.
fn shows_tags(tokens: &[Token<'_>]) -> bool {
    let begins = |before: Option<&Token<'_>>| match before {
        None => true,
        Some(before) if before.kind == Kind::Word => {
            ["return", "default", "case", "yield", "await"].iter().any(|word| before.is(word))
        }
        Some(before) => !before.is(")") && !before.is("]"),
    };
    tokens.windows(2).enumerate().any(|(at, two)| {
        let [open, name] = two else { return false };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        open.is("<") && (name.kind == Kind::Word || name.is(">")) && begins(before)
    })
}

/// A whole page has a title, and that title has words.
fn title(look: &Look<'_>, tags: &[Tag<'_>], found: &mut Findings) {
    let Some(page) = tags.iter().find(|tag| tag.is("html")) else { return };
    let mut titles = tags.iter().filter(|tag| tag.is("title"));
    let Some(title) = titles.next() else {
        // What another file fills in may bring the title, or be one of several pages.
        if !is_template(look.text) && !look.text.contains("<?") {
            let line = tags.iter().find(|tag| tag.is("head")).map_or(page.line, |head| head.line);
            found.say(
                ("frontend/title", line),
                "the page has no title",
                "add `<title>…</title>` to its head",
            );
        }
        return;
    };
    let end = end_of(title.rest, "title");
    if title.rest.get(..end).is_none_or(|text| text.trim().is_empty()) {
        found.say(
            ("frontend/title", title.line),
            "the title is empty",
            "write into it what the page is about",
        );
    }
}

/// Each picture has words; `alt=""` are words too: that it says nothing.
fn pictures(tags: &[Tag<'_>], found: &mut Findings) {
    for tag in tags.iter().filter(|tag| tag.name == "img" || tag.name == "IMG") {
        let is_hidden = tag.get("aria-hidden").is_some()
            || tag
                .get("role")
                .is_some_and(|role| role.contains("presentation") || role.contains("none"));
        let is_said =
            ["alt", "aria-label", "aria-labelledby"].iter().any(|name| tag.get(name).is_some());
        if !is_said && !is_hidden && !tag.is_open() {
            found.say(
                ("frontend/alt", tag.line),
                "the picture has no words for those who do not see it",
                "add `alt=\"…\"`, or `alt=\"\"` where it only adorns",
            );
        }
    }
}

fn scripts(tags: &[Tag<'_>], found: &mut Findings) {
    for tag in tags.iter().filter(|tag| tag.is("script")) {
        let Some(address) = tag.get("src").map(str::trim) else { continue };
        let Some(host) = address
            .get(..7)
            .filter(|head| head.eq_ignore_ascii_case("http://"))
            .and_then(|_| address.get(7..))
        else {
            continue;
        };
        let is_here = HERE.iter().any(|here| {
            host.strip_prefix(here)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        if !is_here && !host.starts_with(['{', '$', '<']) {
            found.say(
                ("frontend/script", tag.line),
                format!("it runs {address}, which anybody on the way can change"),
                "load it by https:, or put it beside the page",
            );
        }
    }
}
