//! The content of an identity service's error response.

use std::fmt;

use crate::text::{
    redact::{redact, replace},
    shown,
};

/// The content of an error response, in any of the known formats.
///
/// Every part is optional: a proxy's HTML page or an empty body has none of them. The text is the
/// server's, with line breaks and tabs shown as a blank, other control characters escaped, cut to
/// [`limits::ERROR_TEXT`](crate::limits::ERROR_TEXT) characters and, in a login, with the caller's
/// secrets replaced by `[redacted]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The server's code: an HTTP status in Keystone, `IAM.0011` or `111401001` elsewhere.
    pub code: Option<Code>,
    /// The short name, such as `Unauthorized`.
    pub title: Option<String>,
    /// The explanation, a sentence.
    pub message: Option<String>,
    /// The encoding of a body that is compressed, and so was not read: `gzip`, for example.
    pub encoding: Option<&'static str>,
}

/// A code in an error response, with its JSON type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// A JSON number, as Keystone and Huawei Cloud's IAM write it.
    Number(i64),
    /// A JSON string, as gateways and some services of Open Telekom Cloud write it.
    Text(String),
}

impl Fault {
    /// The same text fit for display: secrets [replaced](redact), then escaped and cut.
    pub(crate) fn cleaned(mut self, secrets: &[&str]) -> Self {
        let (mut code, number) = match self.code.take() {
            Some(Code::Number(number)) => (Some(number.to_string()), Some(number)),
            Some(Code::Text(text)) => (Some(text), None),
            None => (None, None),
        };
        let texts = [&mut code, &mut self.title, &mut self.message];
        let mut texts: Vec<&mut String> = texts.into_iter().flatten().collect();
        redact(&mut texts, secrets);
        for text in texts {
            let clean = shown(text);
            replace(text, clean);
        }
        self.code = code.map(|text| match number {
            Some(number) if text == number.to_string() => Code::Number(number),
            _ => Code::Text(text),
        });
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_ref().map(ToString::to_string);
        let parts = [code.as_ref(), self.title.as_ref(), self.message.as_ref()];
        let mut first = true;
        for part in parts.into_iter().flatten() {
            if !first {
                f.write_str(": ")?;
            }
            f.write_str(part)?;
            first = false;
        }
        match self.encoding {
            _ if !first => {}
            Some(encoding) => write!(f, "the reason is compressed: {encoding}")?,
            None => f.write_str("no reason given")?,
        }
        Ok(())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced() {
        let fault = Fault {
            code: Some(Code::Text("s3cret".into())),
            title: Some("no\n".into()),
            message: Some(r#"user sent s3cret in {"password":"quo\"te\""}"#.into()),
            encoding: None,
        };
        let shown = fault.cleaned(&["s3cret", "quo\"te\""]).to_string();
        assert_eq!(shown, r#"[redacted]: no: user sent [redacted] in {"password":"[redacted]"}"#);
    }

    #[test]
    fn a_code_that_is_a_secret_is_replaced() {
        let fault = Fault { code: Some(Code::Number(123_456)), ..Fault::default() };
        assert_eq!(fault.clone().cleaned(&["123456"]).to_string(), "[redacted]");
        assert_eq!(fault.cleaned(&["654321"]).code, Some(Code::Number(123_456)));
    }

    #[test]
    fn a_secret_across_the_cut_is_replaced() {
        let message = format!("{}s3cret", "x".repeat(crate::limits::ERROR_TEXT - 3));
        let fault = Fault { message: Some(message), ..Fault::default() }.cleaned(&["s3cret"]);
        assert!(!fault.to_string().contains("s3c"), "{fault}");
    }
}
