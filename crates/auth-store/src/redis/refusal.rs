//! What a server's refusal means, in words of this crate: the server's own text may contain anything.

use redis::Value;

use crate::error::Problem;

const NOPERM: &str = "its user lacks a right: give it the rights that the page of the crate \
                      auth-store names (ACL SETUSER)";
const NO_PASSWORD: &str = "it has no password for this user: remove the password from the URL, or set \
                           it there";
const UNKNOWN: &str = "this store does not know the reason: look for the word in the server's manual \
                       and log";

/// The first word of a refusal, and what it means.
const CODES: &[(&str, &str)] = &[
    ("ASK", "its cluster is moving this key to another node: wait, or give the URL of a proxy"),
    ("BUSY", "it runs a script that does not end: stop the script (SCRIPT KILL)"),
    (
        "CLUSTERDOWN",
        "its cluster is down, or no node owns this key: repair the cluster (redis-cli --cluster check)",
    ),
    (
        "DENIED",
        "it is in protected mode and takes local connections alone: set a password there and write it \
         in the URL",
    ),
    ("LOADING", "it has just started and reads its data: wait until it has them"),
    (
        "MASTERDOWN",
        "it is a replica that has lost its primary: repair the replication, or give the URL of the \
         primary",
    ),
    (
        "MISCONF",
        "it cannot save its data, and takes no writes until it can: make room on its disk, and look \
         into its log",
    ),
    (
        "MOVED",
        "it is a node of a cluster and another node owns this key: give the URL of the node that owns \
         the key, or of a proxy for the cluster",
    ),
    ("NOAUTH", "it asks for a password: write the user and the password in the URL"),
    ("NOPERM", NOPERM),
    (
        "NOREPLICAS",
        "it has too few replicas to take writes: repair them, or lower its min-replicas-to-write",
    ),
    (
        "NOSCRIPT",
        "it, or a proxy before it, does not run scripts that come with EVAL: let it pass EVAL on",
    ),
    ("OOM", "its memory is full: raise its maxmemory, or set a volatile policy (maxmemory-policy)"),
    ("READONLY", "it is a replica and takes no writes: give the URL of the primary"),
    (
        "TRYAGAIN",
        "its cluster is moving this key to another node: wait, or give the URL of a proxy",
    ),
    (
        "WRONGPASS",
        "the user or the password in the URL is wrong, or the user is off: compare them with ACL LIST",
    ),
    (
        "WRONGTYPE",
        "another program has written to a key that begins with auth-store: remove that key, or use a \
         database of its own",
    ),
];

/// A part of a refusal that begins with `ERR`, and what it means.
const TEXTS: &[(&str, &str)] = &[
    ("max number of clients", "it has too many connections: raise its maxclients, or close others"),
    ("can't run this command", NOPERM),
    ("no permissions", NOPERM),
    ("unknown command", "it does not run scripts (EVAL): use Redis 6.2 or newer, or Valkey"),
    ("Unknown Redis", "it lacks a command that the store needs: use Redis 6.2 or newer, or Valkey"),
    ("DB index", "it has no database of this number: correct the number at the end of the URL"),
    (
        "SELECT is not allowed",
        "it is a node of a cluster, which has the database 0 alone: remove the number at the end of \
         the URL",
    ),
    ("without any password configured", NO_PASSWORD),
    ("no password is set", NO_PASSWORD),
    (
        "'auth' command",
        "it does not take a user and a password: use Redis 6.2 or newer, or remove the user from the \
         URL",
    ),
    (
        "script",
        "it cannot run the store's script: use Redis 6.2 or newer, or Valkey, and look into its log",
    ),
];

/// The server's refusal, by its first word and what it means.
pub(super) fn refusal(answer: &Value) -> Option<Problem> {
    let Value::ServerError(error) = answer else { return None };
    let code = error.code();
    let is_code = (1..=20).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
    if !is_code {
        return Some(Problem::BadAnswer);
    }
    let meaning = match code {
        "ERR" => meaning_of(error.details().unwrap_or_default()),
        code => CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning),
    };
    Some(Problem::Refused { code: code.to_owned(), meaning: meaning.unwrap_or(UNKNOWN) })
}

/// The meaning of a refusal without a word of its own. Redis 6.2 and proxies quote the refusal of a
/// script's command, with its word: `ERR Error running script: -NOPERM ...`.
fn meaning_of(text: &str) -> Option<&'static str> {
    let words = || text.split(|c: char| !c.is_ascii_uppercase());
    let quoted = CODES.iter().find(|(code, _)| words().any(|word| word == *code));
    let known = || TEXTS.iter().find(|(part, _)| text.contains(part));
    quoted.or_else(known).map(|(_, meaning)| *meaning)
}
