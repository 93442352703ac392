//! What is known to have hurt clients of an identity service, or others that read foreign answers: an
//! index of the rows and tests that hold it. Whoever looks for an input finds it here; whoever takes
//! the row away that holds one is told.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

use std::{collections::HashMap, fs, path::Path};

use Held::{Away, In};

enum Held {
    /// By these rows, or functions, of a file under `crates/` or beside it.
    In(&'static str, &'static [&'static str]),
    /// Why it cannot come about; what comes the nearest may be held all the same.
    Away(&'static str),
}

const HEADERS: &str = "crates/auth-proto/tests/hostile/headers.rs";
const BODIES: &str = "crates/auth-proto/tests/hostile/bodies.rs";
const FAULTS: &str = "crates/auth-proto/tests/hostile/faults.rs";
const TIMES: &str = "crates/auth-proto/tests/hostile/times.rs";
const URLS: &str = "crates/auth-proto/tests/hostile/urls.rs";
const PLACES: &str = "crates/auth-proto/tests/hostile/endpoints.rs";
const WISHES: &str = "crates/auth-proto/tests/hostile/config.rs";
const WALKS: &str = "crates/auth-proto/tests/hostile/sequences.rs";
const WIRE: &str = "crates/auth-hostile/tests/wire/rows.rs";
const CUTS: &str = "crates/auth-hostile/tests/wire/main.rs";
const TLS: &str = "crates/auth-hostile/tests/wire/tls.rs";
const FRAMES: &str = "crates/auth-hostile/tests/wire/http2.rs";
const PROCESS: &str = "crates/auth-hostile/tests/wire/environment.rs";
const MEMORY: &str = "crates/auth-hostile/tests/wire/memory.rs";
const FILES: &str = "crates/auth-config/tests/it/hostile/rows.rs";
const WARNED: &str = "crates/auth-config/tests/it/hostile/mod.rs";
const LOADED: &str = "crates/auth-config/tests/it/load.rs";
const SCOPES: &str = "crates/auth-config/tests/it/login.rs";
const TYPED: &str = "crates/auth-cli/src/secret.rs";
const WAITS: &str = "crates/auth-ureq/tests/it/waits.rs";
const CALLERS: &str = "crates/auth-reqwest/tests/it/waits.rs";
const SHOWN: &str = "benches/tests/secrets/types.rs";
const LOGGED: &str = "benches/tests/secrets/echo.rs";
const WIPED: &str = "benches/tests/wiping/core.rs";
const SIGNED: &str = "crates/auth-proto/tests/properties.rs";

#[rustfmt::skip]
const INPUTS: [(&str, &[Held]); 131] = [
    // A login's answer: its headers.
    ("a success without a token", &[In(HEADERS, &["no token"]), In(WIRE, &["no token"])]),
    ("two tokens that differ", &[In(HEADERS, &["two tokens", "a token and an empty one"]), In(WIRE, &["two tokens"])]),
    ("the same token twice", &[In(HEADERS, &["the same token twice"]), In(WIRE, &["the same token twice, in other letters"])]),
    ("an empty token", &[In(HEADERS, &["an empty token"]), In(WIRE, &["an empty token"])]),
    ("a token of blanks", &[In(HEADERS, &["a token of blanks"]), In(WIRE, &["a token of blanks"])]),
    ("a token with bytes above ASCII", &[In(HEADERS, &["a token with a byte above ASCII", "a token with the last byte"]), In(WIRE, &["a token with a byte above ASCII"])]),
    ("a token of other letters", &[In(HEADERS, &["a token of letters beyond ASCII"]), In(WIRE, &["a token of letters beyond ASCII"])]),
    ("a token with a blank inside", &[In(HEADERS, &["a token with a blank inside", "a token with a tab inside"])]),
    ("a token with a line end, from a body or a caller", &[In(BODIES, &["an id that goes on in the next header"]), In(WISHES, &["a token that goes on in the next header"])]),
    ("a token of 64 KiB and more", &[In(HEADERS, &["a longer one", "one of a mebibyte"]), In(WIRE, &["one as long as all headers may be"])]),
    ("more than a hundred headers", &[In(WIRE, &["a hundred and one", "ten thousand headers"])]),
    ("a header over two lines", &[In(WIRE, &["a folded header", "a token that goes on in the next line"])]),
    ("bare line feeds", &[In(WIRE, &["bare line feeds", "a header let in by a bare line feed"])]),
    ("a NUL in a header", &[In(WIRE, &["a NUL in a value", "a token with a NUL inside"])]),
    ("two lengths", &[In(WIRE, &["two lengths"])]),
    ("a length beside chunks", &[In(WIRE, &["a length beside chunks", "a short length beside chunks"])]),
    ("a Date of another age", &[In(TIMES, &["a date in 1970", "a date in 2100", "a date that is none"])]),
    ("a Retry-After of more seconds than there are", &[In(HEADERS, &["more seconds than there are", "a year of 503"]), In(WALKS, &["asked to come again in a day while a token lives"])]),
    ("a Retry-After that is no number", &[In(HEADERS, &["a pause below zero", "a pause with a sign", "a pause by an exponent", "an empty pause"])]),
    ("a Retry-After in the past", &[In(HEADERS, &["a pause until the past"]), In(WALKS, &["asked to come again at once, a thousand times in an hour"])]),
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
    ("a good answer, cut at every byte", &[In(BODIES, &["an_answer_that_is_cut_anywhere_is_none"]), In(CUTS, &["an_answer_that_is_cut_or_changed_anywhere_is_none_or_sound"])]),
    ("more behind it", &[In(BODIES, &["a good one, and more"])]),
    ("a byte order mark", &[In(BODIES, &["a byte order mark, and a good one"]), In(WIRE, &["a byte order mark"])]),
    ("a key twice", &[In(BODIES, &["the token given twice", "the id given twice", "the end given twice"])]),
    ("values of other types", &[In(BODIES, &["an end that is a number", "an id that is an object", "a token that is a list"])]),
    ("half of a surrogate pair", &[In(BODIES, &["half of a surrogate pair"])]),
    ("no UTF-8", &[In(BODIES, &["no UTF-8", "an overlong letter"]), In(WIRE, &["no UTF-8"])]),
    ("100,000 levels", &[In(BODIES, &["100,000 brackets where nobody looks", "100,000 brackets for a user"])]),
    ("numbers past all others", &[In(BODIES, &["a number past all others", "less than nothing"])]),
    ("200 megabytes without a length", &[In(WIRE, &["200 megabytes without a length"]), In(MEMORY, &["200 megabytes without a length"])]),
    ("a length of 10 GiB", &[In(WIRE, &["a length of 10 GiB, and all of it"])]),
    ("a bomb in gzip", &[In(WIRE, &["64 MiB in gzip", "64 MiB in gzip, twice"]), In(MEMORY, &["64 MiB in gzip"])]),
    ("gzip in gzip, and gzip that is cut", &[In(WIRE, &["gzip within gzip", "gzip that is cut"])]),
    ("an encoding that nobody asked for", &[In(WIRE, &["gzip", "gzip by name alone"])]),
    ("a byte every 20 ms", &[In(WIRE, &["a byte every 20 ms"])]),
    ("headers that never end", &[In(WIRE, &["headers that never end", "headers without end"])]),
    ("a body shorter than its length", &[In(WIRE, &["a length that is too long by one"])]),
    ("the end before a byte", &[In(WIRE, &["closed before a byte", "broken before a byte"])]),
    ("a million catalog entries", &[In(BODIES, &["as many services as fit", "a million services that are none", "as many endpoints as fit"])]),
    ("a name of four mebibytes", &[In(BODIES, &["another project of four mebibytes"]), In(PLACES, &["a name of a mebibyte"])]),
    ("names that steer a terminal", &[In(PLACES, &["a name that steers a terminal"]), In(BODIES, &["another project, to steer a terminal"])]),
    ("our own request in an error", &[In(FAULTS, &["the request, quoted in a text", "the password in a title"]), In(WIRE, &["our own request for a refusal"]), In(LOGGED, &["what_a_service_repeats_is_not_told"])]),
    ("a page of five megabytes for an error", &[In(FAULTS, &["a page of five megabytes"]), In(WIRE, &["a page without end"])]),
    // Its times.
    ("a moment without an offset", &[In(TIMES, &["without a zone"])]),
    ("the last moment, with an offset", &[In(TIMES, &["past the last moment, by its offset", "until the year 9999"])]),
    ("years that are none", &[In(TIMES, &["year 0", "year 10000", "a year below zero"])]),
    ("a leap second", &[In(TIMES, &["a leap second at the end of a year", "a leap second in the middle of a day"])]),
    ("24:00, and February 30", &[In(TIMES, &["midnight at the end of a day", "February 30"])]),
    ("thirteen digits of a fraction", &[In(TIMES, &["thirteen digits of a fraction"])]),
    ("a fraction of no digits", &[In(TIMES, &["a fraction of no digits"])]),
    ("a blank for the T", &[In(TIMES, &["a blank for the T"])]),
    ("small letters", &[In(TIMES, &["small letters"])]),
    ("an offset without a colon", &[In(TIMES, &["an offset without a colon"])]),
    ("the widest offset", &[In(TIMES, &["the widest offset"])]),
    ("over on arrival", &[In(TIMES, &["ended when it was issued"]), In(WALKS, &["a token that has ended, a thousand times in an hour"])]),
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
    ("a placeholder in an endpoint", &[In(PLACES, &["a placeholder that nobody filled", "one that asks for a password"])]),
    ("an empty catalog", &[In(PLACES, &["no services", "no catalog"])]),
    ("the same endpoint twice", &[In(PLACES, &["the same place twice"])]),
    ("a proxy of the environment", &[In(PROCESS, &["a_proxy_is_asked_unless_it_is_excepted"])]),
    ("insecure: \"false\"", &[In(FILES, &["not insecure, as a text", "insecure: in another language"]), In(WARNED, &["booleans_are_strict"])]),
    ("a file of laughs, levels or sixteen mebibytes", &[In(FILES, &["a billion laughs", "half a million levels", "sixteen mebibytes of nothing"])]),
    ("a secret with a line end", &[In(TYPED, &["one_line_end_is_stripped_from_the_first_line"]), In(FILES, &["a password with a line end", "a NUL"])]),
    ("a secret that others can read", &[In(WARNED, &["a_secret_that_others_can_read_is_told_of"])]),
    ("a variable that is no text", &[In(LOADED, &["a_variable_that_is_no_unicode_is_named_alone"])]),
    ("a key that nobody knows", &[In(FILES, &["a typo", "a typo in a variable"])]),
    ("an empty password", &[In(WISHES, &["no password"]), In(FILES, &["an empty password"])]),
    ("a password of ten mebibytes, or of what JSON escapes", &[In(WISHES, &["a password of ten mebibytes", "every_password_is_sent_as_it_is"])]),
    ("two scopes at once", &[In(SCOPES, &["scopes"]), In(WISHES, &["an application credential and a scope"])]),
    ("a name without its domain", &[In(WISHES, &["a name without its domain", "an e-mail address for a name in v3"])]),
    // The order of things.
    ("an answer to nothing", &[Away("an account alone makes flights, and an answer comes with one")]),
    ("an answer twice", &[Away("a flight is given away with its answer"), In(WALKS, &["an answer after its time"])]),
    ("an answer after the end", &[In(WALKS, &["an answer after the end", "a failure after the end"])]),
    ("an answer after another credential", &[In(WALKS, &["a new credential before the answer", "a new credential before a refusal of the old one"])]),
    ("a 401 to the token before", &[In(WALKS, &["a 401 to the token before"])]),
    ("ten thousand 401 at once", &[In(WALKS, &["ten thousand at once"])]),
    ("a 401 to a token a moment old", &[In(WALKS, &["a 401 to a token a moment old"])]),
    ("a service that refuses every token", &[In(WALKS, &["a service that refuses every token"])]),
    ("no patience at all", &[In(WAITS, &["after_the_deadline_a_living_token_is_still_handed_out"]), In(CALLERS, &["after_the_deadline_a_living_token_is_still_handed_out"])]),
    ("a clock that goes back", &[In(WALKS, &["a clock that goes back a nanosecond", "a clock that goes back ten years"])]),
    ("a clock that goes on by a hundred years", &[In(WALKS, &["a clock that goes on by a hundred years", "from the first moment to the last"])]),
    ("patience without end", &[In(WAITS, &["after_the_deadline_a_living_token_is_still_handed_out"])]),
    ("counters at their end", &[Away("they count requests from 0 in 64 bits, and are nobody's to set")]),
    ("a crowd that gives up", &[Away("the core has no list of who waits"), In(CALLERS, &["somebody_takes_over_from_a_caller_who_is_cancelled", "a_future_may_be_dropped_at_any_point"])]),
    ("given up a thousand times", &[In(WALKS, &["given up a thousand times"])]),
    ("a token out of a cache", &[Away("tokens live in the memory of one process; one passed on is asked about first"), In(WIPED, &["a token passed on"])]),
    ("a refusal out of a cache", &[Away("accounts share nothing"), In(WALKS, &["refused while a token lives"])]),
    ("an end in every state", &[In(WALKS, &["an end with a token", "an end in a pause", "an end while refused"])]),
    // What is shown.
    ("secrets in what types show", &[In(SHOWN, &["no_public_type_shows_a_secret"])]),
    ("secrets in logs", &[In(LOGGED, &["what_a_service_repeats_is_not_told"])]),
    ("secrets in headers that are shown", &[In(SIGNED, &["any_answer_is_read_or_refused"])]),
    ("digests of secrets", &[Away("nothing makes one")]),
    ("secrets in memory that is given back", &[In(WIPED, &["secrets_are_wiped_before_their_memory_is_given_back"])]),
    // Connections.
    ("certificates that are none", &[In(TLS, &["of another host", "over since 2020", "of an authority that nobody knows", "signed by itself"])]),
    ("TLS of old", &[In(TLS, &["TLS 1.1", "SSL 3", "no version that is safe"])]),
    ("HTTP/2 that takes a request back", &[In(FRAMES, &["refused before it was looked at", "gone away before it was looked at", "each_client_takes_what_it_speaks"])]),
    ("SSLKEYLOGFILE", &[In(PROCESS, &["no_keys_are_written_down"])]),
    ("a proxy that refuses, redirects or lies", &[In(TLS, &["another password is wanted", "a redirect", "a way that leads to a page"])]),
    ("a name that leads elsewhere by now", &[In(TLS, &["a_name_that_leads_to_another_machine_is_not_spoken_to"]), In(PLACES, &["plain http"])]),
];

#[test]
#[expect(clippy::print_stdout, reason = "how many there are is asked for")]
fn every_input_is_held_by_a_row_or_cannot_come_about() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = HashMap::new();
    let (mut away, mut rows) = (0, 0);
    for (input, by) in &INPUTS {
        assert!(!by.is_empty(), "{input}: by what?");
        away += usize::from(by.iter().any(|by| matches!(by, Away(_))));
        for by in *by {
            match by {
                Away(why) => println!("  {input}: {why}"),
                In(file, names) => {
                    let source = sources
                        .entry(file)
                        .or_insert_with(|| fs::read_to_string(root.join(file)).expect(file));
                    assert!(!names.is_empty(), "{input}");
                    for name in *names {
                        assert!(has(source, name), "{input}: there is no {name:?} in {file}");
                        rows += 1;
                    }
                }
            }
        }
    }
    let held = INPUTS.len() - away;
    println!(
        "{} inputs: {held} are held, by {rows} rows and tests, {away} cannot come about",
        INPUTS.len()
    );
}

/// Whether a source has a row or a test of this name.
fn has(source: &str, name: &str) -> bool {
    source.contains(&format!("{name:?}")) || source.contains(&format!("fn {name}("))
}
