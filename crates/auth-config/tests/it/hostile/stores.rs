//! Settings of the store where processes share tokens, with the expected result.

use auth_config::{CloudConfig, Config, Files, TokenStore, Variables};
use secrecy::ExposeSecret;

use crate::support::{of, warned};

/// A `clouds.yaml` of the user, and variables.
type Input = (&'static str, &'static [(&'static str, &'static str)]);

const VARIABLE: &str = "CLOUD_AUTH_STORE";
const OWN: &str = "/home/me/.config/openstack/clouds.yaml";
const NO_NAME: &str = "no store has this name";
const NO_HOST: &str = "the URL has no host";
const NO_PORT: &str = "the URL has no valid host and port; a password in it needs percent encoding";
const NO_SCHEME: &str = "no store has URLs of this scheme";
const NO_TEXT: &str = "auth_store: must be a text; put quotes around it";
const NO_NUMBER: &str = "the path of the URL is no number of a database";

/// `CLOUD` stands for the clouds, with `AUTH` in place of the keys beside the credential.
#[rustfmt::skip]
const ROWS: &[(&str, Input, &str)] = &[
    ("nothing", ("CLOUD", &[]), "not said."),
    // openstacksdk's key.
    ("cache: true for tokens", ("cache: {auth: true}\nCLOUD", &[]), "file."),
    ("as a text", ("cache: {auth: 'True'}\nCLOUD", &[]), "file."),
    ("as another text", ("cache: {auth: \"yes\"}\nCLOUD", &[]), "file."),
    ("false", ("cache: {auth: false}\nCLOUD", &[]), "off."),
    ("null", ("cache: {auth: ~}\nCLOUD", &[]), "not said."),
    ("neither true nor false", ("cache: {auth: s3cret}\nCLOUD", &[]), "cache.auth: not a boolean (OWN:1, cache.auth); write true or false"),
    ("nothing for tokens", ("cache: {auth: ''}\nCLOUD", &[]), "cache.auth: not a boolean"),
    ("a list for tokens", ("cache: {auth: [true]}\nCLOUD", &[]), "cache.auth: not a boolean"),
    ("a cache that is true", ("cache: true\nCLOUD", &[]), "cache: must be a mapping (key: value) (OWN:1, cache)"),
    ("a cache that is a list", ("cache: [auth]\nCLOUD", &[]), "cache: must be a mapping"),
    ("a cache that is null", ("cache: ~\nCLOUD", &[]), "not said."),
    ("a cache of resources", ("cache: {expiration-time: 3600, class: dogpile.cache.memory, arguments: {a: b}, expiration: {server: 5}, max_age: 1, path: /p}\nCLOUD", &[]), "not said."),
    ("an unknown key in it", ("cache: {auth: true, s3: 1}\nCLOUD", &[]), "file, cache.s3: unknown key (OWN:1, cache.s3)."),
    ("a typo in it", ("cache: {atuh: s3cret}\nCLOUD", &[]), "not said, cache.atuh: unknown key; did you mean auth? (OWN:1, cache.atuh)."),
    ("a cache in a cloud", ("CLOUD, cache: {auth: true}", &[]), "cache: a mapping cache belongs to the top level of the file, beside clouds; for one cloud, set auth_store (OWN:1, clouds.c.cache)"),
    ("a cache in a cloud, as openstacksdk has it", ("CLOUD, cache: true", &[]), "not said."),
    // Our own keys, on both levels.
    ("files", ("CLOUD, auth_store: file", &[]), "file."),
    ("files, for all clouds", ("auth_store: file\nCLOUD", &[]), "file."),
    ("a hyphen", ("CLOUD, auth-store: file", &[]), "file."),
    ("a hyphen at the top level", ("auth-store: file\nCLOUD", &[]), "not said, auth-store: unknown key; did you mean auth_store? (OWN:1, auth-store)."),
    ("off", ("CLOUD, auth_store: off", &[]), "off."),
    ("off, as another YAML writes it", ("CLOUD, auth_store: False", &[]), "off."),
    ("the cloud wins", ("auth_store: redis://h\nCLOUD, auth_store: off", &[]), "off."),
    ("the region wins", ("CLOUD, auth_store: off, region_name: R, regions: [{name: R, values: {auth_store: file}}]", &[]), "file."),
    ("nothing in the cloud", ("auth_store: file\nCLOUD, auth_store: ~", &[]), "file."),
    ("an empty text", ("auth_store: file\nCLOUD, auth_store: ''", &[]), "file."),
    ("our key wins over the cache", ("cache: {auth: true}\nauth_store: off\nCLOUD", &[]), "off."),
    ("an empty key does not", ("cache: {auth: true}\nauth_store:\nCLOUD", &[]), "file."),
    ("a list", ("CLOUD, auth_store: [file]", &[]), NO_TEXT),
    ("a mapping for all clouds", ("auth_store: {file: s3cret}\nCLOUD", &[]), "auth_store: must be a text; put quotes around it (OWN:1, auth_store)"),
    ("a number", ("CLOUD, auth_store: 2", &[]), NO_NAME),
    ("true", ("CLOUD, auth_store: true", &[]), NO_NAME),
    ("another word", ("CLOUD, auth_store: memcached", &[]), "auth_store: memcached: no store has this name (OWN:1, clouds.c.auth_store); set it to file, off, redis://HOST:PORT or rediss://HOST:PORT."),
    ("a server without a scheme", ("CLOUD, auth_store: ':s3cret@h:6379'", &[]), "auth_store: …: no store has this name"),
    // The URL.
    ("a server", ("CLOUD, auth_store: 'redis://h'", &[]), "redis://h."),
    ("a server with all its parts", ("CLOUD, auth_store: ' rediss://user:s3cret%2F%40@h-1.example:6380/15 '", &[]), "rediss://user:s3cret%2F%40@h-1.example:6380/15."),
    ("a password alone", ("CLOUD, auth_store: 'redis://:s3cret@h'", &[]), "redis://:s3cret@h."),
    ("capitals", ("CLOUD, auth_store: 'REDIS://h/'", &[]), "REDIS://h/."),
    ("an address", ("CLOUD, auth_store: 'redis://[::1]:1'", &[]), "redis://[::1]:1."),
    ("an address alone", ("CLOUD, auth_store: 'redis://[::1]'", &[]), "redis://[::1]."),
    ("another scheme", ("CLOUD, auth_store: 'memcached://:s3cret@h'", &[]), NO_SCHEME),
    ("a path of a file", ("CLOUD, auth_store: file:///s3cret", &[]), "auth_store: file://…: no store has URLs of this scheme (OWN:1, clouds.c.auth_store); set it to"),
    ("a socket", ("CLOUD, auth_store: 'redis+unix:///s3cret'", &[]), NO_SCHEME),
    ("a scheme that is a secret", ("CLOUD, auth_store: ':s3cret@://h'", &[]), "auth_store: …: no store has URLs"),
    ("no host", ("CLOUD, auth_store: 'redis://'", &[]), NO_HOST),
    ("no host, and a port", ("CLOUD, auth_store: 'redis://:6379'", &[]), NO_HOST),
    ("no host, and a user", ("CLOUD, auth_store: 'redis://s3cret@/0'", &[]), NO_HOST),
    ("a port of letters", ("CLOUD, auth_store: 'redis://user:s3cret'", &[]), NO_PORT),
    ("a port of nothing", ("CLOUD, auth_store: 'redis://h:'", &[]), NO_PORT),
    ("port 0", ("CLOUD, auth_store: 'redis://h:0'", &[]), NO_PORT),
    ("port 65536", ("CLOUD, auth_store: 'redis://h:65536'", &[]), NO_PORT),
    ("a port with a sign", ("CLOUD, auth_store: 'redis://h:+1'", &[]), NO_PORT),
    ("a host of blanks", ("CLOUD, auth_store: 'redis://h h'", &[]), NO_PORT),
    ("a host of control characters", ("CLOUD, auth_store: \"redis://h\\e[2J\"", &[]), NO_PORT),
    ("half an address", ("CLOUD, auth_store: 'redis://[::1'", &[]), NO_PORT),
    ("a list of servers", ("CLOUD, auth_store: 'redis://h:1,i:2'", &[]), NO_PORT),
    ("a slash in the password", ("CLOUD, auth_store: 'redis://:s3/cret@h'", &[]), NO_HOST),
    ("an @ in the password", ("CLOUD, auth_store: 'redis://:s3@cret@h'", &[]), "the user or the password in the URL needs percent encoding"),
    ("half an encoding", ("CLOUD, auth_store: 'redis://:s3cret%2@h'", &[]), "the user or the password in the URL needs percent encoding"),
    ("a name of a database", ("CLOUD, auth_store: 'redis://h/s3cret'", &[]), NO_NUMBER),
    ("a long path", ("CLOUD, auth_store: 'redis://h/1/2'", &[]), NO_NUMBER),
    ("a password in the query", ("CLOUD, auth_store: 'redis://h?password=s3cret'", &[]), "the URL has a query or a fragment, which is not read; remove it"),
    // The key.
    ("a key file", ("CLOUD, auth_store: file, auth_store_key_file: /k", &[]), "file, key /k."),
    ("a key file at home", ("auth_store_key_file: ~/k\nCLOUD", &[]), "not said, key /home/me/k."),
    ("a relative path starts at its file", ("CLOUD, auth_store: file, auth_store_key_file: ../k", &[]), "file, key /home/me/.config/openstack/../k."),
    ("a relative path of a variable", ("", &[("OS_AUTH_URL", "https://k.example"), ("OS_AUTH_STORE_KEY_FILE", "k")]), "not said, key /here/k."),
    ("a list of key files", ("auth_store_key_file: [/k]\nCLOUD", &[]), "auth_store_key_file: must be a text"),
    ("a key file of nothing", ("auth_store_key_file: ''\nCLOUD", &[]), "not said."),
    ("a key that nothing uses", ("auth_store_key_file: /k\nCLOUD, auth_store: off", &[]), "off."),
    // The variable.
    ("a variable", ("CLOUD", &[(VARIABLE, "redis://:s3cret@h")]), "redis://:s3cret@h."),
    ("an empty variable", ("CLOUD, auth_store: file", &[(VARIABLE, "")]), "file."),
    ("a variable wins over both levels", ("auth_store: file\nCLOUD, auth_store: 'redis://:s3cret@h'", &[(VARIABLE, "off")]), "off."),
    ("and over a region", ("CLOUD, region_name: R, regions: [{name: R, values: {auth_store: file}}]", &[(VARIABLE, "0")]), "off."),
    ("and over what is wrong", ("CLOUD, auth_store: [s3cret]", &[(VARIABLE, "file")]), "file."),
    ("a variable that is wrong", ("CLOUD, auth_store: file", &[(VARIABLE, "redis:s3cret@h")]), "auth_store: …: no store has this name (variable CLOUD_AUTH_STORE); set it to"),
    ("a variable of its cloud", ("auth_store: off\nclouds: {}", &[("OS_AUTH_URL", "https://k.example"), ("OS_AUTH_STORE", "file")]), "file."),
    ("a variable that makes no cloud", ("", &[("OS_AUTH_STORE", "file")]), "no cloud is configured"),
];

