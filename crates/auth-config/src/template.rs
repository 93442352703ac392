//! `{region_name}` and the like within values.

use crate::{
    error::Error,
    keys,
    origin::Origin,
    value::{AUTH, Map, Node},
};

/// Fills in a text's placeholders from the texts of a cloud. Only what may be shown is filled in: a
/// secret would go into a URL.
pub(crate) fn fill(node: &mut Node, key: &str, cloud: &Map) -> Result<(), Error> {
    let Some(text) = node.as_text().filter(|text| text.contains(['{', '}'])) else { return Ok(()) };
    let Some(filled) = filled(text, cloud) else {
        return Err(Error::Template { key: key.to_owned(), origin: node.origin.clone() });
    };
    *node = Node::text(filled, node.origin.clone());
    Ok(())
}

/// The same for all keys that may have placeholders: those that hold the URL of a service. What the
/// token says is filled in once there is one.
pub(crate) fn fill_all(cloud: &mut Map) -> Result<(), Error> {
    let mut values = cloud.clone();
    for name in ["domain_id", "project_id", "tenant_id", "user_id"] {
        let itself = Node::text(format!("{{{name}}}"), Origin::Default);
        values.insert(name.to_owned(), itself);
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
        let value = cloud.get(name).filter(|_| keys::is_public(name))?;
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
    fn known_keys_are_filled_in_and_secrets_are_not() {
        let pairs = [("region_name", "KR1"), ("password", "hunter2")];
        let cloud: Map = pairs
            .map(|(key, text)| (key.to_owned(), Node::text(text, Origin::Default)))
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
