//! The stable codes of errors, each with its page.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The stable code of an error: never reused, never given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Gives the code as people and programs see it: `FU0102`.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Gives the page of the code: what it means, why it happens, what to do (Markdown).
            pub fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("codes/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    /// An argument or input does not fit.
    InvalidInput = "FU0101",
    /// An id or name has characters or a length that are not allowed.
    InvalidId = "FU0102",
    /// A run with this id exists, with another input or workflow.
    IdConflict = "FU0103",
    /// There is no run with this id in the store.
    RunNotFound = "FU0104",
    /// The run is not in a state in which this can be done.
    NotApplicable = "FU0105",
    /// A limit of the engine was reached.
    Limit = "FU0106",
    /// A required input was not given.
    MissingInput = "FU0107",
    /// A secret that a template names is not set.
    MissingSecret = "FU0108",
    /// What was asked for is not there: no tests, no report.
    NotThere = "FU0109",
    /// A file cannot be read.
    FileUnreadable = "FU0201",
    /// A file is not valid YAML or JSON.
    Syntax = "FU0202",
    /// A key that does not exist here.
    UnknownKey = "FU0203",
    /// A value has the wrong type or is out of range.
    WrongType = "FU0204",
    /// A name that nothing defines.
    UnknownReference = "FU0205",
    /// Nodes need one another in a circle.
    Cycle = "FU0206",
    /// A template or condition is wrong.
    Template = "FU0207",
    /// A name is used twice.
    Duplicate = "FU0208",
    /// No versions of the packages fit together.
    Unsolvable = "FU0209",
    /// A store URL cannot be understood.
    StoreUrl = "FU0301",
    /// The store cannot be opened.
    StoreOpen = "FU0302",
    /// The store was written by a newer version.
    StoreNewer = "FU0303",
    /// The store's file is damaged or is no Fusion store.
    StoreCorrupt = "FU0304",
    /// The disk is full.
    StoreFull = "FU0305",
    /// The store is locked by another program.
    StoreBusy = "FU0306",
    /// The store cannot be written.
    StoreReadOnly = "FU0307",
    /// The store failed and was closed.
    StoreFailed = "FU0308",
    /// Something was changed by somebody else in between.
    Conflict = "FU0309",
    /// The run has another owner now.
    Fenced = "FU0310",
    /// A stored record cannot be read.
    Codec = "FU0311",
    /// The run failed.
    RunFailed = "FU0401",
    /// The run was cancelled.
    RunCancelled = "FU0402",
    /// No step of this name is registered here.
    UnknownStep = "FU0403",
    /// The result did not come in time.
    WaitTimeout = "FU0404",
    /// A provider of language models gave no answer.
    NoAnswer = "FU0405",
    /// The engine was closed.
    Closed = "FU0501",
    /// A bug in Fusion.
    Internal = "FU0502",
    /// A workspace cannot be used.
    Workspace = "FU0601",
    /// A command cannot be isolated as its policy demands.
    NoSandbox = "FU0602",
    /// The code of a durable object refused a message, or failed.
    ObjectFailed = "FU0701",
    /// There is no code for the version that wrote a durable object.
    ObjectParked = "FU0702",
}

impl Code {
    /// Finds a code by its text, in upper or lower case, or by its number alone.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let wanted = match text.parse::<u16>() {
            Ok(number) => format!("FU{number:04}"),
            Err(_) => text.to_ascii_uppercase(),
        };
        Self::ALL.iter().copied().find(|code| code.text() == wanted)
    }

    /// Tells whether the caller's input is at fault: exit code 2, HTTP 4xx.
    pub fn is_bad_input(self) -> bool {
        self < Self::StoreOpen
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
