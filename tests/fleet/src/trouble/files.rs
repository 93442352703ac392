//! A directory in trouble: gone, full, not this user's, open to others, locked, or full of something
//! else (S7).

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::{
        fs::{PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    path::Path,
};

use rustix::process::geteuid;

use super::{
    trial::Trouble,
    world::{Failed, Kind, World, run},
};

/// The user that has nothing.
const NOBODY: u32 = 65_534;

pub(super) fn troubles() -> Vec<Trouble> {
    let mut troubles: Vec<_> =
        [absent(), full(), open(), links(), odd(), locked()].into_iter().flatten().collect();
    if geteuid().is_root() {
        troubles.extend(others());
        troubles.extend(mounted());
    } else {
        eprintln!("not run, for want of root: other users' stores, full and read-only disks");
    }
    troubles.push(read_only());
    troubles
}

fn files(
    name: impl Into<String>,
    begin: impl Fn(&mut World) -> Result<(), Failed> + Send + Sync + 'static,
) -> Trouble {
    Trouble::new(Kind::Files, name, begin)
}

fn absent() -> Vec<Trouble> {
    let gone =
        files("the directory is removed", |world| Ok(fs::remove_dir_all(world.directory())?));
    let emptied = files("all files are removed", |world| {
        for entry in fs::read_dir(world.directory())? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    });
    let exchanged = files("a file is in the place of the directory", |world| {
        fs::rename(world.directory(), aside(world))?;
        Ok(fs::write(world.directory(), "")?)
    });
    vec![
        gone.shares(),
        emptied.shares(),
        exchanged.says("Silent", "NotADirectory").ends(|world| {
            fs::remove_file(world.directory())?;
            Ok(fs::rename(aside(world), world.directory())?)
        }),
    ]
}

fn aside(world: &World) -> std::path::PathBuf {
    world.directory().with_extension("aside")
}

/// A limit of the process: it may write no file at all, or none that is larger than a lease.
fn full() -> Vec<Trouble> {
    let row = |name, blocks, kind| {
        let words = ["sh", "-c", r#"ulimit -f "$0"; exec "$@""#, blocks];
        files(name, |_| Ok(())).says(kind, "FileTooLarge").both(&words)
    };
    vec![
        row("no process may write a byte (RLIMIT_FSIZE)", "0", "Silent"),
        row("no process may write an entry (RLIMIT_FSIZE)", "1", "NotTold"),
    ]
}

/// Modes that let others in.
fn open() -> Vec<Trouble> {
    let directory =
        files("the directory may be read by all", |world| set_mode(&world.directory(), 0o755));
    let entry =
        files("the entry may be read by all", |world| set_mode(&world.file("entry")?, 0o644));
    let written = files("the entry may be written by the group", |world| {
        set_mode(&world.file("entry")?, 0o620)
    });
    let lock =
        files("the lock may be locked by all", |world| set_mode(&world.file("lock")?, 0o666));
    vec![
        directory.says("Silent", "OpenToOthers").ends(|world| set_mode(&world.directory(), 0o700)),
        entry.says("PassedOver", "OpenToOthers").shares(),
        written.says("PassedOver", "OpenToOthers").shares(),
        lock.says("Silent", "OpenToOthers"),
    ]
}

/// Links in the place of each file, and of the directory.
fn links() -> Vec<Trouble> {
    let link = |end: &'static str| {
        files(format!("a link is in the place of the {end}"), move |world| {
            let file = world.file(end)?;
            let target = world.place.path().join("target");
            fs::rename(&file, &target)?;
            Ok(symlink(target, file)?)
        })
    };
    let directory = files("a link is in the place of the directory", |world| {
        fs::rename(world.directory(), aside(world))?;
        Ok(symlink(aside(world), world.directory())?)
    });
    vec![
        link("entry").says("PassedOver", "Link").shares(),
        // A new lease takes the link's place.
        link("lease").says("PassedOver", "Link").shares(),
        link("lock").says("Silent", "Link"),
        directory.says("Silent", "NotADirectory"),
    ]
}

/// Things in the place of files that are none.
fn odd() -> Vec<Trouble> {
    let directory = |end: &'static str| {
        files(format!("a directory is in the place of the {end}"), move |world| {
            let file = world.file(end)?;
            fs::remove_file(&file)?;
            Ok(fs::create_dir(file)?)
        })
    };
    let pipe = |end: &'static str| {
        files(format!("a pipe is in the place of the {end}"), move |world| {
            let file = world.file(end)?;
            fs::remove_file(&file)?;
            run(&["mkfifo", "-m", "600", &file.to_string_lossy()])
        })
    };
    let socket = files("a socket is in the place of the entry", |world| {
        let file = world.file("entry")?;
        fs::remove_file(&file)?;
        world.kept.push(Box::new(UnixListener::bind(file)?));
        Ok(())
    });
    let huge = files("the entry has 5 GB", |world| {
        Ok(File::options().write(true).open(world.file("entry")?)?.set_len(5_000_000_000)?)
    });
    vec![
        // It cannot be replaced, so that each lease ends without an entry.
        directory("entry").says("NotTold", "IsADirectory"),
        directory("lease").says("Silent", "IsADirectory"),
        directory("lock").says("Silent", "IsADirectory"),
        pipe("entry").says("PassedOver", "NotAFile").shares(),
        pipe("lease").says("PassedOver", "NotAFile").shares(),
        pipe("lock").says("Silent", "NotAFile"),
        socket.says("PassedOver", "NotAFile").shares(),
        huge.says("PassedOver", "TooLarge").shares(),
    ]
}

