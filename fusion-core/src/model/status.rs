//! Where a run or a node stands. The legal ways from one to another are in `schedule::transitions`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every status, in the order of a life.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Gives the word that CLI, REST and the bindings use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word that CLI, REST and the bindings use.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|status| status.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.word()) }
        }
    };
}

words! {
    /// The status of a run.
    Run {
        /// Accepted, not yet driven.
        Pending = "pending",
        /// Some node is running, or can.
        Running = "running",
        /// Nothing can run before a timer, a signal, a person, a child or another process.
        Waiting = "waiting",
        /// Someone paused it: nothing new starts.
        Paused = "paused",
        /// Every node ended well.
        Succeeded = "succeeded",
        /// Some node failed for good.
        Failed = "failed",
        /// Someone cancelled it.
        Cancelled = "cancelled",
    }
}

words! {
    /// The status of a node, or of one item of a map.
    Node {
        /// Some need is not settled yet.
        Pending = "pending",
        /// All needs are settled; it waits for a slot.
        Ready = "ready",
        /// Its body runs, here or in another process.
        Running = "running",
        /// It waits for a timer, a signal, a person or a child run.
        Waiting = "waiting",
        /// An attempt failed; the next one starts when its pause is over.
        Retrying = "retrying",
        /// Its outcome is recorded.
        Succeeded = "succeeded",
        /// It failed for good.
        Failed = "failed",
        /// Its condition was false, or nothing that it needs has run.
        Skipped = "skipped",
        /// The run was cancelled or stopped before it ended.
        Cancelled = "cancelled",
        /// An at-most-once body was entered and nobody knows how it ended.
        InDoubt = "in_doubt",
    }
}

impl Run {
    /// Tells whether nothing will happen any more unless somebody asks for it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

impl Node {
    /// Tells whether the node ended without trouble: it succeeded or had nothing to do.
    pub fn is_settled_well(self) -> bool {
        matches!(self, Self::Succeeded | Self::Skipped)
    }

    /// Tells whether the node's outcome is settled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Skipped | Self::Cancelled)
    }
}
