//! One line per source.

use super::{HERE, OWN, Row};

const fn own(
    name: &'static str,
    setup: &'static str,
    auth: &'static str,
    want: &'static str,
) -> Row {
    Row { name, setup, file: OWN, auth, variables: &[], directory: "here", want }
}

const fn here(
    name: &'static str,
    setup: &'static str,
    auth: &'static str,
    want: &'static str,
) -> Row {
    Row { name, setup, file: HERE, auth, variables: &[], directory: "here", want }
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Files.
    own("a file", "printf 'sesame\\n' >home/t", "password_file: ~/t", "secret: sesame"),
    own("a file without a line end", "printf sesame >home/t", "password_file: ~/t", "secret: sesame"),
    own("a line end of Windows", "printf 'sesame\\r\\n' >home/t", "password_file: ~/t", "secret: sesame"),
    own("one line end is trimmed", "printf ' a b \\n\\n' >home/t", "password_file: ~/t", "secret:  a b \\n"),
    own("a relative path starts at the configuration", "printf own >home/.config/openstack/t; printf evil >here/t", "password_file: t", "secret: own"),
    own("the user's own may point anywhere", "printf sesame >elsewhere/t", "password_file: ../../../elsewhere/t", "secret: sesame"),
    own("a pipe", "mkfifo home/p; (printf sesame >home/p) &", "password_file: ~/p", "secret: sesame"),
    own("an empty file", ": >home/t", "password_file: ~/t", "password_file ($ROOT/home/t): is empty; it must give the secret"),
    own("a line end alone", "echo >home/t", "password_file: ~/t", "password_file ($ROOT/home/t): is empty"),
    own("NUL bytes", "printf 's3cret\\0x' >home/t", "password_file: ~/t", "password_file ($ROOT/home/t): is not UTF-8, or has a NUL byte"),
    own("Latin-1", "printf 's3cret\\351' >home/t", "password_file: ~/t", "password_file ($ROOT/home/t): is not UTF-8, or has a NUL byte"),
    own("1 GiB", "truncate -s 1G home/t", "password_file: ~/t", "password_file ($ROOT/home/t): larger than 1048576 bytes"),
    own("a directory", "mkdir home/t", "password_file: ~/t", "password_file ($ROOT/home/t): is a directory"),
    own("a missing file", "", "password_file: ~/t", "password_file ($ROOT/home/t): does not exist; name a readable file"),
    own("a link to itself", "ln -s t home/t", "password_file: ~/t", "password_file ($ROOT/home/t): cannot be read"),
    own("a file as a folder", ": >home/t", "password_file: ~/t/x", "password_file ($ROOT/home/t/x): cannot be read (not a directory)"),
    own("a device", "", "password_file: /dev/zero", "password_file (/dev/zero): is a device"),
    own("memory that cannot be read", "", "password_file: /proc/self/mem", "password_file (/proc/self/mem): cannot be read"),
    own("a silent pipe", "mkfifo home/p", "password_file: ~/p", "password_file ($ROOT/home/p): has no end within 5 s"),
    own("a pipe that never ends", "mkfifo home/p; (yes s3cret >home/p 2>/dev/null) &", "password_file: ~/p", "password_file ($ROOT/home/p): larger than 1048576 bytes"),
    // Files of a configuration in the working directory.
    here("a file beside it", "printf sesame >here/t", "password_file: t", "secret: sesame"),
    here("a file below it", "mkdir here/d; printf sesame >here/d/t", "password_file: ./d/t", "secret: sesame"),
    here("a mount of Kubernetes", "mkdir here/..1; printf sesame >here/..1/t; ln -s ..1 here/..data; ln -s ..data/t here/t", "password_file: t", "secret: sesame"),
    here("an absolute path", "", "password_file: /etc/hostname", "password_file: a configuration that is found in the working directory may name only a file of its own folder, by a relative path without .. ($ROOT/here/clouds.yaml:1, clouds.c.auth.password_file); move the setting to ~/.config/openstack, or name the configuration with OS_CLIENT_CONFIG_FILE"),
    here("an absolute path, with a scheme of slashes", "", "password_file: //etc/hostname", "password_file: a configuration that is found"),
    here("a path out of the folder", "printf s3cret >home/t", "password_file: ../home/t", "password_file: a configuration that is found"),
    here("a path out of the folder, later", "mkdir here/d; printf s3cret >home/t", "password_file: d/../../home/t", "password_file: a configuration that is found"),
    here("the home directory", "printf s3cret >home/t", "password_file: ~/t", "password_file: a configuration that is found"),
    here("the home directory itself", "", "password_file: '~'", "password_file: a configuration that is found"),
    here("a link out of the folder", "printf s3cret >home/t; ln -s ../home/t here/t", "password_file: t", "password_file ($ROOT/here/t): leads out of the folder"),
    here("an absolute link", "ln -s /etc/hostname here/t", "password_file: t", "password_file ($ROOT/here/t): leads out of the folder"),
    here("a folder that is a link", "printf s3cret >home/t; ln -s ../home here/d", "password_file: d/t", "password_file ($ROOT/here/d/t): leads out of the folder"),
    here("a folder of the same beginning", "mkdir here-2; printf s3cret >here-2/t; ln -s ../here-2/t here/t", "password_file: t", "password_file ($ROOT/here/t): leads out of the folder"),
    here("a link to a pipe elsewhere", "mkfifo home/p; ln -s ../home/p here/p", "password_file: p", "password_file ($ROOT/here/p): leads out of the folder"),
    here("a missing file beside it", "", "password_file: t", "password_file ($ROOT/here/t): does not exist"),
    Row { name: "a folder that is a link, of a configuration that is one", setup: "printf sesame >here/t; ln -s here link", file: HERE, auth: "password_file: t", variables: &[], directory: "link", want: "secret: sesame" },
    // Other sources of a configuration in the working directory.
    here("a command", "", "password_command: [echo, s3cret]", "password_command: a configuration that is found"),
    here("a variable", "", "password_env: HOME", "password_env: a configuration that is found"),
    here("a command for a subject token", "", "password_command: [echo, s3cret], access_token_command: [id]", "password_command: a configuration that is found"),
    Row { name: "secure.yaml alone is from there", setup: "echo 'clouds: {c: {auth: {password_command: [echo, s3cret]}}}' >here/secure.yaml", file: OWN, auth: "user_domain_id: d", variables: &[], directory: "here", want: "password_command: a configuration that is found in the working directory may name only a file of its own folder, by a relative path without .. ($ROOT/here/secure.yaml:1, clouds.c.auth.password_command)" },
    Row { name: "clouds-public.yaml alone is from there", setup: "echo 'public-clouds: {p: {auth: {password_command: [echo, s3cret]}}}' >here/clouds-public.yaml; sed -i 's/auth:/profile: p, auth:/' home/.config/openstack/clouds.yaml", file: OWN, auth: "user_domain_id: d", variables: &[], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "a file of another format", setup: "echo '{\"clouds\": {\"c\": {\"auth\": {\"password_command\": [\"id\"]}}}}' >here/secure.json", file: OWN, auth: "user_domain_id: d", variables: &[], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "its values of a region", setup: "echo 'clouds: {c: {regions: [{name: R, values: {auth: {password_command: [id]}}}]}}' >here/secure.yaml", file: OWN, auth: "user_domain_id: d", variables: &[], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "beside auth", setup: "echo 'clouds: {c: {password-command: [id]}}' >here/secure.yaml", file: OWN, auth: "user_domain_id: d", variables: &[], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "a link to the user's own file", setup: "ln -s ../home/.config/openstack/clouds.yaml here/clouds.yaml", file: OWN, auth: "password_command: [id]", variables: &[], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "another file is named, and is not there", setup: "", file: HERE, auth: "password_command: [id]", variables: &[("OS_CLIENT_CONFIG_FILE", "nosuch.yaml")], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "the secure file is named", setup: "", file: HERE, auth: "password_command: [id]", variables: &[("OS_CLIENT_SECURE_FILE", "clouds.yaml")], directory: "here", want: "password_command: a configuration that is found" },
    Row { name: "the file is named", setup: "", file: HERE, auth: "password_command: [echo, sesame]", variables: &[("OS_CLIENT_CONFIG_FILE", "clouds.yaml")], directory: "here", want: "secret: sesame" },
    Row { name: "the file is named by its whole path", setup: "printf sesame >elsewhere/t", file: HERE, auth: "password_file: ../elsewhere/t", variables: &[("OS_CLIENT_CONFIG_FILE", "./clouds.yaml")], directory: "here", want: "secret: sesame" },
    Row { name: "the program runs in the user's directory", setup: "", file: OWN, auth: "password_command: [echo, sesame]", variables: &[], directory: "home/.config/openstack", want: "secret: sesame" },
    // Variables.
    Row { name: "a variable of the user's configuration", setup: "", file: OWN, auth: "password_env: MY_PASSWORD", variables: &[("MY_PASSWORD", "sesame")], directory: "here", want: "secret: sesame" },
    Row { name: "a variable with a line end", setup: "", file: OWN, auth: "password_env: MY_PASSWORD", variables: &[("MY_PASSWORD", "sesame\n")], directory: "here", want: "secret: sesame" },
    Row { name: "an empty variable", setup: "", file: OWN, auth: "password_env: MY_PASSWORD", variables: &[("MY_PASSWORD", "")], directory: "here", want: "password_env (MY_PASSWORD): is empty" },
    own("a variable that is not set", "", "password_env: MY_PASSWORD", "password_env (MY_PASSWORD): is not set; export it"),
    own("a variable without a name", "", "password_env: 'A=B'", "password_env (A=B): is not set"),
    // Commands.
    own("a command", "", "password_command: [echo, sesame]", "secret: sesame"),
    own("no shell reads it", "", "password_command: [echo, '$HOME; id', '*', '`id`']", "secret: $HOME; id * `id`"),
    own("a command as a text", "", "password_command: vault read s3cret", "auth.password_command: must be a list of the program and its arguments, such as [vault, kv, get"),
    own("a command of lists", "", "password_command: [[echo, s3cret]]", "auth.password_command: must be a list of the program"),
    own("a command with nothing in it", "", "password_command: [echo, ~]", "auth.password_command: must be a list of the program"),
    own("a command without a program", "", "password_command: ['', s3cret]", "auth.password_command: must be a list of the program"),
    Row { name: "a command in a variable", setup: "", file: OWN, auth: "password: x", variables: &[("OS_AUTH_URL", "https://k.example/v3"), ("OS_USER_ID", "u"), ("OS_PASSWORD_COMMAND", "echo s3cret")], directory: "here", want: "auth.password_command: must be a list of the program" },
    own("a program that there is not", "", "password_command: [nosuch-program, s3cret]", "password_command (nosuch-program): cannot be started (entity not found)"),
    own("a program that may not run", "printf x >home/x", "password_command: [~/x]", "password_command ($ROOT/home/x): cannot be started (permission denied)"),
    own("an argument with a NUL", "", "password_command: [echo, \"a\\0b\"]", "password_command (echo): cannot be started (invalid input parameter)"),
    own("a path starts at the configuration", "printf '#!/bin/sh\\necho own' >home/.config/openstack/x; printf '#!/bin/sh\\necho evil' >here/x; chmod +x here/x home/.config/openstack/x", "password_command: [./x]", "secret: own"),
    own("a path there, of nothing", "", "password_command: [bin/nosuch]", "password_command ($ROOT/home/.config/openstack/bin/nosuch): cannot be started (entity not found)"),
    own("a name is not searched here", "printf '#!/bin/sh\\necho evil' >here/only-here; chmod +x here/only-here", "password_command: [only-here]", "password_command (only-here): cannot be started"),
    own("a script starts at the configuration", "echo 'echo own' >home/.config/openstack/x.sh; echo 'echo evil' >here/x.sh", "password_command: [sh, x.sh]", "secret: own"),
    own("no input", "", "password_command: [cat]", "password_command (cat): is empty"),
    own("no terminal, and no error output", "", "password_command: [sh, -c, 'test -t 0 || test -t 2 || echo none']", "secret: none"),
    own("a failure", "", "password_command: [sh, -c, 'echo s3cret; echo s3cret >&2; exit 3']", "password_command (sh): ended with exit status 3; run the command by hand"),
    own("much error output", "", "password_command: [sh, -c, 'yes s3cret | head -c 1000000 >&2; echo sesame']", "secret: sesame"),
    own("a signal", "", "password_command: [sh, -c, 'echo s3cret; kill -9 $$']", "password_command (sh): was ended by a signal"),
    own("nothing", "", "password_command: [true]", "password_command (true): is empty"),
    own("an endless output", "", "password_command: [yes, s3cret]", "password_command (yes): printed more than 65536 bytes"),
    own("an endless output of a child", "", "password_command: [sh, -c, 'yes s3cret & wait']", "password_command (sh): printed more than 65536 bytes"),
    own("an output of NUL bytes", "", "password_command: [head, -c, '100', /dev/zero]", "password_command (head): is not UTF-8, or has a NUL byte"),
    own("a child that keeps the output open", "", "password_command: [sh, -c, 'sleep 1000 & echo sesame']", "secret: sesame"),
    own("a child that goes on printing", "", "password_command: [sh, -c, 'echo sesame; (exec >/dev/null; yes) & exit 0']", "secret: sesame"),
    // Sources and values of one secret.
    own("a value and a source", "", "password: s3cret, password_env: HOME", "cloud c: one secret is set twice, password ($ROOT/home/.config/openstack/clouds.yaml:1, clouds.c.auth.password) and password_env ("),
    own("two sources", "", "password_file: t, password_command: [id]", "cloud c: one secret is set twice, password_command ("),
    own("a source that is empty", "", "password_file: '', password_command: [], password_env: HOME", "secret: $ROOT/home"),
    own("a list of files", "", "password_file: [a, b]", "auth.password_file: must be a text; put quotes around it"),
];
