//! URLs with `{placeholders}`.

/// Replaces every `{name}` in a template. The error is a name without a value, or with a value that
/// does not fit into a URL.
pub(super) fn filled<'t, 'v>(
    template: &'t str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, &'t str> {
    let mut url = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(after)?;
        url.push_str(before);
        url.push_str(value(name).filter(|value| is_plain(value)).ok_or(name)?);
        rest = after;
    }
    url.push_str(rest);
    Ok(url)
}

/// Whether a value has only unreserved characters of URLs, and is not `.` or `..`.
fn is_plain(value: &str) -> bool {
    let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    value.bytes().all(is_unreserved) && value.bytes().any(|b| b != b'.')
}
