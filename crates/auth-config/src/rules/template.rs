//! Placeholders in values, such as `{region_name}`.

use crate::{
    report::{error::Error, origin::ValueOrigin},
    value::{AUTH, Map, Node},
};

/// Fills in a text's placeholders from the texts of a cloud. A secret is not filled in, because it
/// would become part of a URL.
pub(super) fn fill(node: &mut Node, key: &str, cloud: &Map) -> Result<(), Error> {
    let Some(text) = node.as_text().filter(|text| text.contains(['{', '}'])) else { return Ok(()) };
    let Some(filled) = filled(text, cloud) else {
        return Err(Error::Template { key: key.to_owned(), origin: node.origin.clone() });
    };
    *node = Node::text(filled, node.origin.clone());
    Ok(())
}

/// Fills in the placeholders of all service URLs, except ids that only a token has: those remain
/// for the login core.
pub(super) fn fill_service_urls(cloud: &mut Map) -> Result<(), Error> {
    let mut values = cloud.clone();
    for name in ["domain_id", "project_id", "tenant_id", "user_id"] {
        let placeholder = Node::text(format!("{{{name}}}"), ValueOrigin::Default);
        values.insert(name.to_owned(), placeholder);
    }
    for (key, node) in cloud.iter_mut().filter(|(key, _)| *key != AUTH) {
        if key.ends_with("_endpoint_override") || key.ends_with("_endpoint") {
            fill(node, key, &values)?;
        }
    }
    Ok(())
}

fn filled(text: &str, cloud: &Map) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            out.push_str(&rest[..1]);
            rest = after;
            continue;
        }
        let (name, after) = rest.strip_prefix('{')?.split_once('}')?;
        let value = cloud.get(name).filter(|node| node.is_public(name))?;
        out.push_str(value.as_text()?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_are_filled_in_but_not_secrets() {
        let pairs = [("region_name", "KR1"), ("password", "hunter2")];
        let cloud: Map = pairs
            .map(|(key, text)| (key.to_owned(), Node::text(text, ValueOrigin::Default)))
            .into_iter()
            .collect();
        let fill = |text| filled(text, &cloud);
        assert_eq!(fill("https://{region_name}.x").as_deref(), Some("https://KR1.x"));
        assert_eq!(fill("{{a}}").as_deref(), Some("{a}"));
        for bad in ["{password}", "{nosuch}", "{", "}", "a{b", "{region_name!r}", "{region_name"] {
            assert_eq!(fill(bad), None, "{bad}");
        }
    }
}
