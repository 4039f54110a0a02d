//! Rules for handlers, routers and `OpenAPI` documents.

use super::finding::{Findings, Look, words};
use super::openapi;
use super::token::{Kind, Token, code, tongue};

/// What makes a router, or an application that is one.
const ROUTERS: [&str; 6] = ["Router", "APIRouter", "Blueprint", "FastAPI", "Flask", "express"];
/// What adds a route, or other routes, to one: `router.get(…)`, `@app.post(…)`, `app.use(…)`.
const ROUTES: &str = "get post put patch delete head options all any route routes use register mount websocket api_route add_api_route \
                      add_api_websocket_route add_url_rule add_route add_resource include_router register_blueprint errorhandler \
                      exception_handler before_request after_request middleware add_middleware param handle ws sse nest merge fallback \
                      on_event group resource resources static cli route_class add_namespace init_app include";
/// Words of files that only gather what others have.
const GATHERS: [&str; 6] = ["index", "__init__", "mod", "main", "extensions", "factory"];

/// Looks at a file of an interface.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    let ending = look.ending();
    if ["json", "yaml", "yml"].contains(&ending.as_str()) {
        openapi::judge(look, found);
        return;
    }
    let Some(tongue) =
        tongue(&ending).filter(|_| !["sql", "vue", "svelte"].contains(&ending.as_str()))
    else {
        return;
    };
    let is_test = words(look.name)
        .iter()
        .any(|word| ["test", "tests", "spec", "mock", "mocks"].contains(&word.as_str()));
    if is_test || GATHERS.contains(&look.stem()) {
        return;
    }
    let tokens = code(look.text, tongue);
    handlers(look, &tokens, found);
    routes(&tokens, found);
}

/// A file that is called one of handlers has a function, a class, or hands on those of another file.
fn handlers(look: &Look<'_>, tokens: &[Token<'_>], found: &mut Findings) {
    let named = |name: &str| {
        words(name).iter().any(|word| {
            ["handler", "handlers", "controller", "controllers"].contains(&word.as_str())
        })
    };
    let folder = look.folder().rsplit(['/', '\\']).next().unwrap_or_default();
    if !(named(look.stem()) || named(folder)) || tokens.is_empty() {
        return;
    }
    let makes = "def function fn func fun class struct interface trait type enum record lambda import require use from include const \
                 export module";
    let is_function = |token: &Token<'_>| {
        token.kind == Kind::Word && makes.split_whitespace().any(|word| token.is(word))
    };
    let is_arrow = |two: &[Token<'_>]| matches!(two, [a, b] if a.is("=") && b.is(">"));
    let has_body = |two: &[Token<'_>]| matches!(two, [a, b] if a.is(")") && b.is("{"));
    if !tokens.iter().any(is_function)
        && !tokens.windows(2).any(|two| is_arrow(two) || has_body(two))
    {
        found.say(
            ("api/handler", 1),
            "there is no handler in it: no function and no class",
            "write the functions that answer requests",
        );
    }
}

/// A router that is made gets a route, or is handed to somebody who gives it some.
fn routes(tokens: &[Token<'_>], found: &mut Findings) {
    for (at, window) in tokens.windows(2).enumerate() {
        let [make, open] = window else { continue };
        let before = |back: usize| at.checked_sub(back).and_then(|before| tokens.get(before));
        // `r = APIRouter(…)`, `r = express.Router()`, `app = new Hono()`; not the name of a function or an import.
        if !ROUTERS.iter().any(|word| make.is(word)) || !open.is("(") {
            continue;
        }
        let (mut name, mut back) = (before(1), 1);
        while name.is_some_and(|token| {
            token.is(".")
                || token.is("new")
                || token.is("express")
                || token.is("fastapi")
                || token.is("flask")
        }) {
            back += 1;
            name = before(back);
        }
        if !name.is_some_and(|token| token.is("=")) {
            continue;
        }
        let Some(name) = owner(tokens, at.saturating_sub(back)) else { continue };
        let later = tokens.get(super::token::behind(tokens, at + 1)..).unwrap_or_default();
        if !is_used(name.text, later) {
            found.say(
                ("api/route", make.line),
                format!("`{}` has no route", name.text),
                "add the routes that it answers",
            );
        }
    }
}

/// The name before a `=`, also where its type is said between them: `router: APIRouter = …`.
fn owner<'t, 'a>(tokens: &'t [Token<'a>], equals: usize) -> Option<&'t Token<'a>> {
    let line = tokens.get(equals)?.line;
    let before = tokens.get(..equals)?.iter().rev().take_while(|token| token.line == line);
    let names = before.filter(|token| token.kind == Kind::Word);
    let all: Vec<&Token<'a>> = names.collect();
    let keyword = |token: &&&Token<'a>| {
        ![
            "const", "let", "var", "export", "self", "this", "readonly", "private", "public",
            "static",
        ]
        .iter()
        .any(|word| token.is(word))
    };
    all.iter().rev().find(keyword).copied()
}

/// Whether routes are added to a name, it is handed to a call, or files that follow add some to it.
fn is_used(name: &str, later: &[Token<'_>]) -> bool {
    let is_route = |three: &[Token<'_>]| {
        matches!(three, [a, dot, call] if a.is(name) && dot.is(".") && call.kind == Kind::Word
            && ROUTES.split_whitespace().any(|route| call.is(route)))
    };
    let is_handed = |three: &[Token<'_>]| matches!(three, [before, a, after] if a.is(name) && (before.is("(") || before.is(",") || before.is("=")) && (after.is(")") || after.is(",")));
    later.windows(3).any(|three| is_route(three) || is_handed(three))
        || later.iter().any(|token| token.is("import") || token.is("require"))
        || later.first().is_some_and(|token| token.is("."))
}