#[test]
#[expect(clippy::print_stdout, reason = "which rows there are, and how many, is asked for")]
fn every_store_has_its_outcome() {
    let mut wrong = 0;
    for (name, (file, variables), want) in ROWS {
        let (came, shown) = outcome(&files(OWN, file), variables);
        let came = came.replace(OWN, "OWN");
        let fits = match want.strip_suffix('.') {
            Some(want) => came == want,
            None => came.contains(want),
        };
        if fits && !shown.contains("s3cret") && !shown.contains(char::is_control) {
            println!("  {name}: {came}");
        } else {
            println!("WRONG {name}: {came}, not {want}; shown: {shown}");
            wrong += 1;
        }
    }
    println!("{} hostile rows, {wrong} wrong", ROWS.len());
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}

fn files(path: &str, text: &str) -> Files {
    let cloud = "clouds: {c: {auth: {auth_url: 'https://k.example', username: me, password: pw}";
    let text = match text.split_once("CLOUD") {
        Some((before, after)) => format!("{before}{cloud}{after}}}}}"),
        None => text.to_owned(),
    };
    Files::in_directory("/here").with(path, text)
}

/// The store in one line, with its secrets; and all that is shown to users.
fn outcome(files: &Files, variables: &[(&str, &str)]) -> (String, String) {
    let cloud = match of(files, &[&[("HOME", "/home/me")], variables].concat()) {
        Ok(cloud) => cloud,
        Err(error) => return (error.to_string(), format!("{error} {error:?}")),
    };
    let got = |key: &str| cloud.get(key).unwrap_or("none").to_owned();
    let shown = format!("{cloud:?} {:?} {}", cloud.store(), got("auth_store"));
    let warnings = warned(&cloud);
    let key = cloud.store_key_file().map(|path| format!("key {}", path.display()));
    let parts = [store(&cloud)].into_iter().chain(key).chain(warnings.clone());
    (parts.collect::<Vec<_>>().join(", "), shown + &warnings.join(", "))
}

