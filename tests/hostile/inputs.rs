//! Inputs that have hurt clients of an identity service, or other readers of foreign responses: an index
//! of the rows and tests that hold each of them. The test fails if a row or test named here is gone.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use Held::{Away, In};

enum Held {
    /// By these rows or functions of a source.
    In(Source, &'static [&'static str]),
    /// Not possible, for this reason; the nearest input may have a row all the same.
    Away(&'static str),
}

/// The `.rs` files whose path in the repository contains all of these.
type Source = &'static [&'static str];

const HEADERS: Source = &["auth-proto/", "hostile/headers.rs"];
const BODIES: Source = &["auth-proto/", "hostile/bodies.rs"];
const FAULTS: Source = &["auth-proto/", "hostile/faults.rs"];
const TIMES: Source = &["auth-proto/", "hostile/times.rs"];
const URLS: Source = &["auth-proto/", "hostile/urls.rs"];
const PLACES: Source = &["auth-proto/", "hostile/endpoints.rs"];
const CONFIGS: Source = &["auth-proto/", "hostile/config.rs"];
const SEQUENCES: Source = &["auth-proto/", "hostile/sequences.rs"];
const WIRE: Source = &["hostile/wire/rows.rs"];
const PROVIDERS: Source = &["hostile/wire/federated/"];
const FILE_STORE: Source = &["hostile/stores/files.rs"];
const REDIS_STORE: Source = &["hostile/stores/redis.rs"];
const CUTS: Source = &["hostile/wire/main.rs"];
const TLS: Source = &["hostile/wire/tls.rs"];
const FRAMES: Source = &["hostile/wire/http2.rs"];
const PROCESS: Source = &["hostile/wire/environment.rs"];
const MEMORY: Source = &["hostile/wire/memory.rs"];
const FILES: Source = &["auth-config/", "hostile/rows.rs"];
const WARNED: Source = &["auth-config/", "hostile/m"];
const LOADED: Source = &["auth-config/tests/", "load.rs"];
const SCOPES: Source = &["auth-config/tests/", "login.rs"];
const TYPED: Source = &["auth-cli/src/", "secret.rs"];
const WAITS: Source = &["adapters/suite/waits.rs"];
const CALLERS: Source = &["adapters/reqwest/cancellation.rs"];
const SHOWN: Source = &["secrets/", "types.rs"];
const LOGGED: Source = &["secrets/", "echo.rs"];
const WIPED: Source = &["wiping/core.rs"];
const SIGNED: Source = &["auth-proto/tests/", "properties.rs"];

