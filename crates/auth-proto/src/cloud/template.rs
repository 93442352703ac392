//! URLs with `{placeholders}`.

/// The template with every `{name}` replaced; a name without a value that fits into a URL is the
/// error.
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

/// Whether a value stands for itself wherever it is put into a URL, and leads nowhere else.
fn is_plain(value: &str) -> bool {
    let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    value.bytes().all(is_unreserved) && value.bytes().any(|b| b != b'.')
}
