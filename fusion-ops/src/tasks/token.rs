//! Words and signs of a sentence.

/// A word or a sign, and whether there is a space before it.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) lower: String,
    pub(crate) spaced: bool,
    /// Whether a sentence ends behind it.
    pub(crate) ends: bool,
}

/// Takes a text apart.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let text = text.replace("->", "→").replace("=>", "→");
    let mut found: Vec<Token> = Vec::new();
    let mut word = String::new();
    let mut spaced = true;
    let flush = |word: &mut String, spaced: bool, found: &mut Vec<Token>| {
        if word.is_empty() {
            return;
        }
        let own = word.trim_end_matches(['.', '-', '\'']);
        let own = own.trim_start_matches(['.', '\'']);
        let text = if own.is_empty() { word.clone() } else { own.to_owned() };
        let ends = word.ends_with('.') && !own.is_empty();
        found.push(Token { lower: text.to_lowercase(), text, spaced, ends });
        word.clear();
    };
    for sign in text.chars() {
        if sign.is_alphanumeric() || "_-.'".contains(sign) {
            word.push(sign);
            continue;
        }
        flush(&mut word, spaced, &mut found);
        spaced = false;
        match sign {
            sign if sign.is_whitespace() => spaced = true,
            '*' | '`' | '"' | '─' | '┬' | '┴' | '│' | '└' | '├' => {}
            sign => {
                let before = text_spaced(&found, spaced);
                let sign = sign.to_string();
                found.push(Token { lower: sign.clone(), text: sign, spaced: before, ends: false });
            }
        }
    }
    flush(&mut word, spaced, &mut found);
    found
}

fn text_spaced(found: &[Token], spaced: bool) -> bool {
    spaced || found.is_empty()
}
