//! What a log of strace says about files.

/// The calls that make, open, move or open up files, and no others.
pub(super) const CALLS: [&str; 27] = [
    "open",
    "openat",
    "openat2",
    "creat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "lchown",
    "fchown",
    "fchownat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "setxattr",
    "fsetxattr",
    "bind",
    "truncate",
    "umask",
];

/// What became of the files of a store.
#[derive(Default)]
pub(super) struct Report {
    pub(super) made: u64,
    pub(super) renamed: u64,
    pub(super) paths: Vec<String>,
    pub(super) faults: Vec<String>,
}

/// Checks the lines about files of this directory.
pub(super) fn check(log: &str, directory: &str) -> Report {
    let mut report = Report::default();
    for line in log.lines().filter(|line| line.contains(directory)) {
        let name = line.split('(').next().unwrap_or_default();
        report.paths.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
        let is_good = match name {
            "open" | "openat" | "openat2" if line.contains("O_CREAT") => {
                report.made += 1;
                line.contains("O_NOFOLLOW") && line.contains(", 0600)")
            }
            "open" | "openat" | "openat2" => !line.contains("O_TMPFILE"),
            "mkdir" | "mkdirat" => {
                report.made += 1;
                line.contains(", 0700)")
            }
            // Both ends are in the directory.
            "rename" | "renameat" | "renameat2" => {
                report.renamed += 1;
                line.matches(directory).count() == 2
            }
            _ => false,
        };
        if !is_good {
            report.faults.push(format!("no file is open to others: {line}"));
        }
    }
    report
}

/// The check sees what it is for.
pub(super) fn sees_faults(directory: &str) -> bool {
    let lines = [
        r#"openat(5<@>, "x.tmp", O_RDWR|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0644) = 6<@/x.tmp>"#,
        r#"openat(5<@>, "x.tmp", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 6<@/x.tmp>"#,
        r#"mkdir("@", 0755) = 0"#,
        "fchmod(6<@/x.tmp>, 0644) = 0",
        r#"chmod("@/x.entry", 0600) = 0"#,
        r#"renameat(5<@>, "x.tmp", 7</tmp>, "y") = 0"#,
        r#"symlink("/etc/passwd", "@/x") = 0"#,
    ];
    lines.iter().all(|line| !check(&line.replace('@', directory), directory).faults.is_empty())
}
