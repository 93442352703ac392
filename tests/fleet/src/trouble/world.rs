//! A store of a scenario, how processes reach it, and what is between.

use std::{any::Any, fs, io, path::PathBuf, process, time::Duration};

use redis_server::Redis;
use tempfile::TempDir;

use super::proxy::Proxy;
use crate::harness::{Job, Service, Sharing, random_key};

pub(super) type Failed = Box<dyn std::error::Error>;

/// The store of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Files,
    /// Through a proxy.
    Redis,
    /// The same, with the asynchronous client.
    RedisAsync,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Redis => "Redis",
            Self::RedisAsync => "Redis, async",
        }
    }
}

/// How processes reach Redis.
#[derive(Clone, Copy)]
pub(super) enum Address {
    Direct,
    /// By this name, which nobody finds.
    Named(&'static str),
    Proxy,
    /// As a user with a password, whose rights may change.
    User,
}

/// A store, what is between it and the processes, and what keeps its trouble up.
pub(super) struct World {
    pub(super) place: TempDir,
    pub(super) key: String,
    pub(super) service: Service,
    pub(super) redis: Option<Redis>,
    pub(super) proxy: Option<Proxy>,
    /// Locks, servers and the like.
    pub(super) kept: Vec<Box<dyn Any>>,
    /// Directories to unmount.
    mounted: Vec<PathBuf>,
}

/// The password of [`Address::User`].
pub(super) const PASSWORD: &str = "first-password";

impl World {
    pub(super) fn new(kind: Kind) -> Result<Self, Failed> {
        let place = tempfile::tempdir()?;
        let redis = match kind {
            Kind::Files => None,
            Kind::Redis | Kind::RedisAsync => Some(Redis::start(&[])?),
        };
        let proxy = redis.as_ref().map(|redis| Proxy::start(redis.port(), Duration::ZERO));
        let proxy = proxy.transpose()?;
        let key = random_key();
        let service = Service::start()?;
        Ok(Self { place, key, service, redis, proxy, kept: Vec::new(), mounted: Vec::new() })
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.place.path().join("store")
    }

    pub(super) fn job(&self, kind: Kind, address: Address) -> Result<Job, Failed> {
        let key = self.key.clone();
        let sharing = if kind == Kind::Files {
            Sharing::Files { directory: self.directory().to_string_lossy().into_owned(), key }
        } else {
            let (direct, proxy) = (self.redis()?.port(), self.proxy()?.port());
            let url = match address {
                Address::Direct => format!("redis://127.0.0.1:{direct}"),
                Address::Named(name) => format!("redis://{name}:{direct}"),
                Address::Proxy => format!("redis://127.0.0.1:{proxy}"),
                Address::User => {
                    let rule = format!("ACL SETUSER store on >{PASSWORD} ~* +@all");
                    self.redis()?.command(&rule.split(' ').collect::<Vec<_>>())?;
                    format!("redis://store:{PASSWORD}@127.0.0.1:{proxy}")
                }
            };
            Sharing::Redis { url, key }
        };
        Ok(self.service.job(sharing, kind == Kind::RedisAsync))
    }

    /// The only file of the store with this ending.
    pub(super) fn file(&self, end: &str) -> Result<PathBuf, Failed> {
        let files = fs::read_dir(self.directory())?.collect::<io::Result<Vec<_>>>()?;
        let mut files = files.iter().map(fs::DirEntry::path);
        files
            .find(|path| path.extension().is_some_and(|found| found == end))
            .ok_or_else(|| format!("no file {end}").into())
    }

    pub(super) fn redis(&self) -> Result<&Redis, Failed> {
        self.redis.as_ref().ok_or_else(|| "no Redis".into())
    }

    pub(super) fn proxy(&self) -> Result<&Proxy, Failed> {
        self.proxy.as_ref().ok_or_else(|| "no proxy".into())
    }

    /// The only key of the store in Redis.
    pub(super) fn redis_key(&self) -> Result<String, Failed> {
        let keys = self.redis()?.command(&["KEYS", "*"])?;
        match keys.lines().next() {
            Some(key) if !key.is_empty() => Ok(key.to_owned()),
            _ => Err("no key in Redis".into()),
        }
    }

    /// Mounts a file system in memory over the store's directory.
    pub(super) fn mount(&mut self, options: &str) -> Result<(), Failed> {
        let directory = self.directory();
        fs::create_dir_all(&directory)?;
        run(&["mount", "-t", "tmpfs", "-o", options, "tmpfs", &directory.to_string_lossy()])?;
        self.mounted.push(directory);
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for directory in &self.mounted {
            let _ = run(&["umount", "-l", &directory.to_string_lossy()]);
        }
    }
}

/// Runs a program to its end.
pub(super) fn run(words: &[&str]) -> Result<(), Failed> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let output = process::Command::new(program).args(arguments).output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
        }
    }
}