#[rustfmt::skip]
const INPUTS: [(&str, &[Held]); 142] = [
    // The headers of a login's response.
    ("a success without a token", &[In(HEADERS, &["no token"]), In(WIRE, &["no token"])]),
    ("two tokens that differ", &[In(HEADERS, &["two tokens", "a token and an empty one"]), In(WIRE, &["two tokens"])]),
    ("the same token twice", &[In(HEADERS, &["the same token twice"]), In(WIRE, &["the same token twice, in other letters"])]),
    ("an empty token", &[In(HEADERS, &["an empty token"]), In(WIRE, &["an empty token"])]),
    ("a token of blanks", &[In(HEADERS, &["a token of blanks"]), In(WIRE, &["a token of blanks"])]),
    ("a token with bytes above ASCII", &[In(HEADERS, &["a token with a byte above ASCII", "a token with the last byte"]), In(WIRE, &["a token with a byte above ASCII"])]),
    ("a token of other letters", &[In(HEADERS, &["a token of letters beyond ASCII"]), In(WIRE, &["a token of letters beyond ASCII"])]),
    ("a token with a blank inside", &[In(HEADERS, &["a token with a blank inside", "a token with a tab inside"])]),
    ("a token with a line end, from a body or a caller", &[In(BODIES, &["an id that goes on in the next header"]), In(CONFIGS, &["a token that goes on in the next header"])]),
    ("a token of 64 KiB and more", &[In(HEADERS, &["a longer one", "one of a mebibyte"]), In(WIRE, &["one as long as all headers may be"])]),
    ("more than a hundred headers", &[In(WIRE, &["a hundred and one", "ten thousand headers"])]),
    ("a header over two lines", &[In(WIRE, &["a folded header", "a token that goes on in the next line"])]),
    ("bare line feeds", &[In(WIRE, &["bare line feeds", "a header let in by a bare line feed"])]),
    ("a NUL in a header", &[In(WIRE, &["a NUL in a value", "a token with a NUL inside"])]),
    ("two lengths", &[In(WIRE, &["two lengths"])]),
    ("a length beside chunks", &[In(WIRE, &["a length beside chunks", "a short length beside chunks"])]),
    ("a Date of another age", &[In(TIMES, &["a date in 1970", "a date in 2100", "an invalid date"])]),
    ("a Retry-After of more seconds than there are", &[In(HEADERS, &["more seconds than there are", "a year of 503"]), In(SEQUENCES, &["asked to come again in a day while a token lives"])]),
    ("a Retry-After without a number", &[In(HEADERS, &["a pause below zero", "a pause with a sign", "a pause by an exponent", "an empty pause"])]),
    ("a Retry-After in the past", &[In(HEADERS, &["a pause until the past"]), In(SEQUENCES, &["asked to come again at once, every half a minute for an hour"])]),
    ("several of them", &[In(HEADERS, &["pauses of both forms"])]),
    ("cookies", &[In(WIRE, &["cookies"])]),
    ("a redirect to another origin", &[In(HEADERS, &["a redirect to another host"]), In(WIRE, &["a redirect to another host"])]),
    ("a redirect within the origin", &[In(HEADERS, &["a redirect along the same host"]), In(WIRE, &["a redirect along the same host"])]),
    ("a redirect down to plain http", &[In(HEADERS, &["a redirect down to plain http"])]),
    ("a redirect with user info, to a script, in two lines", &[In(WIRE, &["a redirect with user info", "a redirect to a script", "a redirect in two lines"])]),
    ("a portal's page", &[In(HEADERS, &["a portal's page"]), In(WIRE, &["a portal's page"])]),
    ("200 for 201", &[In(HEADERS, &["200 for 201"])]),
    ("204", &[In(HEADERS, &["204 without anything", "204 with a token"])]),
    ("interim answers without end", &[In(WIRE, &["go on, a mebibyte of it", "another protocol"])]),
    // Its body.
    ("an empty body", &[In(BODIES, &["nothing"])]),
    ("a body of blanks", &[In(BODIES, &["blanks"])]),
    ("null", &[In(BODIES, &["null"])]),
    ("a list", &[In(BODIES, &["a list"])]),
    ("a text", &[In(BODIES, &["a text"])]),
    ("a good answer, cut at every byte", &[In(BODIES, &["a_cut_response_is_an_error"]), In(CUTS, &["a_damaged_response_is_refused_or_sound"])]),
    ("more behind it", &[In(BODIES, &["a good one, and more"])]),
    ("a byte order mark", &[In(BODIES, &["a byte order mark, and a good one"]), In(WIRE, &["a byte order mark"])]),
    ("a key twice", &[In(BODIES, &["the token given twice", "the id given twice", "the end given twice"])]),
    ("values of other types", &[In(BODIES, &["an end that is a number", "an id that is an object", "a token that is a list"])]),
    ("half of a surrogate pair", &[In(BODIES, &["half of a surrogate pair"])]),
    ("no UTF-8", &[In(BODIES, &["no UTF-8", "an overlong letter"]), In(WIRE, &["no UTF-8"])]),
    ("100,000 levels", &[In(BODIES, &["100,000 brackets under an unknown key", "100,000 brackets for a user"])]),
    ("numbers past all others", &[In(BODIES, &["a number past all others", "less than nothing"])]),
    ("200 megabytes without a length", &[In(WIRE, &["200 megabytes without a length"]), In(MEMORY, &["200 megabytes without a length"])]),
    ("a length of 10 GiB", &[In(WIRE, &["a length of 10 GiB, and all of it"])]),
    ("a bomb in gzip", &[In(WIRE, &["64 MiB in gzip", "64 MiB in gzip, twice"]), In(MEMORY, &["64 MiB in gzip"])]),
    ("gzip in gzip, and gzip that is cut", &[In(WIRE, &["gzip within gzip", "gzip that is cut"])]),
    ("an encoding that the client did not request", &[In(WIRE, &["gzip", "gzip by name alone"])]),
    ("a byte every 20 ms", &[In(WIRE, &["a byte every 20 ms"])]),
    ("headers that never end", &[In(WIRE, &["headers that never end", "headers without end"])]),
    ("a body shorter than its length", &[In(WIRE, &["a length that is too long by one"])]),
    ("the end before a byte", &[In(WIRE, &["closed before a byte", "broken before a byte"])]),
    ("a million catalog entries", &[In(BODIES, &["as many services as fit", "a million numbers for services", "as many endpoints as fit"])]),
    ("a name of four mebibytes", &[In(BODIES, &["another project of four mebibytes"]), In(PLACES, &["a name of a mebibyte"])]),
    ("names that steer a terminal", &[In(PLACES, &["a name that steers a terminal"]), In(BODIES, &["another project, to steer a terminal"])]),
    ("our own request in an error", &[In(FAULTS, &["the request, quoted in a text", "the password in a title"]), In(WIRE, &["our own request for a refusal"]), In(LOGGED, &["a_repeated_secret_is_never_shown"])]),
    ("a page of five megabytes for an error", &[In(FAULTS, &["a page of five megabytes"]), In(WIRE, &["a page without end"])]),
    // Its times.
    ("a moment without an offset", &[In(TIMES, &["without a zone"])]),
    ("the last moment, with an offset", &[In(TIMES, &["past the last moment, by its offset", "until the year 9999"])]),
    ("invalid years", &[In(TIMES, &["year 0", "year 10000", "a year below zero"])]),
    ("a leap second", &[In(TIMES, &["a leap second at the end of a year", "a leap second in the middle of a day"])]),
    ("24:00, and February 30", &[In(TIMES, &["midnight at the end of a day", "February 30"])]),
    ("thirteen digits of a fraction", &[In(TIMES, &["thirteen digits of a fraction"])]),
    ("a fraction of no digits", &[In(TIMES, &["a fraction of no digits"])]),
    ("a blank for the T", &[In(TIMES, &["a blank for the T"])]),
    ("small letters", &[In(TIMES, &["small letters"])]),
    ("an offset without a colon", &[In(TIMES, &["an offset without a colon"])]),
    ("the widest offset", &[In(TIMES, &["the widest offset"])]),
    ("over on arrival", &[In(TIMES, &["ended when it was issued"]), In(SEQUENCES, &["a token that has ended, a thousand times in an hour"])]),
    ("no end", &[In(TIMES, &["no end", "an end of nothing"])]),
    ("issued an hour from now", &[In(TIMES, &["issued an hour from now, with a date that is right", "issued an hour from now, and all of it there"])]),
    ("digits of full width", &[In(TIMES, &["digits of full width"])]),
    ("a blank at its end", &[In(TIMES, &["a blank at its end"])]),
    // URLs and configurations.
    ("an identity URL of plain http", &[In(URLS, &["plain http"])]),
    ("user info", &[In(URLS, &["user info"]), In(PLACES, &["user info"])]),
    ("a backslash before an @", &[In(URLS, &["an @ after a backslash"])]),
    ("no host", &[In(URLS, &["no host"])]),
    ("port 99999", &[In(URLS, &["port 99999"])]),
    ("port 0", &[In(URLS, &["port 0"])]),
    ("a script", &[In(URLS, &["a script"])]),
    ("no scheme", &[In(URLS, &["no scheme"])]),
    ("hosts that look alike", &[In(URLS, &["a host of other letters"]), In(PLACES, &["the identity service in capitals", "another port of the identity service"])]),
    ("a query, a fragment", &[In(URLS, &["a query", "a fragment"])]),
    ("steps upwards", &[In(URLS, &["steps upwards", "steps upwards, escaped", "two slashes"])]),
    ("an endpoint at loopback or metadata", &[In(PLACES, &["metadata", "loopback", "loopback in hexadecimal", "metadata by name"])]),
    ("an endpoint of plain http", &[In(PLACES, &["plain http", "plain http at the identity service"])]),
    ("an endpoint in another domain", &[In(PLACES, &["another domain"])]),
    ("a placeholder in an endpoint", &[In(PLACES, &["an unfilled placeholder", "one that asks for a password"])]),
    ("an empty catalog", &[In(PLACES, &["no services", "no catalog"])]),
    ("the same endpoint twice", &[In(PLACES, &["the same place twice"])]),
    ("a proxy of the environment", &[In(PROCESS, &["a_proxy_is_asked_unless_no_proxy_excepts_it"])]),
    ("insecure: \"false\"", &[In(FILES, &["not insecure, as a text", "insecure: in another language"])]),
    ("a file of laughs, levels or sixteen mebibytes", &[In(FILES, &["a billion laughs", "half a million levels", "sixteen mebibytes of nothing"])]),
    ("a secret with a line end", &[In(TYPED, &["one_line_end_is_stripped_from_the_first_line"]), In(FILES, &["a password with a line end", "a NUL"])]),
    ("a secret that others can read", &[In(WARNED, &["a_secret_readable_by_others_is_a_warning"])]),
    ("a variable that is no text", &[In(LOADED, &["a_non_unicode_variable_is_named_only"])]),
    ("an unknown key", &[In(FILES, &["a typo", "a typo in a variable"])]),
    ("an empty password", &[In(CONFIGS, &["no password"]), In(FILES, &["an empty password"])]),
    ("a password of ten mebibytes, or of what JSON escapes", &[In(CONFIGS, &["a password of ten mebibytes", "each_password_is_sent_as_it_is"])]),
    ("two scopes at once", &[In(SCOPES, &["scopes"]), In(CONFIGS, &["an application credential and a scope"])]),
    ("a name without its domain", &[In(CONFIGS, &["a name without its domain", "an e-mail address for a name in v3"])]),
    // The order of things.
    ("an answer to nothing", &[Away("only a session creates pending requests, and each response comes with one")]),
    ("an answer twice", &[Away("a response consumes its pending request"), In(SEQUENCES, &["an answer after its time"])]),
    ("an answer after the end", &[In(SEQUENCES, &["an answer after the end", "a failure after the end"])]),
    ("an answer after another credential", &[In(SEQUENCES, &["a new credential before the answer", "a new credential before a refusal of the old one"])]),
    ("a 401 to the token before", &[In(SEQUENCES, &["a 401 to the token before"])]),
    ("ten thousand 401 at once", &[In(SEQUENCES, &["ten thousand at once"])]),
    ("a 401 to a token a moment old", &[In(SEQUENCES, &["a 401 to a token a moment old"])]),
    ("a service that refuses every token", &[In(SEQUENCES, &["a service that refuses every token"])]),
    ("no patience at all", &[In(WAITS, &["a_live_token_is_returned_after_the_deadline"])]),
    ("a clock that goes back", &[In(SEQUENCES, &["a clock that goes back a nanosecond", "a clock that goes back ten years"])]),
    ("a clock that goes on by a hundred years", &[In(SEQUENCES, &["a clock that goes on by a hundred years", "from the first moment to the last"])]),
    ("patience without end", &[In(WAITS, &["a_live_token_is_returned_after_the_deadline"])]),
    ("counters at their end", &[Away("they count requests from 0 in 64 bits, and no caller can set them")]),
    ("a crowd that gives up", &[Away("the core has no list of waiters"), In(CALLERS, &["a_waiter_carries_on_a_cancelled_login", "a_future_may_be_dropped_at_any_point"])]),
    ("given up a thousand times", &[In(SEQUENCES, &["given up a thousand times"])]),
    ("a token out of a cache", &[In(FILE_STORE, &["an older token that was revoked", "the entry of another user"]), In(REDIS_STORE, &["a revoked token", "the entry of another scope"]), In(WIPED, &["an existing token"])]),
    ("a refusal out of a cache", &[In(FILE_STORE, &["a pause that lasts", "a pause that is over"]), In(REDIS_STORE, &["a pause that was real once"]), In(SEQUENCES, &["refused while a token lives"])]),
    ("an end in every state", &[In(SEQUENCES, &["an end with a token", "an end in a pause", "an end while refused"])]),
    // Identity providers.
    ("a discovery document that points elsewhere", &[In(PROVIDERS, &["the endpoint of a third party", "the endpoint of the issuer that it claims to be", "down to plain http", "another scheme"])]),
    ("a discovery document that points inwards", &[In(PROVIDERS, &["the metadata address", "loopback as one number", "an IPv6 zone", "a socket of Unix", "a file"])]),
    ("a URL that begins as a trusted one", &[In(PROVIDERS, &["a host that begins as the own one", "the own port as a password", "a backslash before a host"])]),
    ("a document without end", &[In(PROVIDERS, &["a body without end", "100,000 grants without ours", "100,000 objects, one in another"])]),
    ("two endpoints, two tokens", &[In(PROVIDERS, &["two endpoints, one in escapes", "two tokens, one in escapes"])]),
    ("a bearer with a line end", &[In(PROVIDERS, &["a token that goes on in the next header", "a token with a line feed at its end"])]),
    ("a bearer of 33 KiB", &[In(PROVIDERS, &["a longer token than any", "a token of a mebibyte"])]),
    ("a provider's 200 for a refusal, 400 for a success", &[In(PROVIDERS, &["200 with an error", "400 with a token"])]),
    ("a provider that repeats the client's secret", &[In(PROVIDERS, &["an error that repeats the header", "an error that repeats the form", "an error code that is the secret"])]),
    ("a gate that wants a browser", &[In(PROVIDERS, &["a redirect to a page of a third party", "a page to log in", "a redirect to a script"])]),
    ("a gate that repeats the bearer", &[In(PROVIDERS, &["401 that repeats the bearer", "a redirect with the bearer", "a user with the bearer as the name"])]),
    // What is shown.
    ("secrets in what types show", &[In(SHOWN, &["no_public_type_shows_a_secret"])]),
    ("secrets in logs", &[In(LOGGED, &["a_repeated_secret_is_never_shown"])]),
    ("secrets in headers that are shown", &[In(SIGNED, &["any_response_is_read_or_refused"])]),
    ("digests of secrets", &[Away("no code computes one")]),
    ("secrets in memory that is given back", &[In(WIPED, &["secrets_are_wiped_before_memory_is_freed"])]),
    // Connections.
    ("invalid certificates", &[In(TLS, &["of another host", "over since 2020", "of an unknown authority", "signed by itself"])]),
    ("TLS of old", &[In(TLS, &["TLS 1.1", "SSL 3", "no version that is safe"])]),
    ("HTTP/2 that takes a request back", &[In(FRAMES, &["refused before it was looked at", "gone away before it was looked at", "each_client_takes_what_it_speaks"])]),
    ("SSLKEYLOGFILE", &[In(PROCESS, &["no_client_writes_tls_keys"])]),
    ("a proxy that refuses, redirects or lies", &[In(TLS, &["another password is wanted", "a redirect", "a way that leads to a page"])]),
    ("a name that leads to another machine", &[In(TLS, &["an_impostor_gets_no_request"]), In(PLACES, &["plain http"])]),
];

