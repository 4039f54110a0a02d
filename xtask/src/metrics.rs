//! Prints how large the code is: per crate and floor, the largest files and functions.

use std::collections::BTreeMap;

use crate::tree::{Source, Tree};
use crate::{Stop, ground, tidy};

const LARGEST: usize = 10;

/// Prints the table.
pub(crate) fn run() -> Result<(), Stop> {
    let tree = Tree::read(&ground::root())?;
    let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
    let mut files: Vec<(usize, &str)> = Vec::new();
    let mut functions: Vec<(usize, String)> = Vec::new();
    for source in tree.sources() {
        let lines = source.text.lines().count();
        let room = rooms.entry(room_of(&source.path)).or_default();
        room.files = room.files.saturating_add(1);
        room.lines = room.lines.saturating_add(lines);
        room.public = room.public.saturating_add(public_items(source));
        files.push((lines, &source.path));
        for function in tidy::functions(source) {
            let place = format!("{}:{} {}", source.path, function.line, function.name);
            functions.push((function.lines, place));
        }
    }
    println!("{:<32} {:>6} {:>7} {:>7}", "crate or floor", "files", "lines", "public");
    for (name, room) in &rooms {
        println!("{name:<32} {:>6} {:>7} {:>7}", room.files, room.lines, room.public);
    }
    show("lines per file", files.iter().map(|(lines, path)| (*lines, *path)).collect());
    show("lines per function", functions.iter().map(|(lines, at)| (*lines, at.as_str())).collect());
    let packages = tree.text("Cargo.lock").map_or(0, |text| text.matches("[[package]]").count());
    println!("\n{packages} packages in Cargo.lock, our own included");
    Ok(())
}

#[derive(Debug, Default)]
struct Room {
    files: usize,
    lines: usize,
    public: usize,
}

/// The crate, and in `fusion-core` the floor.
fn room_of(path: &str) -> String {
    let Some((package, inner)) = path.split_once("/src/") else {
        return path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    };
    match inner.split_once('/') {
        Some((floor, _)) => format!("{package}/{floor}"),
        None => package.to_owned(),
    }
}

/// Items at the file's top that are `pub` without limits.
fn public_items(source: &Source) -> usize {
    let starts = [
        "pub fn ",
        "pub async fn ",
        "pub struct ",
        "pub enum ",
        "pub trait ",
        "pub type ",
        "pub const ",
    ];
    source.text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start))).count()
}

fn show(title: &str, mut rows: Vec<(usize, &str)>) {
    rows.sort_unstable();
    let at = |part: usize| {
        let index = rows.len().saturating_sub(1).saturating_mul(part) / 100;
        rows.get(index).map_or(0, |(lines, _)| *lines)
    };
    println!("\n{title}: median {}, p90 {}, p99 {}, max {}", at(50), at(90), at(99), at(100));
    for (lines, place) in rows.iter().rev().take(LARGEST) {
        println!("{lines:>6}  {place}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_crates_and_floors() {
        assert_eq!(room_of("fusion-core/src/graph/check.rs"), "fusion-core/graph");
        assert_eq!(room_of("fusion-core/src/lib.rs"), "fusion-core");
        assert_eq!(room_of("fusion-core/tests/it.rs"), "fusion-core/tests");
    }
}
