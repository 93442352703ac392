//! The regions of a cloud, and the choice of one.

use crate::{
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    value::{Map, Node, Value, with_plain_keys},
};

/// A region, and the cloud's settings for it.
#[derive(Clone)]
pub(crate) struct Region {
    pub(crate) name: String,
    pub(crate) origin: ValueOrigin,
    pub(crate) values: Map,
}

/// The regions of a cloud's entry, else of its profile.
pub(super) fn known(
    own: &Map,
    profile: Option<&Map>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Region>, Error> {
    for map in [Some(own), profile].into_iter().flatten() {
        let regions = match (map.get("regions"), map.get("region_name")) {
            (Some(list), _) if !list.is_null() => listed(list)?,
            (_, Some(name)) if !name.is_null() => named(name, warnings)?,
            _ => Vec::new(),
        };
        if !regions.is_empty() {
            return Ok(regions);
        }
    }
    Ok(Vec::new())
}

/// The caller's choice, else the first region. A cloud without regions accepts any choice.
pub(super) fn chosen(
    cloud: &str,
    regions: &[Region],
    choice: Option<&str>,
) -> Result<Option<Region>, Error> {
    let Some(choice) = choice.filter(|choice| !choice.is_empty()) else {
        return Ok(regions.first().cloned());
    };
    if regions.is_empty() {
        let (name, origin, values) = (choice.to_owned(), ValueOrigin::Choice, Map::new());
        return Ok(Some(Region { name, origin, values }));
    }
    let region = regions.iter().find(|region| region.name == choice).cloned();
    region.map(Some).ok_or_else(|| Error::RegionUnknown {
        cloud: cloud.to_owned(),
        region: choice.to_owned(),
        known: regions.iter().map(|region| region.name.clone()).collect(),
    })
}

/// The key `regions`: names, or mappings of `name` and `values`.
fn listed(node: &Node) -> Result<Vec<Region>, Error> {
    let invalid = |node: &Node, problem| Error::InvalidValue {
        key: "regions".to_owned(),
        problem,
        origin: node.origin.clone(),
    };
    let Value::List(items) = &node.value else {
        return Err(invalid(node, "must be a list"));
    };
    let region = |item: &Node| {
        let wrong = || invalid(item, "each must be a name, or a mapping of name and values");
        let (name, values) = match &item.value {
            Value::Map(map) => {
                if map.keys().any(|key| !matches!(key.as_str(), "name" | "values")) {
                    return Err(wrong());
                }
                (map.get("name").ok_or_else(wrong)?, map.get("values"))
            }
            _ => (item, None),
        };
        let values = match values.map(|node| &node.value) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Map(values)) => with_plain_keys(values.clone()),
            Some(_) => return Err(wrong()),
        };
        let text = name.as_text().ok_or_else(wrong)?.to_owned();
        Ok(Region { name: text, origin: name.origin.clone(), values })
    };
    items.iter().map(region).collect()
}

/// The key `region_name`: one name, or several with commas between them, an older notation.
fn named(node: &Node, warnings: &mut Vec<Warning>) -> Result<Vec<Region>, Error> {
    if matches!(node.value, Value::Map(_)) {
        return Err(Error::InvalidValue {
            key: "region_name".to_owned(),
            problem: "must be a name",
            origin: node.origin.clone(),
        });
    }
    let names = node.as_list();
    if names.len() > 1 {
        let (key, origin) = ("region_name with commas".to_owned(), node.origin.clone());
        warnings.push(Warning::Deprecated { key, instead: "a list regions", origin });
    }
    let region = |(name, origin): (&str, &ValueOrigin)| Region {
        name: name.to_owned(),
        origin: origin.clone(),
        values: Map::new(),
    };
    Ok(names.into_iter().map(region).collect())
}