#[test]
#[expect(clippy::print_stdout, reason = "the counts are printed")]
fn every_input_has_a_row_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["benches", "crates", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    let mut texts = HashMap::new();
    let (mut away, mut rows) = (0, 0);
    for (input, by) in &INPUTS {
        assert!(!by.is_empty(), "{input}: held by no row");
        away += usize::from(by.iter().any(|by| matches!(by, Away(_))));
        for by in *by {
            match by {
                Away(why) => println!("  {input}: {why}"),
                In(source, names) => {
                    let text = texts.entry(source).or_insert_with(|| read(&root, &files, source));
                    assert!(!names.is_empty(), "{input}");
                    for name in *names {
                        assert!(has(text, name), "{input}: there is no {name:?} in {source:?}");
                        rows += 1;
                    }
                }
            }
        }
    }
    let held = INPUTS.len() - away;
    println!("{} inputs: {held} held by {rows} rows and tests, {away} impossible", INPUTS.len());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The text of the files of a source.
fn read(root: &Path, files: &[PathBuf], source: Source) -> String {
    let is_source = |path: &&PathBuf| {
        let path = path.strip_prefix(root).unwrap().to_str().unwrap();
        source.iter().all(|part| path.contains(part))
    };
    let text: String =
        files.iter().filter(is_source).map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(!text.is_empty(), "no file for {source:?}");
    text
}

/// Whether a source has a row or a test of this name.
fn has(text: &str, name: &str) -> bool {
    text.contains(&format!("{name:?}")) || text.contains(&format!("fn {name}("))
}
