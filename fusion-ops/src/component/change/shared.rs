//! Files into which several components put lines.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::error::{Code, Error, Result};

use super::super::block::{self, Style};
use super::super::lock::Shared;
use super::super::name::Shown;
use super::super::tree;
use super::super::want::{boxes_of, has_tasks, sum_of};
use super::plan::{Action, Planner};

/// The largest file that gets lines, in bytes.
const SHARED_BYTES: u64 = 8 << 20;

impl Planner<'_> {
    /// Plans every file that gets lines or got some.
    pub(super) fn shared(&mut self) -> Result<()> {
        let mut paths: BTreeSet<String> = self.old.shared.keys().cloned().collect();
        paths.extend(self.wants.shared.keys().cloned());
        for path in paths {
            let wanted = self.wants.shared.get(&path).cloned().unwrap_or_default();
            let old = self.old.shared.get(&path).cloned().unwrap_or_default();
            self.one(&path, &wanted, &old)?;
        }
        Ok(())
    }

    fn one(&mut self, path: &str, wanted: &BTreeMap<String, String>, old: &Shared) -> Result<()> {
        let style = block::style(path)?;
        let about = tree::look(self.dir, path)?;
        let bytes = tree::read(self.dir, path, SHARED_BYTES)?;
        let before = bytes.as_deref().map(tree::sum);
        let text = String::from_utf8(bytes.clone().unwrap_or_default()).map_err(|_| {
            let message = format!("lines cannot be put into {}: it is not UTF-8 text", Shown(path));
            Error::new(Code::FileUnreadable, message).hint("save it as UTF-8")
        })?;
        let mut shared = old.clone();
        // A file that went and comes again is ours.
        shared.made = if bytes.is_none() { true } else { old.made };
        let mut made = text;
        for (owner, lines) in wanted {
            self.put_lines((path, style, owner), lines, &mut made, &mut shared);
        }
        for owner in old.blocks.keys().filter(|owner| !wanted.contains_key(*owner)) {
            self.cut_lines((path, style, owner), &mut made, &mut shared);
        }
        if !shared.blocks.is_empty() {
            self.lock.shared.insert(path.to_owned(), shared.clone());
        }
        let now = bytes.as_deref().unwrap_or_default();
        let of = wanted.keys().chain(old.blocks.keys()).next().cloned().unwrap_or_default();
        if made.is_empty() && shared.made && shared.blocks.is_empty() {
            if before.is_some() {
                self.change(Action::Remove, (path, &of), before, None);
            }
        } else if made.as_bytes() != now {
            let action = if before.is_some() { Action::Update } else { Action::Create };
            let bits = about.as_ref().map_or(0o644, tree::mode);
            self.change(action, (path, &of), before, Some((made.into_bytes(), bits)));
        }
        Ok(())
    }

    fn put_lines(
        &mut self,
        (path, style, owner): (&str, Style, &str),
        lines: &str,
        text: &mut String,
        shared: &mut Shared,
    ) {
        let hash = sum_of(path, lines.as_bytes());
        let old = shared.blocks.get(owner).cloned();
        if let Some(here) = block::get(text, style, owner) {
            let now = sum_of(path, here.as_bytes());
            // A block that nothing is known of is one that was kept when its component went.
            let is_edited = old.as_ref() != Some(&now) && now != hash;
            if is_edited && !self.overwrite {
                if old.as_ref() != Some(&hash) {
                    self.conflict(path, owner, "its lines were edited here and are kept; `--overwrite` takes the component's new ones");
                }
                return;
            }
            let lines = if has_tasks(path) { boxes_of(lines, here) } else { lines.to_owned() };
            if lines != here {
                (*text, _) = block::set(text, style, owner, &lines);
            }
        } else {
            let joined;
            (*text, joined) = block::set(text, style, owner, lines);
            if shared.blocks.is_empty() {
                shared.joined = joined;
            }
        }
        shared.blocks.insert(owner.to_owned(), hash);
    }

    fn cut_lines(
        &mut self,
        (path, style, owner): (&str, Style, &str),
        text: &mut String,
        shared: &mut Shared,
    ) {
        let old = shared.blocks.remove(owner);
        let Some(here) = block::get(text, style, owner) else { return };
        if old.as_ref() == Some(&sum_of(path, here.as_bytes())) {
            let is_last = shared.blocks.is_empty();
            *text = block::cut(text, style, owner, shared.joined && is_last);
        } else {
            self.conflict(
                path,
                owner,
                "its lines were edited here and are kept; remove them by hand if nobody needs them",
            );
        }
    }
}
