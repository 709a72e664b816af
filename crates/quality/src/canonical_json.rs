//! The one byte form of a JSON value that a signature covers: RFC 8785 (JSON Canonicalization
//! Scheme), so that a certificate may be reformatted and still verifies, in any language.

use serde_json::{Number, Value};

/// The canonical bytes of a value: keys sorted by UTF-16 code units, no spaces, numbers as ECMAScript
/// prints them.
pub(crate) fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => text.push_str(&canonical_number(number)),
        Value::String(string) => write_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            text.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
    }
}

/// RFC 8785 section 3.2.2.2: only what must be escaped is, control characters in the short form
/// where there is one and as `\u00xx` in lower case else.
fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            control if control < ' ' => {
                text.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// RFC 8785 section 3.2.2.3: ECMAScript's shortest digits; plain from 1e-6 to below 1e21.
fn canonical_number(number: &Number) -> String {
    let value = match number.as_f64() {
        Some(value) if number.is_f64() => value,
        _ => return number.to_string(),
    };
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        value.to_string()
    } else {
        let text = format!("{value:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                format!("{digits}e+{exponent}")
            }
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8785 section 3.2.2.
    #[test]
    fn matches_the_example_of_the_standard() {
        let value: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals":[null,true,false]}"#,
        )
        .unwrap();
        assert_eq!(
            canonical_json(&value),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn keys_are_sorted_by_utf16_and_zero_has_one_form() {
        let value = serde_json::json!({"\u{1f600}": 1, "\u{fb33}": 2, "1": -0.0, "\r": 1.0});
        assert_eq!(
            canonical_json(&value),
            "{\"\\r\":1,\"1\":0,\"\u{1f600}\":1,\"\u{fb33}\":2}"
        );
    }
}
