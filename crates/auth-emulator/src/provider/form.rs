//! The form of a request: `application/x-www-form-urlencoded`.

use http::header::CONTENT_TYPE;

use crate::{message::routed::RoutedRequest, provider::answer::OauthError};

/// The parameters of a form. One without a value counts as absent (RFC 6749, section 3.2).
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form of a request. Its type must be that of a form, and no parameter may occur twice.
    pub(super) fn read(request: &RoutedRequest<'_>) -> Result<Self, OauthError> {
        let media = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OauthError::malformed("The body is not a form."));
        }
        let text = String::from_utf8_lossy(request.body);
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name);
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(OauthError::malformed(format!("The parameter {name} occurs twice.")));
            }
            fields.push((name, decoded(value)));
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(own, _)| own == name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// The value of a parameter that the request must have.
    pub(super) fn required(&self, name: &str) -> Result<&str, OauthError> {
        self.get(name)
            .ok_or_else(|| OauthError::malformed(format!("The parameter {name} is missing.")))
    }
}

/// A name or a value without its encoding. A `%` that starts no byte stands for itself.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let byte = match first {
            b'%' => others.get(..2).and_then(hexadecimal),
            b'+' => Some(b' '),
            _ => None,
        };
        rest = if *first == b'%' && byte.is_some() { &others[2..] } else { others };
        bytes.push(byte.unwrap_or(*first));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    Some((digit(digits[0])? << 4 | digit(digits[1])?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        for (text, expected) in [
            ("", ""),
            ("a+b%20c", "a b c"),
            ("%C3%a4%2B%25", "\u{e4}+%"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%+1", "% 1"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
