//! An answer in any pieces is read the same, and one that is cut is none.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    thread,
    time::Duration,
};

use auth_proto::{Cloud, Version, Versions};
use auth_reqwest::{Client, Error};
use proptest::{collection::vec, option, prelude::*, sample::Index};

use crate::{
    direct,
    support::{credential, read_request, scope},
};

proptest! {
    // Few, because each has a client of its own, which reads the platform's roots.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn an_answer_is_read_the_same_in_any_pieces(
        framing in framing(),
        headers in vec(("x-[a-z]{1,8}", "[!-~]([ -~]{0,30}[!-~])?"), 0..60),
        count in 0..1_000_usize,
        pieces in vec(any::<Index>(), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let ids: Vec<_> = (0..count).map(|number| format!("v3.{number}")).collect();
        let answer = written(&framing, &headers, &ids);
        let end = cut.map_or(answer.len(), |cut| cut.index(answer.len()));
        let read = versions(&serve(answer[..end].to_vec(), &pieces));
        match &read {
            Ok(versions) => {
                prop_assert!(versions.iter().map(|version| &version.id).eq(&ids));
            }
            Err(error) => prop_assert!(end < answer.len(), "{}", error),
        }
        // Some clients do without the last, empty chunk; nobody does without the body.
        let spare = if matches!(framing, Framing::Chunks(_)) { "\r\n0\r\n\r\n" } else { "" };
        prop_assert!(read.is_err() || end + spare.len() >= answer.len(), "{} of {} bytes are enough", end, answer.len());
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
    let mut answer = "HTTP/1.1 300 Multiple Choices\r\n".to_owned();
    for (name, value) in headers {
        answer += &format!("{name}: {value}\r\n");
    }
    match framing {
        Framing::Chunks(sizes) => {
            answer += "Transfer-Encoding: chunked\r\n\r\n";
            let mut rest = &body[..];
            for size in sizes.iter().copied().chain([body.len()]) {
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                if !chunk.is_empty() {
                    answer += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
                }
                rest = after;
            }
            answer += "0\r\n\r\n";
        }
        Framing::End => answer += &format!("Connection: close\r\n\r\n{body}"),
        Framing::Length => answer += &format!("Content-Length: {}\r\n\r\n{body}", body.len()),
    }
    answer.into_bytes()
}

/// The URL of a server for one connection, which it closes after these bytes.
fn serve(bytes: Vec<u8>, pieces: &[Index]) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut ends: Vec<_> = pieces.iter().map(|piece| piece.index(bytes.len() + 1)).collect();
    ends.extend([0, bytes.len()]);
    ends.sort_unstable();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        stream.set_nodelay(true).unwrap();
        read_request(&mut stream).unwrap();
        for piece in ends.windows(2) {
            // The client may have seen enough.
            let _ = stream.write_all(&bytes[piece[0]..piece[1]]);
            thread::sleep(Duration::from_micros(200));
        }
    });
    url
}

#[tokio::main(flavor = "current_thread")]
async fn versions(url: &str) -> Result<Vec<Version>, Error> {
    let cloud = Cloud::keystone(url).unwrap();
    let client = direct(Client::builder(cloud.clone(), credential(), scope())).build().unwrap();
    client.run(&Versions::new(&cloud)).await
}
