//! What stands below a task.

use super::files::files;
use super::model::State;
use super::read::Reading;
use crate::markdown::{Block, Kind, Page};
use crate::words;

/// Reads what stands below a task: `Files to create: …`, `Status: done`, `Agent: …`.
pub(crate) fn fields(page: &Page<'_>, reading: &mut Reading) {
    for at in 0..reading.tasks.len() {
        for block in below(page, &reading.blocks, at) {
            let Some((label, value)) = block.text.split_once(':') else { continue };
            let Some(task) = reading.tasks.get_mut(at) else { continue };
            let label = label.to_lowercase();
            if label.len() > 30 {
                continue;
            }
            if label.contains("file") || label.contains("path") || label.contains("location") {
                task.files.extend(files(page.raw(block)));
            } else if label.starts_with("status") || label.starts_with("state") {
                let value = value.to_lowercase();
                if ["done", "complete", "✅"].iter().any(|word| value.contains(word))
                    && !value.contains("not ")
                    && !value.contains("incomplete")
                {
                    task.state = State::Done;
                }
            } else if ["agent", "assignee", "owner", "assigned to"].contains(&label.trim()) {
                let name = value.trim().trim_start_matches('@');
                let name = name.split_whitespace().next().unwrap_or_default().to_lowercase();
                task.agent =
                    task.agent.take().or_else(|| Some(name).filter(|name| !name.is_empty()));
            }
            for id in words::requirements(value) {
                if !task.requirements.contains(&id) {
                    task.requirements.push(id);
                }
            }
        }
        if let Some(task) = reading.tasks.get_mut(at) {
            let mut seen = std::collections::HashSet::new();
            task.files.retain(|file| seen.insert(file.clone()));
        }
    }
}

/// The blocks that belong to a task: deeper items, or all up to the next heading below a heading.
pub(crate) fn below<'p>(page: &'p Page<'_>, blocks: &[usize], at: usize) -> Vec<&'p Block> {
    let Some(own) = blocks.get(at).and_then(|own| page.blocks.get(*own)) else { return Vec::new() };
    let start = blocks.get(at).map_or(0, |own| own + 1);
    let end = blocks.get(at + 1).copied().filter(|end| *end >= start).unwrap_or(page.blocks.len());
    let rest = page.blocks.get(start..end).unwrap_or_default();
    let inside = |block: &&Block| match (own.kind, block.kind) {
        (Kind::Heading(_), other) => !matches!(other, Kind::Heading(_)),
        (Kind::Item { depth, .. }, Kind::Item { depth: other, .. }) => other > depth,
        _ => false,
    };
    rest.iter().take_while(inside).take(200).collect()
}
