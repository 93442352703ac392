//! Shell commands, for `eval` in POSIX shells and in fish.

use super::Failure;

/// A command that exports a variable. Bash, dash, zsh and fish read the same value.
///
/// # Errors
///
/// For a value with control characters: no shell can hold NUL, and fish's `eval` makes one line of
/// several.
pub(crate) fn export(name: &str, value: &str) -> Result<String, Failure> {
    match value.contains(char::is_control) {
        true => Err(Failure::failed(format!(
            "{name}: the value has control characters, which a shell command cannot hold; use \
             --format json"
        ))),
        false => Ok(format!("export {name}={}\n", quoted(value))),
    }
}

/// A text as one word of a shell. Quotes and backslashes stand outside of the single quotes, each
/// after a backslash: inside them a backslash is plain in POSIX shells and escapes in fish.
fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(["'\\", c.encode_utf8(&mut [0; 4]), "'"]),
            c => out.push(c),
        }
    }
    out + "'"
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, env, fs, io::ErrorKind, process::Command};

    use super::*;

    #[test]
    fn backslashes_and_quotes_stand_alone() {
        assert_eq!(quoted("abc=="), "'abc=='");
        assert_eq!(quoted(r"a'b$(c)\"), r"'a'\''b$(c)'\\''");
        for control in ["\0", "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{9b}"] {
            assert!(export("V", &format!("a{control}b")).is_err(), "{control:?}");
        }
    }

    #[test]
    fn shells_read_hostile_values_unchanged() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(HOSTILE.iter().collect::<HashSet<_>>().len(), 40);
        for (shell, arguments) in shells() {
            for value in HOSTILE {
                let command = export("OS_TOKEN", value).unwrap();
                fs::write(home.path().join("command"), &command).unwrap();
                let evals = match shell {
                    "fish" => &["eval (cat command)", "cat command | source"][..],
                    _ => &["eval \"$(cat command)\""],
                };
                for read in evals.iter().copied().chain([command.as_str()]) {
                    let script = format!("{read}\nprintenv OS_TOKEN");
                    let mut run = Command::new(shell);
                    run.args(arguments).args(["-c", &script]).current_dir(home.path());
                    let output = run.env("HOME", home.path()).output().unwrap();
                    let text = String::from_utf8_lossy(&output.stdout);
                    assert_eq!(text, format!("{value}\n"), "{shell}: {read}: {output:?}");
                    assert!(output.stderr.is_empty(), "{shell}: {read}: {output:?}");
                    assert!(!home.path().join("ran").exists(), "{shell}: {value}");
                }
            }
        }
    }

    /// The shells of this machine, with the arguments that keep their own files out. All of them if
    /// the variable `REQUIRE_SHELLS` is set.
    fn shells() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        let all: [(_, &[_]); 4] =
            [("bash", &[]), ("dash", &[]), ("zsh", &["-f"]), ("fish", &["--no-config"])];
        all.into_iter().filter(|(shell, _)| match Command::new(shell).args(["-c", ":"]).status() {
            Err(why) if why.kind() == ErrorKind::NotFound => {
                assert!(env::var_os("REQUIRE_SHELLS").is_none(), "{shell}: not installed");
                eprintln!("{shell}: not installed, so not tested");
                false
            }
            _ => true,
        })
    }

    /// Values that would run `touch ran`, or that a shell might change.
    const HOSTILE: [&str; 40] = [
        r"\';touch ran;#",
        r"\\';touch ran;#",
        "';touch ran;'",
        "';touch ran;#",
        r"\'(touch ran)\'",
        r"\');touch ran;(\'",
        "$(touch ran)",
        "`touch ran`",
        "(touch ran)",
        "{touch ran}",
        "<(touch ran)",
        ";touch ran",
        "&touch ran",
        "|touch ran",
        "'$(touch ran)'",
        r"\'$(touch ran)",
        "\"$(touch ran)\"",
        "\";touch ran;\"",
        r#"\";touch ran;#"#,
        r"a\nb;touch ran",
        r"\x27;touch ran;#",
        r"\047;touch ran;#",
        r"$'\n'touch ran",
        "${x:=$(touch ran)}",
        "$((1+1))",
        "$HOME",
        "!!",
        "!touch",
        "~",
        "~root",
        "*",
        "?[a-z]{a,b}",
        "#no comment",
        "-n",
        r"ends with \",
        r"\\\\",
        "'",
        "''''",
        " two  blanks ",
        "é\u{a0}\u{202e}😀%s",
    ];
}
