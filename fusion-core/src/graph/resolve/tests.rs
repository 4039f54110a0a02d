//! Tests of the resolver: a brute-force oracle, explanations, ranges, preferences.

mod explanations;
mod oracle;
mod ranges;
mod rules;

use super::{Catalog, Package, Request, Resolution, ResolveError, resolve};

/// Reads `name version: +need range, @provide, -conflict range` lines.
fn catalog(text: &str) -> Catalog {
    Catalog::from_packages(text.trim().lines().map(|line| package(line.trim()))).unwrap()
}

fn package(line: &str) -> Package {
    let (head, rest) = line.split_once(':').unwrap_or((line, ""));
    let (name, version) = head.split_once(' ').unwrap();
    let mut package = Package::new(name, version).unwrap();
    for item in rest.split(';').map(str::trim).filter(|item| !item.is_empty()) {
        let (kind, body) = item.split_at(1);
        let (name, range) = body.split_once(' ').unwrap_or((body, "*"));
        package = match kind {
            "+" => package.needs(name, range).unwrap(),
            "-" => package.excludes(name, range).unwrap(),
            "@" => package.offers(body).unwrap(),
            other => panic!("unknown kind {other}"),
        };
    }
    package
}

/// Reads `name range; name range`.
fn request(text: &str) -> Request {
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).fold(
        Request::new(),
        |request, item| {
            let (name, range) = item.split_once(' ').unwrap_or((item, "*"));
            request.needs(name, range).unwrap()
        },
    )
}

fn solve(packages: &str, wanted: &str) -> Result<Resolution, ResolveError> {
    resolve(&catalog(packages), &request(wanted))
}

/// The picks in install order, `name@version` each.
fn picks(packages: &str, wanted: &str) -> String {
    shown(&solve(packages, wanted).unwrap())
}

fn shown(found: &Resolution) -> String {
    let one = |name: &String| format!("{name}@{}", found.picks[name]);
    found.order.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Why it fails, a sentence per line.
fn why(packages: &str, wanted: &str) -> String {
    match solve(packages, wanted) {
        Err(ResolveError::Unsolvable(conflict)) => conflict.sentences().join("\n"),
        other => panic!("expected a conflict, got {other:?}"),
    }
}
