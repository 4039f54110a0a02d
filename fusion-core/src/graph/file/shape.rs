//! What a value of a file may be: the words in which the table of keys is written.

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// Nothing at all (a key without a value).
    Null,
    /// A text, a template if it likes.
    Text,
    /// A text, or a number or truth value that is taken as it is written.
    Word,
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// A length of time.
    Time,
    /// An amount of US dollars, a template if it likes.
    Money,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// A map from names of the author's choice.
    Dict(&'static Shape),
    /// A map with these keys.
    Object(&'static Table),
    /// One of these; told apart by their outermost type.
    OneOf(&'static [Shape]),
}

/// The keys of a map.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the map is, for messages and as the name of its schema.
    pub(crate) name: &'static str,
    /// One sentence for the schema.
    pub(crate) about: &'static str,
    /// The keys of which exactly one must be there; empty when there is no such rule.
    pub(crate) one_of: &'static [&'static str],
    /// The keys.
    pub(crate) keys: &'static [Field],
}

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The key.
    pub(crate) key: &'static str,
    /// What its value may be.
    pub(crate) shape: Shape,
    /// Whether the map must have it.
    pub(crate) required: bool,
    /// One sentence for the schema.
    pub(crate) about: &'static str,
}

impl Table {
    /// Finds a key.
    pub(crate) fn field(&self, key: &str) -> Option<&'static Field> {
        self.keys.iter().find(|field| field.key == key)
    }
}

impl Shape {
    /// Says what is expected, for messages.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Any => "a value".to_owned(),
            Self::Null => "nothing".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Word => "a text or a number".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Int(least, most) if least == most => format!("the number {least}"),
            Self::Int(least, most) => format!("a whole number from {least} to {most}"),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Time => "a length of time such as `10m`".to_owned(),
            Self::Money => "US dollars such as `0.50`".to_owned(),
            Self::Words(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Self::List(Self::Any) => "a list".to_owned(),
            Self::List(item) => format!("a list, each item {}", item.words()),
            Self::Dict(_) => "a map".to_owned(),
            Self::Object(table) => {
                let keys = table.keys.iter().take(4).map(|field| field.key).collect::<Vec<_>>();
                let more = if table.keys.len() > 4 { ", …" } else { "" };
                format!("a map ({}{more})", keys.join(", "))
            }
            Self::OneOf(shapes) => {
                let given = shapes.iter().filter(|shape| !matches!(shape, Self::Null));
                given.map(Self::words).collect::<Vec<_>>().join(", or ")
            }
        }
    }
}
