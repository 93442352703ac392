//! One line per hostile file or variable, with the expected result.

use auth_config::{Files, limits};
use secrecy::ExposeSecret;

use crate::support::{of, warned};

/// A `clouds.yaml`, and variables.
type Input = (fn() -> Vec<u8>, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const ROWS: &[(&str, Input, &str)] = &[
    ("a good one", (|| of_cloud("insecure: false"), &[]), "verified, s3cret-password."),
    // Values that turn verification off, and values that only seem to (CVE-2014-7144).
    ("insecure", (|| of_cloud("insecure: true"), &[]), "unverified, s3cret-password, the server's certificate is not verified (/here/clouds.yaml:1, clouds.c.insecure); set cacert instead"),
    ("insecure in capitals", (|| of_cloud("insecure: True"), &[]), "unverified"),
    ("insecure: yes", (|| of_cloud("insecure: yes"), &[]), "unverified"),
    ("insecure: 1", (|| of_cloud("insecure: 1"), &[]), "unverified"),
    ("insecure, as a text", (|| of_cloud("insecure: \"true\""), &[]), "unverified"),
    ("not insecure, as a text", (|| of_cloud("insecure: \"false\""), &[]), "verified"),
    ("not insecure: no", (|| of_cloud("insecure: no"), &[]), "verified"),
    ("not insecure: \"no\"", (|| of_cloud("insecure: \"no\""), &[]), "verified"),
    ("not insecure: 0", (|| of_cloud("insecure: 0"), &[]), "verified"),
    ("insecure: 2", (|| of_cloud("insecure: 2"), &[]), "insecure: not a boolean (/here/clouds.yaml:1, clouds.c.insecure); write true or false"),
    ("insecure: nothing", (|| of_cloud("insecure: ''"), &[]), "insecure: not a boolean (/here/clouds.yaml:1, clouds.c.insecure); write true or false"),
    ("insecure: a blank before it", (|| of_cloud("insecure: ' true'"), &[]), "insecure: not a boolean (/here/clouds.yaml:1, clouds.c.insecure); write true or false"),
    ("insecure: a list", (|| of_cloud("insecure: [true]"), &[]), "insecure: not a boolean (/here/clouds.yaml:1, clouds.c.insecure); write true or false"),
    ("insecure: in another language", (|| of_cloud("insecure: falsch"), &[]), "insecure: not a boolean (/here/clouds.yaml:1, clouds.c.insecure); write true or false"),
    ("insecure by a variable", (|| vec![], &[("OS_AUTH_URL", "https://k.example"), ("OS_INSECURE", "TRUE")]), "unverified"),
    ("not insecure by a variable", (|| vec![], &[("OS_AUTH_URL", "https://k.example"), ("OS_INSECURE", "0")]), "verified"),
    ("insecure by a variable, in another language", (|| vec![], &[("OS_AUTH_URL", "https://k.example"), ("OS_INSECURE", "falsch")]), "insecure: not a boolean (variable OS_INSECURE); write true or false"),
    ("verify: no", (|| of_cloud("verify: no"), &[]), "unverified"),
    ("verify: maybe", (|| of_cloud("verify: maybe"), &[]), "verify: not a boolean (/here/clouds.yaml:1, clouds.c.verify); write true or false"),
    // Size, depth and repetition.
    ("as large as the limit", (|| padded(limits::FILE), &[]), "verified, s3cret-password."),
    ("a byte larger", (|| padded(limits::FILE + 1), &[]), "/here/clouds.yaml: larger than 1048576 bytes"),
    ("sixteen mebibytes of nothing", (|| vec![b'#'; 16 << 20], &[]), "/here/clouds.yaml: larger than 1048576 bytes"),
    ("as deep as the limit", (|| of_cloud(&format!("x: {}", nested(limits::DEPTH - 3))), &[]), "verified"),
    ("a level deeper", (|| of_cloud(&format!("x: {}", nested(limits::DEPTH - 2))), &[]), "/here/clouds.yaml:1:126: nested too deep"),
    ("half a million levels", (|| "[".repeat(500_000).into(), &[]), "/here/clouds.yaml:1:256: not valid YAML"),
    ("a billion laughs", (laughs, &[]), "/here/clouds.yaml:6:40: too much data once aliases are expanded; remove aliases of aliases"),
    ("an anchor within itself", (|| b"clouds: &a {c: *a}".to_vec(), &[]), "/here/clouds.yaml:1:16: an alias inside its own anchor; remove it"),
    ("an alias of nothing", (|| b"clouds: {c: *a}".to_vec(), &[]), "/here/clouds.yaml:1:13: not valid YAML"),
    ("a tag that makes an object", (|| of_cloud("x: !!python/object/apply:os.system [s3cret]"), &[]), "/here/clouds.yaml:1:97: unsupported tag (!…); remove it"),
    ("two documents", (|| [of_cloud(""), b"\n---\n".to_vec(), of_cloud("")].concat(), &[]), "/here/clouds.yaml:2:1: a second document starts here; keep one document per file"),
    // Values that are not text, and characters that no secret should contain.
    ("no UTF-8", (|| b"clouds: {c: {auth: {password: s3cret\xff}}}".to_vec(), &[]), "/here/clouds.yaml:1:37: not UTF-8"),
    ("a NUL", (|| b"clouds: {c: {auth: {password: s3cret\0}}}".to_vec(), &[]), "/here/clouds.yaml:1:37: not valid YAML"),
    ("an escape that steers a terminal", (|| of_cloud("\"\\e[2J\": 1"), &[]), "verified, s3cret-password, \\u{1b}[2J: unknown key (/here/clouds.yaml:1, clouds.c.\\u{1b}[2J)"),
    ("a control character in a name", (|| b"clouds: {\"c\\e[2J\": {insecure: s3cret}}".to_vec(), &[]), "insecure: not a boolean (/here/clouds.yaml:1, clouds.c\\u{1b}[2J.insecure); write true or false"),
    ("a password with a line end", (|| b"clouds: {c: {auth: {auth_url: https://k.example, username: me, password: \"s3cret\\n\"}}}".to_vec(), &[]), "verified, s3cret\\n"),
    ("a password that is a number", (|| b"clouds: {c: {auth: {auth_url: https://k.example, username: me, password: 0123}}}".to_vec(), &[]), "verified, 0123"),
    ("a password that is true", (|| b"clouds: {c: {auth: {auth_url: https://k.example, username: me, password: true}}}".to_vec(), &[]), "verified, true"),
    ("a password that is null", (|| b"clouds: {c: {auth: {auth_url: https://k.example, username: me, password: ~}}}".to_vec(), &[]), "verified, none"),
    ("an empty password", (|| b"clouds: {c: {auth: {auth_url: https://k.example, username: me, password: ''}}}".to_vec(), &[]), "verified, none"),
    ("a password in a list", (|| b"clouds: {c: {auth: {password: [s3cret]}}}".to_vec(), &[]), "auth.password: must be a text; put quotes around it (/here/clouds.yaml:1, clouds.c.auth.password)"),
    ("a key twice", (|| b"clouds: {c: {auth: {auth_url: https://k.example, password: s3cret-1, password: s3cret-2}}}".to_vec(), &[]), "verified, s3cret-2, duplicate key: the last value is used (/here/clouds.yaml:1, clouds.c.auth.password); remove the others"),
    // Unknown keys.
    ("a typo", (|| b"clouds: {c: {auth: {auth_url: https://k.example, pasword: s3cret}}}".to_vec(), &[]), "verified, none, auth.pasword: unknown key; did you mean password?"),
    ("a typo in a variable", (|| vec![], &[("OS_AUTH_URL", "https://k.example"), ("OS_PASWORD", "s3cret")]), "verified, none, pasword: unknown key; did you mean password? (variable OS_PASWORD)"),
    ("a key of nothing", (|| of_cloud("'': 1"), &[]), "verified, s3cret-password, : unknown key (/here/clouds.yaml:1, clouds.c.)"),
    ("a key of 400,000 letters", (|| of_cloud(&format!("{}: 1", "é".repeat(400_000))), &[]), "verified, s3cret-password, éééé"),
    ("a URL with user info", (|| b"clouds: {c: {auth: {auth_url: 'https://me:s3cret@k.example', password: s3cret}}}".to_vec(), &[]), "cloud c: identity url: contains user information before an @; remove it and pass the credential separately"),
    ("a profile of the network", (|| of_cloud("profile: 'https://vexxhost.com'"), &[]), "verified, s3cret-password, profile https://vexxhost.com: neither in"),
];

#[test]
#[expect(clippy::print_stdout, reason = "which rows there are, and how many, is asked for")]
fn every_row_has_its_result() {
    let mut wrong = 0;
    for (name, (clouds, variables), want) in ROWS {
        let (came, shown) = result_of(clouds(), variables);
        let fits =
            want.strip_suffix('.').map_or_else(|| came.starts_with(want), |want| came == want);
        let is_clean = shown.len() < 2_000 && !shown.contains(char::is_control);
        let start: String = came.chars().take(160).collect();
        if fits && is_clean && !shown.contains("s3cret") {
            println!("  {name}: {start}");
        } else {
            println!("WRONG {name}: {start}, not {want}");
            wrong += 1;
        }
    }
    println!("{} hostile rows, {wrong} wrong", ROWS.len());
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}

/// The result of a configuration in one line, and the part of it that is shown to users.
fn result_of(clouds: Vec<u8>, variables: &[(&str, &str)]) -> (String, String) {
    let files = match clouds.is_empty() {
        true => Files::in_directory("/here"),
        false => Files::in_directory("/here").with("clouds.yaml", clouds),
    };
    let cloud = match of(&files, variables).and_then(|cloud| cloud.cloud().map(|_| cloud)) {
        Ok(cloud) => cloud,
        Err(error) => return (error.to_string(), format!("{error} {error:?}")),
    };
    let verified = if cloud.tls().verify { "verified" } else { "unverified" };
    let password = cloud.secret("password").map_or("none", |password| password.expose_secret());
    let warnings = warned(&cloud);
    let parts = [&[verified.to_owned(), password.escape_debug().to_string()], &warnings[..]];
    (parts.concat().join(", "), warnings.join(", "))
}

/// A cloud with these keys next to its credential.
fn of_cloud(beside: &str) -> Vec<u8> {
    let auth = "auth_url: 'https://k.example', username: me, password: s3cret-password";
    format!("clouds: {{c: {{auth: {{{auth}}}, {beside}}}}}").into()
}

fn padded(length: usize) -> Vec<u8> {
    let mut file = of_cloud("");
    file.push(b'\n');
    file.resize(length, b'#');
    file
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// Nine lists of nine, each of the one before it.
fn laughs() -> Vec<u8> {
    let mut file = "x0: &a0 [s3cret, s3cret]\n".to_owned();
    for level in 1..=9 {
        let before = vec![format!("*a{}", level - 1); 9].join(", ");
        file += &format!("x{level}: &a{level} [{before}]\n");
    }
    (file + "clouds: {c: {x: *a9}}\n").into()
}
