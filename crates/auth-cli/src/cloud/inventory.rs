//! What the files of the store have, and whose it is.

use std::collections::BTreeMap;

use auth_config::{Choices, CloudConfig};
use auth_proto::{Cloud, Entry, Label};
use auth_store::{FileStore, StoreError, StoredEntry};

use super::{
    choose::{ChosenCloud, Clouds, warn_once},
    store::StorePlace,
};
use crate::output::Failure;

/// The entries of the store in files, by the keys of all configured clouds.
pub(crate) struct Inventory {
    configured: Vec<CloudConfig>,
    places: Vec<StorePlace>,
    others: StorePlace,
    pub(crate) items: Vec<Item>,
}

/// An entry of the store in files.
pub(crate) struct Item {
    store: FileStore,
    pub(crate) entry: StoredEntry,
}

impl Inventory {
    /// Reads all entries. A cloud whose configuration is wrong is left out.
    pub(crate) fn read(clouds: &Clouds) -> Result<Self, Failure> {
        let names = clouds.config.names();
        let cloud = |name| clouds.config.cloud(&Choices::default().cloud(name)).ok();
        let configured: Vec<_> = names.filter_map(cloud).collect();
        let others = StorePlace::of_others(&clouds.config)?;
        let places: Vec<_> =
            configured.iter().map(StorePlace::of).chain([others.clone()]).collect();
        let items = items(&places).map_err(|why| Failure::failed(format!("the store: {why}")))?;
        Ok(Self { configured, places, others, items })
    }

    /// Whether a cloud has a store that is not listed.
    pub(crate) fn has_redis(&self) -> bool {
        self.places.iter().any(StorePlace::is_redis)
    }

    /// The name of the configured cloud with this identity service, if there is exactly one.
    pub(crate) fn name(&self, label: &Label) -> Option<&str> {
        let mut all = self.of_service(label.identity_service());
        let (first, _) = all.next()?;
        all.next().is_none().then(|| first.name())
    }

    /// The cloud that an entry is of: a configured one with this identity service, else a stock
    /// Keystone there.
    pub(crate) fn cloud(&self, label: &Label) -> Result<ChosenCloud, Failure> {
        let url = label.identity_service();
        match self.of_service(url).next() {
            Some((configured, cloud)) => {
                for warning in configured.warnings().iter().map(ToString::to_string) {
                    warn_once(&warning, &warning);
                }
                let configured = Some(configured.clone());
                Ok(ChosenCloud { configured, ..ChosenCloud::new(cloud, StorePlace::off()) })
            }
            None => Ok(ChosenCloud::new(Cloud::keystone(url)?, self.others.clone())),
        }
    }

    fn of_service(&self, url: &str) -> impl Iterator<Item = (&CloudConfig, Cloud)> {
        // For the comparison alone.
        let service = Cloud::keystone_over_plain_http(url).ok();
        self.configured.iter().filter_map(move |configured| {
            let cloud = configured.cloud().ok()?;
            service.as_ref()?.has_same_identity_service(&cloud).then_some((configured, cloud))
        })
    }
}

/// Each entry once. One that opens with none of the keys is listed, too.
fn items(places: &[StorePlace]) -> Result<Vec<Item>, StoreError> {
    let mut stores: Vec<_> = places.iter().filter(|place| !place.is_redis()).collect();
    stores.dedup_by(|one, other| one.has_same_key(other));
    let mut items = BTreeMap::<String, Item>::new();
    for place in stores {
        let store = place.files()?;
        for entry in store.entries()? {
            let is_known = |known: &Item| known.entry.label().is_some();
            if !items.get(entry.id()).is_some_and(is_known) {
                items.insert(entry.id().to_owned(), Item { store: store.clone(), entry });
            }
        }
    }
    Ok(items.into_values().collect())
}

impl Item {
    /// The entry with its secret, unless it is no longer there.
    pub(crate) fn read(&self) -> Result<Option<Entry>, StoreError> {
        self.store.entry(self.entry.id())
    }

    /// Removes the entry, unless another run has replaced it.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        match self.entry.generation() {
            Some(generation) => self.store.remove_generation(self.entry.id(), generation),
            None => self.store.remove(self.entry.id()),
        }?;
        Ok(())
    }
}
