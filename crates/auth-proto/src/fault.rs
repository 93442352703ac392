//! What an identity service says when it refuses.

use std::fmt;

use zeroize::Zeroizing;

use crate::text::shown;

/// The content of an error answer, whatever shape it had.
///
/// Every part is optional: a proxy's HTML page or an empty body gives none of them. The text comes
/// from the server, cleaned of control characters, cut to [`limits::SHOWN`](crate::limits::SHOWN)
/// characters and, in a login, with the caller's own secrets replaced by `[redacted]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The server's code: an HTTP status in Keystone, `IAM.0011` or `111401001` elsewhere.
    pub code: Option<Code>,
    /// The short name, such as `Unauthorized`.
    pub title: Option<String>,
    /// The sentence for people.
    pub message: Option<String>,
}

/// A code in an error answer, as it was spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// A JSON number, as Keystone and Huawei Cloud's IAM write it.
    Number(i64),
    /// A JSON string, as gateways and some services of Open Telekom Cloud write it.
    Text(String),
}

impl Fault {
    /// The text made fit to be shown: every secret replaced, then cleaned and cut.
    pub(crate) fn cleaned(mut self, secrets: &[&str]) -> Self {
        // A one-time code is a number, too.
        if let Some(Code::Number(number)) = &self.code
            && secrets.contains(&number.to_string().as_str())
        {
            self.code = Some(Code::Text(REDACTED.to_owned()));
        }
        let code = match &mut self.code {
            Some(Code::Text(text)) => Some(text),
            _ => None,
        };
        for text in [self.title.as_mut(), self.message.as_mut(), code].into_iter().flatten() {
            without(text, secrets);
            *text = shown(text);
        }
        self
    }
}

/// Replaces every one of these secrets in a server's text.
///
/// A secret of fewer than four characters takes the whole text with it: the places where it was cut
/// out would give it away.
pub(crate) fn without(text: &mut String, secrets: &[&str]) {
    for secret in secrets {
        redact(text, secret);
        for form in escaped(secret) {
            redact(text, &form);
        }
    }
}

fn redact(text: &mut String, secret: &str) {
    if secret.is_empty() {
        return;
    }
    if text.contains(secret) {
        *text = match secret.len() {
            1..=3 => REDACTED.to_owned(),
            _ => text.replace(secret, REDACTED),
        };
    }
    // What is left of it where the text was cut before.
    if let Some(rest) = text.strip_suffix('…')
        && let Some((start, _)) =
            rest.char_indices().find(|(at, _)| secret.starts_with(&rest[*at..]))
        && rest.len() - start > 3
    {
        text.replace_range(start.., REDACTED);
    }
}

/// The secret as it may stand inside a JSON string, for a server that quotes the whole request:
/// with its letters as they are, or every one beyond ASCII as `\u` and four digits.
fn escaped(secret: &str) -> [Zeroizing<String>; 3] {
    let quoted = Zeroizing::new(serde_json::to_string(secret).unwrap_or_default());
    let inner = quoted.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    let plain = Zeroizing::new(inner.unwrap_or_default().to_owned());
    let mut ascii = [Zeroizing::new(String::new()), Zeroizing::new(String::new())];
    for c in plain.chars() {
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            let [lower, upper] = &mut ascii;
            if c.is_ascii() {
                lower.push(c);
                upper.push(c);
            } else {
                lower.push_str(&format!("\\u{unit:04x}"));
                upper.push_str(&format!("\\u{unit:04X}"));
            }
        }
    }
    let [lower, upper] = ascii;
    [plain, lower, upper]
}

const REDACTED: &str = "[redacted]";

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
        if first {
            f.write_str("no reason given")?;
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
        };
        let shown = fault.cleaned(&["s3cret", "quo\"te\""]).to_string();
        assert_eq!(shown, r#"[redacted]: no: user sent [redacted] in {"password":"[redacted]"}"#);
    }

    #[test]
    fn secrets_are_replaced_however_a_server_escapes_them() {
        for message in [
            r#"{"password": "pa\u00e9s\"w\ud83d\ude00"}"#,
            r#"{"password": "pa\u00E9s\"w\uD83D\uDE00"}"#,
            r#"{"password": "paés\"w😀"}"#,
            r#"paés"w😀"#,
        ] {
            let fault = Fault { message: Some(message.into()), ..Fault::default() };
            let shown = fault.cleaned(&["paés\"w😀"]).to_string();
            assert!(shown.contains("[redacted]") && !shown.contains("s\\\"w"), "{shown}");
        }
    }

    #[test]
    fn a_secret_across_the_cut_is_replaced_before_it() {
        let message = format!("{}s3cret", "x".repeat(crate::limits::SHOWN - 3));
        let fault = Fault { message: Some(message), ..Fault::default() }.cleaned(&["s3cret"]);
        assert!(!fault.to_string().contains("s3c"), "{fault}");
    }

    #[test]
    fn what_a_cut_has_left_of_a_secret_is_replaced() {
        let message = format!("{}the-s3cret", "x".repeat(crate::limits::SHOWN - 5));
        let cut = Fault { message: Some(message), ..Fault::default() }.cleaned(&[]);
        assert!(cut.to_string().ends_with("xthe-s…"), "{cut}");
        let cleaned = cut.cleaned(&["the-s3cret"]).to_string();
        assert!(cleaned.contains("x[red") && !cleaned.contains("the-"), "{cleaned}");
    }

    #[test]
    fn a_code_that_repeats_a_one_time_code_is_replaced() {
        let fault = Fault { code: Some(Code::Number(314_159)), ..Fault::default() };
        assert_eq!(fault.clone().cleaned(&["31415"]), fault);
        assert_eq!(fault.cleaned(&["314159"]).to_string(), "[redacted]");
    }

    #[test]
    fn a_short_secret_takes_the_text_with_it() {
        let fault = Fault { message: Some("a bad day".into()), ..Fault::default() };
        assert_eq!(fault.cleaned(&["", "bad"]).message.as_deref(), Some("[redacted]"));
    }
}
