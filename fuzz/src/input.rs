//! Parts of an input: lines, repetitions, responses.

use std::{borrow::Cow, sync::LazyLock};

use auth_proto::{Cloud, Credential, Login, Scope, UserRef, limits};
use http::Response;

/// A stock Keystone.
pub(crate) static STOCK: LazyLock<Cloud> =
    LazyLock::new(|| Cloud::keystone("https://keystone.example/v3").expect("the URL is valid"));

/// A login at [`STOCK`], before its first request.
pub(crate) static LOGIN: LazyLock<Login> = LazyLock::new(|| {
    let credential = Credential::password(UserRef::id("user"), "correct horse battery staple");
    Login::new(&STOCK, credential, Scope::project_id("project")).expect("the login is valid")
});

/// The first line, and the rest.
pub(crate) fn first_line(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((&data[..end], &data[end + 1..]))
}

/// The input with every `{{300*text}}` written out 300 times, and a `#` in it as 0 to 299. Inputs
/// beyond a limit stay small in the corpus, and one changed digit crosses the limit.
pub(crate) fn expanded(data: &[u8]) -> Cow<'_, [u8]> {
    if !data.windows(2).any(|pair| pair == b"{{") {
        return Cow::Borrowed(data);
    }
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(&byte) = rest.first() {
        match repeated(rest) {
            Some((count, text, after))
                if is_worthwhile(out.len() + count * text.len() + after.len()) =>
            {
                out.extend_from_slice(&written_out(count, text));
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = &rest[1..];
            }
        }
    }
    Cow::Owned(out)
}

/// Permits lengths just beyond most limits, and around the limit of a body. A length between them
/// costs the time of a hundred other inputs and finds no more.
fn is_worthwhile(length: usize) -> bool {
    length <= 2 * limits::ERROR_BODY || length.abs_diff(limits::BODY) <= 16
}

/// The count, the text and the rest, if the data starts with `{{300*text}}`.
fn repeated(data: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let inner = data.strip_prefix(b"{{")?;
    let star = inner.iter().take(8).position(|byte| *byte == b'*')?;
    let count = std::str::from_utf8(&inner[..star]).ok()?.parse().ok()?;
    let inner = &inner[star + 1..];
    let end = inner.windows(2).position(|pair| pair == b"}}")?;
    Some((count, &inner[..end], &inner[end + 2..]))
}

fn written_out(count: usize, text: &[u8]) -> Vec<u8> {
    if !text.contains(&b'#') {
        return text.repeat(count);
    }
    let parts: Vec<_> = text.split(|byte| *byte == b'#').collect();
    (0..count).flat_map(|number| parts.join(number.to_string().as_bytes())).collect()
}

/// A response with this status, or 200 if it is invalid.
pub(crate) fn response(status: &[u8], body: &[u8]) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = http::StatusCode::from_bytes(status).unwrap_or_default();
    response
}

/// The same response with a borrowed body, as identity requests read it.
pub(crate) fn borrowed(response: &Response<Vec<u8>>) -> Response<&[u8]> {
    let mut borrowed = Response::new(response.body().as_slice());
    *borrowed.status_mut() = response.status();
    *borrowed.headers_mut() = response.headers().clone();
    borrowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_written_out() {
        for (data, expect) in [
            ("a{{3*xy}}b", "axyxyxyb"),
            ("{{0*x}}{{2*{},}}", "{},{},"),
            ("{{3*r#;#}}", "r0;0r1;1r2;2"),
            ("{{x*y}} {{3*", "{{x*y}} {{3*"),
            ("{{9999999*x}}", "{{9999999*x}}"),
        ] {
            assert_eq!(expanded(data.as_bytes()), expect.as_bytes(), "{data}");
        }
    }
}
