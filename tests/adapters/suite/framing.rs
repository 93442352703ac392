//! A response in any pieces is read the same, and one that is cut is an error.

use std::{
    sync::{LazyLock, Mutex},
    time::Duration,
};

use auth_proto::{Cloud, Version, Versions};
use proptest::{collection::vec, option, prelude::*, sample::Index};
use testing::{Error, Loopback, Reply, fixtures};

use super::ADAPTER;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_response_is_read_the_same_in_any_pieces(
        framing in framing(),
        headers in vec(("x-[a-z]{1,8}", "[!-~]([ -~]{0,30}[!-~])?"), 0..60),
        // A document without a version is an error.
        count in 1..1_000_usize,
        pieces in vec(any::<Index>(), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let ids: Vec<_> = (0..count).map(|number| format!("v3.{number}")).collect();
        let response = written(&framing, &headers, &ids);
        let end = cut.map_or(response.len(), |cut| cut.index(response.len()));
        let read = versions(&response[..end], &pieces);
        match &read {
            Ok(versions) => {
                prop_assert!(versions.iter().map(|version| &version.id).eq(&ids));
            }
            Err(error) => prop_assert!(end < response.len(), "{}", error),
        }
        // Some clients do not need the last, empty chunk; all need the body.
        let spare = if matches!(framing, Framing::Chunks(_)) { "\r\n0\r\n\r\n" } else { "" };
        prop_assert!(
            read.is_err() || end + spare.len() >= response.len(),
            "{} of {} bytes are enough", end, response.len()
        );
    }
}

/// How a server says where the body ends.
#[derive(Clone, Debug)]
enum Framing {
    /// In chunks of these sizes, and a last one.
    Chunks(Vec<usize>),
    /// By the end of the connection.
    End,
    Length,
}

fn framing() -> impl Strategy<Value = Framing> {
    let chunks = vec(prop_oneof![1..20_usize, 1..20_000_usize], 0..12);
    prop_oneof![chunks.prop_map(Framing::Chunks), Just(Framing::End), Just(Framing::Length)]
}

/// A version document.
fn written(framing: &Framing, headers: &[(String, String)], ids: &[String]) -> Vec<u8> {
    let entry = |id| format!(r#"{{"id": "{id}", "status": "stable"}}"#);
    let entries: Vec<_> = ids.iter().map(entry).collect();
    let body = format!(r#"{{"versions": {{"values": [{}]}}}}"#, entries.join(","));
    let mut response = "HTTP/1.1 300 Multiple Choices\r\n".to_owned();
    for (name, value) in headers {
        response += &format!("{name}: {value}\r\n");
    }
    match framing {
        Framing::Chunks(sizes) => {
            response += "Transfer-Encoding: chunked\r\n\r\n";
            let mut rest = &body[..];
            for size in sizes.iter().copied().chain([body.len()]) {
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                if !chunk.is_empty() {
                    response += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
                }
                rest = after;
            }
            response += "0\r\n\r\n";
        }
        Framing::End => response += &format!("Connection: close\r\n\r\n{body}"),
        Framing::Length => response += &format!("Content-Length: {}\r\n\r\n{body}", body.len()),
    }
    response.into_bytes()
}

/// The next reply of [`SERVER`]. The cases run one after the other.
static REPLY: Mutex<Option<Reply>> = Mutex::new(None);
static SERVER: LazyLock<Loopback> =
    LazyLock::new(|| Loopback::start(|_| REPLY.lock().unwrap().clone().unwrap()));

/// What a client reads from these bytes, which come in pieces.
fn versions(bytes: &[u8], pieces: &[Index]) -> Result<Vec<Version>, Error> {
    let mut ends: Vec<_> = pieces.iter().map(|piece| piece.index(bytes.len() + 1)).collect();
    ends.extend([0, bytes.len()]);
    ends.sort_unstable();
    let pieces = ends.windows(2).map(|piece| &bytes[piece[0]..piece[1]]);
    let pause = Duration::from_micros(200);
    let reply = pieces.fold(Reply::bytes(""), |reply, piece| reply.then(piece).pause(pause));
    *REPLY.lock().unwrap() = Some(reply);
    let cloud = Cloud::keystone(&SERVER.url()).unwrap();
    let client = ADAPTER.client(cloud.clone(), fixtures::credential(), fixtures::scope());
    client.build()?.run(&Versions::new(&cloud))
}
