//! [`Level`]: which layers there are, and which limits hold.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a limit is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// By the kernel, for all processes of a command together (a control group, or a count of their own user namespace).
    Together,
    /// By the kernel, for each process alone.
    Each,
    /// Not at all.
    #[default]
    None,
}

/// The isolation of a command, layer by layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Namespaces of its own, by bubblewrap.
    pub namespaces: bool,
    /// Rules for files, by Landlock: the version of its interface.
    pub landlock: Option<u32>,
    /// Rules for system calls, by seccomp.
    pub seccomp: bool,
    /// How the number of its processes is bounded.
    pub processes: Bound,
    /// How its memory is bounded.
    pub memory: Bound,
    /// Why layers are missing, a sentence each.
    pub missing: Vec<String>,
}

impl Level {
    /// Tells whether all layers are there.
    pub fn is_strict(&self) -> bool {
        self.namespaces && self.landlock.is_some() && self.seccomp
    }

    /// Gives its name: `strict`, `weaker` or `none`.
    pub fn name(&self) -> &'static str {
        match (self.namespaces, self.landlock, self.seccomp) {
            (true, Some(_), true) => "strict",
            (false, None, false) => "none",
            _ => "weaker",
        }
    }
}

impl fmt::Display for Level {
    /// Writes one line: `strict (namespaces, landlock 6, seccomp; processes together, memory each)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let landlock = self.landlock.map(|version| format!("landlock {version}"));
        let layers = [
            self.namespaces.then(|| "namespaces".to_owned()),
            landlock,
            self.seccomp.then(|| "seccomp".to_owned()),
        ];
        let layers: Vec<String> = layers.into_iter().flatten().collect();
        let layers = if layers.is_empty() { "no layer".to_owned() } else { layers.join(", ") };
        let word = |bound| match bound {
            Bound::Together => "together",
            Bound::Each => "each",
            Bound::None => "unbounded",
        };
        let (processes, memory) = (word(self.processes), word(self.memory));
        write!(f, "{} ({layers}; processes {processes}, memory {memory})", self.name())?;
        self.missing.iter().try_for_each(|why| write!(f, "; {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_says_what_it_is_made_of() {
        let mut level = Level { namespaces: true, landlock: Some(6), ..Level::default() };
        assert_eq!(level.name(), "weaker");
        level.seccomp = true;
        level.processes = Bound::Together;
        assert!(level.is_strict());
        let said = "strict (namespaces, landlock 6, seccomp; processes together, memory unbounded)";
        assert_eq!(level.to_string(), said);
        assert_eq!(Level::default().name(), "none");
    }
}