/// Another process has locked what others need.
fn locked() -> Vec<Trouble> {
    let lock = |end: &'static str| {
        files(format!("another process holds the {end}'s lock"), move |world| {
            let file = File::open(world.file(end)?)?;
            file.try_lock()?;
            world.kept.push(Box::new(file));
            Ok(())
        })
    };
    vec![lock("lock").says("Silent", "Locked").ends(|world| {
        world.kept.clear();
        Ok(())
    })]
}

/// Files and directories of another user.
fn others() -> Vec<Trouble> {
    let theirs = |end: &'static str| {
        files(format!("the {end} belongs to another user"), move |world| {
            Ok(chown(world.file(end)?, Some(NOBODY), None)?)
        })
    };
    let directory = files("the directory belongs to another user", |world| {
        Ok(chown(world.directory(), Some(NOBODY), Some(NOBODY))?)
    });
    vec![
        directory.says("Silent", "OtherOwner"),
        theirs("entry").says("PassedOver", "OtherOwner").shares(),
        theirs("lease").says("PassedOver", "OtherOwner").shares(),
        theirs("lock").says("Silent", "OtherOwner"),
    ]
}

/// Disks that are full or read-only. In some containers nothing may be mounted.
fn mounted() -> Vec<Trouble> {
    if run(&["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).is_err() {
        eprintln!("not run, because nothing may be mounted: full and read-only disks");
        return Vec::new();
    }
    let full = files("the disk is full", |world| {
        world.mount("mode=0700,size=64k")?;
        fill(&world.directory())
    });
    let almost = files("the disk has room for a lease, and none for an entry", |world| {
        world.mount("mode=0700,size=64k")?;
        fill(&world.directory())?;
        // A page for the lease, and one for the next one while it is written.
        let filler = File::options().write(true).open(world.directory().join("filler"))?;
        Ok(filler.set_len(filler.metadata()?.len() - 2 * 4096)?)
    });
    let no_names = files("the disk has room for no more files", |world| {
        world.mount("mode=0700,size=64k,nr_inodes=1")
    });
    let read_only = files("the disk is read-only", |world| world.mount("mode=0700,ro"));
    vec![
        full.says("Silent", "StorageFull")
            .ends(|world| Ok(fs::remove_file(world.directory().join("filler"))?)),
        almost.says("NotTold", "StorageFull"),
        no_names.says("Silent", "StorageFull"),
        read_only.says("Silent", "ReadOnlyFilesystem"),
    ]
}

/// Writes until nothing fits any more.
fn fill(directory: &Path) -> Result<(), Failed> {
    let mut filler = File::create(directory.join("filler"))?;
    while filler.write_all(&[0; 4096]).is_ok() {}
    Ok(())
}

/// A directory that its user may not write. Root may write everywhere, so its processes run as the other
/// user, whatever that user may read: the program is opened before.
fn read_only() -> Trouble {
    const AS_NOBODY: &str = r#"exec 9<"$1"; shift; exec setpriv --reuid=65534 --regid=65534 --clear-groups /proc/self/fd/9 "$@""#;
    let trouble = files("the directory may not be written", |world| {
        for entry in fs::read_dir(world.directory())? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end != "lock") {
                fs::remove_file(path)?;
            }
        }
        set_mode(&world.directory(), 0o500)
    });
    let trouble = trouble.says("Silent", "PermissionDenied");
    match geteuid().is_root() {
        false => trouble,
        true => trouble
            .both(&["sh", "-c", AS_NOBODY, "sh"])
            .prepared(|world| Ok(chown(world.place.path(), Some(NOBODY), Some(NOBODY))?)),
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Failed> {
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}
