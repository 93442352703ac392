//! Look-ups by every type and alias of OpenStack's Service Types Authority.

use serde_json::Value;

use super::{cloud, query_of, token};

/// Data of os-service-types (Apache-2.0), whose source the file names.
const LIST: &str = include_str!("../data/service-types.json");

#[test]
fn each_official_type_and_alias_is_found() {
    let list: Value = serde_json::from_str(LIST).unwrap();
    let types = list["services"].as_array().unwrap();
    let mut aliases_seen = 0;
    for entry in types {
        let official = entry["type"].as_str().unwrap();
        let aliases: Vec<_> =
            entry["aliases"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        aliases_seen += aliases.len();

        // The official type finds its aliases in the authority's order, not the catalog's.
        for from in 0..aliases.len() {
            assert_eq!(found(&aliases[from..], official), Some(aliases[from]), "{official}");
        }
        // Only the identity service is known without a catalog.
        assert_eq!(found(&[], official).is_some(), official == "identity");

        let all: Vec<_> = [official].into_iter().chain(aliases.iter().copied()).collect();
        for name in &all {
            // The exact type wins, and an alias finds the official type.
            assert_eq!(found(&all, name), Some(*name));
            assert_eq!(found(&[official], name), Some(official), "{name}");
            // An alias finds another alias, unless both name a version.
            for other in all.iter().filter(|other| *other != name) {
                let versions = [name, other].map(|it| it.ends_with(|c: char| c.is_ascii_digit()));
                let expect = (versions != [true, true]).then_some(*other);
                assert_eq!(found(&[other], name), expect, "{name} in {other}");
            }
        }
    }
    assert_eq!((types.len(), aliases_seen), (45, 26));
}

/// The type that is found in a catalog that lists these types in reverse.
fn found<'a>(listed: &[&'a str], wanted: &'a str) -> Option<&'a str> {
    let host = |name: &str| format!("https://{}.example", name.replace('_', "-under-"));
    let lines: Vec<_> =
        listed.iter().rev().map(|name| format!("{name} public R1 {}", host(name))).collect();
    let cloud = cloud("v3");
    let token = token(&cloud, &lines.join("\n"), "v3");
    let endpoint = cloud.endpoint(&token, &query_of(wanted)).ok()?;
    let names = listed.iter().copied().chain([wanted]);
    names.into_iter().find(|name| endpoint.service_type() == *name)
}