fn store(cloud: &CloudConfig) -> String {
    named(cloud.store())
}

fn named(store: Option<&TokenStore>) -> String {
    match store {
        None => "not said".to_owned(),
        Some(TokenStore::File) => "file".to_owned(),
        Some(TokenStore::Off) => "off".to_owned(),
        Some(TokenStore::Redis(url)) => url.expose_secret().to_owned(),
        Some(other) => format!("{other:?}"),
    }
}

/// A cloud that is not configured, such as a built-in one, follows the top level and the variable.
#[test]
fn other_clouds_have_the_store_of_all() {
    for (path, file, variables, want) in [
        (OWN, "CLOUD, auth_store: off", &[][..], "not said, None"),
        (OWN, "auth_store: off\nCLOUD, auth_store: file", &[], "off, None"),
        (OWN, "cache: {auth: true}\nCLOUD", &[], "file, None"),
        (OWN, "auth_store_key_file: /k\nCLOUD", &[], "not said, Some(\"/k\")"),
        (
            OWN,
            "auth_store: off\nCLOUD",
            &[(VARIABLE, "redis://:s3cret@h")],
            "redis://:s3cret@h, None",
        ),
        (OWN, "auth_store: memcached\nCLOUD", &[], "auth_store: memcached: no store has this name"),
        (
            "/here/clouds.yaml",
            "auth_store_key_file: /k\nCLOUD",
            &[],
            "auth_store_key_file: a config",
        ),
    ] {
        let variables: Variables =
            [("HOME", "/home/me")].iter().chain(variables).copied().collect();
        let config = Config::merge(&files(path, file), &variables).unwrap();
        let came = match (config.store(), config.store_key_file()) {
            (Ok(store), Ok(key)) => format!("{}, {key:?}", named(store.as_ref())),
            (Err(error), _) | (_, Err(error)) => error.to_string(),
        };
        assert!(came.starts_with(want), "{file}: {came}");
    }
}

