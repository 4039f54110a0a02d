//! Plain YAML words: the core schema of YAML 1.2, and the traps of older ones.

use serde_json::Number;

use super::tree::Body;

/// Reads an unquoted word.
///
/// # Errors
/// One sentence and a hint, for words that different readers of YAML take for different values.
pub(super) fn plain(text: &str) -> Result<Body, (String, String)> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Body::Null),
        "true" | "True" | "TRUE" => return Ok(Body::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Body::Bool(false)),
        _ => {}
    }
    let first = text.bytes().next().unwrap_or_default();
    if !first.is_ascii_digit() && !b"+-.".contains(&first) {
        return Ok(Body::Text(text.into()));
    }
    number(text)
}

fn number(text: &str) -> Result<Body, (String, String)> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-' | b'+') => text.split_at(1),
        _ => ("", text),
    };
    let keep = |number: Number| Ok(Body::Number(number, text.into()));
    let radix = match digits.get(..2) {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        _ => None,
    };
    if let (Some(radix), "") = (radix, sign) {
        let digits = digits.get(2..).unwrap_or_default();
        let value = u64::from_str_radix(digits, radix);
        return value.map_or_else(|_| Ok(Body::Text(text.into())), |value| keep(value.into()));
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if digits.len() > 1 && digits.starts_with('0') {
            let short = digits.trim_start_matches('0');
            let message = format!(
                "`{text}` is ten-based for some readers of YAML and eight-based for others"
            );
            return Err((
                message,
                format!("write `{sign}{short}`, `0o{short}`, or \"{text}\" for a text"),
            ));
        }
        let unsigned = text.trim_start_matches('+');
        let whole = unsigned.parse::<i64>().map(Number::from);
        let whole = whole.or_else(|_| unsigned.parse::<u64>().map(Number::from));
        return match whole {
            Ok(number) => keep(number),
            Err(_) => Err(too_large(text)),
        };
    }
    if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&digits) {
        return Err((
            format!("`{text}` is not a number that JSON has"),
            "write a finite number".to_owned(),
        ));
    }
    if !is_float(digits) {
        return Ok(Body::Text(text.into()));
    }
    let parsed = text.parse::<f64>().ok().and_then(Number::from_f64);
    parsed.map_or_else(|| Err(too_large(text)), keep)
}

fn too_large(text: &str) -> (String, String) {
    let short: String = text.chars().take(40).collect();
    (
        format!("`{short}` does not fit into a number of 64 bits"),
        "quote it to make it a text".to_owned(),
    )
}

/// Tells whether digits are `1.5`, `.5`, `1.`, `1e3`.
fn is_float(digits: &str) -> bool {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty())
        && all(whole)
        && all(fraction)
        && !exponent.is_empty()
        && all(exponent)
}