/// The file is found because the program runs beside it: another user may have written it.
#[test]
fn the_working_directory_names_no_server() {
    let here = "/here/clouds.yaml";
    for (file, key) in [
        ("CLOUD, auth_store: 'redis://:s3cret@evil.example'", "auth_store"),
        ("auth_store: 'rediss://evil.example'\nCLOUD", "auth_store"),
        (
            "CLOUD, region_name: R, regions: [{name: R, values: {auth_store: 'redis://e'}}]",
            "auth_store",
        ),
        ("CLOUD, auth_store_key_file: /here/k", "auth_store_key_file"),
        ("auth_store_key_file: k\nCLOUD, auth_store: file", "auth_store_key_file"),
    ] {
        let (came, shown) = outcome(&files(here, file), &[]);
        let start =
            format!("{key}: a configuration that is found in the working directory may set");
        assert!(came.starts_with(&start) && came.contains("(/here/clouds.yaml:"), "{file}: {came}");
        assert!(!shown.contains("s3cret"), "{shown}");
        // The same file, named by a variable.
        let named = [("OS_CLIENT_CONFIG_FILE", "clouds.yaml")];
        assert!(!outcome(&files(here, file), &named).0.contains("found in"), "{file}");
        // Switched off, it names nothing.
        assert_eq!(outcome(&files(here, file), &[(VARIABLE, "off")]).0, "off", "{file}");
    }
    // A wrong URL is no less wrong there, and a variable decides for its own user.
    let wrong = "CLOUD, auth_store: 'redis://'";
    assert!(outcome(&files(here, wrong), &[]).0.contains(NO_HOST));
    let server = [(VARIABLE, "redis://own.example")];
    assert_eq!(outcome(&files(here, "CLOUD"), &server).0, "redis://own.example");
    for (file, want) in [
        ("CLOUD, auth_store: file", "file"),
        ("auth_store: off\nCLOUD", "off"),
        ("cache: {auth: true}\nCLOUD", "file"),
    ] {
        assert_eq!(outcome(&files(here, file), &[]).0, want, "{file}");
    }
    // The other kinds of file.
    for (path, text) in [
        ("secure.yaml", "auth_store: 'redis://evil.example'"),
        ("secure.json", r#"{"auth_store_key_file": "k"}"#),
        ("clouds-public.yaml", "public-clouds: {p: {auth_store: 'redis://evil.example'}}"),
    ] {
        let files = files(OWN, "CLOUD, profile: p").with(path, text);
        let came = outcome(&files, &[]).0;
        assert!(came.contains("found in the working directory"), "{path}: {came}");
    }
}

/// A server of another directory gets the tokens of a password, sealed with that directory's key.
#[test]
fn a_server_of_another_place_is_a_warning() {
    let machine = "/etc/openstack/clouds.yaml";
    let secret = "clouds: {c: {auth: {password: s3cret}}}";
    let secure = "/home/me/.config/openstack/secure.yaml";
    for (beside, settings) in [
        ("auth_store: 'redis://h'", &["auth_store"][..]),
        ("auth_store_key_file: /k", &["auth_store_key_file"]),
        ("auth_store: file", &[]),
        ("auth_store: off", &[]),
    ] {
        for text in [format!("{beside}\nCLOUDS}}}}"), format!("CLOUDS, {beside}}}}}")] {
            let text = text.replace("CLOUDS", "clouds: {c: {auth: {username: me}");
            let files = Files::in_directory("/here").with(machine, text).with(secure, secret);
            // The user's own URL, so that nothing else decides.
            let url = "clouds: {c: {auth: {auth_url: 'https://k.example', password: s3cret}}}";
            let came = outcome(&files.with(secure, url), &[]).0;
            let warnings = came.matches("of another place").count();
            assert_eq!(warnings, settings.len(), "{beside}: {came}");
            for setting in settings {
                let start = format!("auth.password: {setting} of another place ({machine}:1");
                assert!(came.contains(&start), "{came}");
            }
        }
    }
    // The variable is the choice of the program's own user.
    let came = outcome(&files(OWN, "CLOUD"), &[(VARIABLE, "redis://h")]).0;
    assert_eq!(came, "redis://h");
}

/// A password of the server is a secret of the file.
#[test]
fn a_file_with_a_servers_password_is_private() {
    let text = "clouds: {c: {auth_store: 'redis://:s3cret@h', auth: {username: me}}}";
    let shared = Files::in_directory("/here").with_readable_by_others(OWN, text);
    let private = Files::in_directory("/here").with(OWN, text);
    let warning = format!("redis://:s3cret@h, {OWN}: holds a secret and is readable by others");
    assert!(outcome(&shared, &[]).0.starts_with(&warning));
    assert_eq!(outcome(&private, &[]).0, "redis://:s3cret@h");
}
