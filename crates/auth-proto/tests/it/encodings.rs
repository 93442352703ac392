//! Compressed bodies: no request accepts one, and a response that is one is named as such.

use auth_proto::{
    Cloud, Credential, ErrorKind, Factor, FetchCatalog, IdentityRequest, IdentityResponse, Login,
    Projects, ProtocolError, Scope, SystemScopes, UserProjects, Validate, Versions,
};
use http::{Request, Response, header};

use crate::support::{
    NOW, keystone, keystone_v2, password, protocol_error, request_of, response, set_header,
};

const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x04\0";
const ZLIB: &[u8] = b"\x78\x9c\xab\xae\x05\0";
const COMPRESS: &[u8] = b"\x1f\x9d\x90\x7b";
/// Has no first bytes of its own.
const BROTLI: &[u8] = b"\x0b\x02\x80{\"token\"";

/// The header, the body, and the encoding that the error names.
#[rustfmt::skip]
const ENCODED: [(&[&str], &[u8], &str); 15] = [
    (&["gzip"], GZIP, "gzip"),
    (&["x-gzip"], GZIP, "gzip"),
    (&["GZip"], GZIP, "gzip"),
    (&[" gzip , identity"], GZIP, "gzip"),
    (&["identity", "gzip"], GZIP, "gzip"),
    (&[], GZIP, "gzip"),
    (&["identity"], GZIP, "gzip"),
    (&["deflate"], ZLIB, "deflate"),
    (&[], ZLIB, "deflate"),
    (&["br"], BROTLI, "br"),
    (&["zstd"], ZSTD, "zstd"),
    (&[], ZSTD, "zstd"),
    (&["compress"], COMPRESS, "compress"),
    (&[], COMPRESS, "compress"),
    (&["rot13"], b"gbxra", "an unknown encoding"),
];

fn encoded(status: u16, names: &[&str], body: &[u8]) -> Response<Vec<u8>> {
    let mut response = response(status, Some("t"), "");
    for name in names {
        response.headers_mut().append(header::CONTENT_ENCODING, name.parse().unwrap());
    }
    *response.body_mut() = body.to_vec();
    response
}

/// The error of a login that gets this response.
fn error(cloud: &Cloud, response: Response<Vec<u8>>) -> auth_proto::Error {
    let credential = match cloud.identity_url().ends_with("/v2.0") {
        true => Credential::password("alice", "alice-pw"),
        false => password(),
    };
    let mut login = Login::new(cloud, credential, Scope::default()).unwrap();
    login.handle_response(response, NOW);
    login.poll().unwrap_err()
}

#[test]
fn a_compressed_response_is_named() {
    let unversioned = Cloud::keystone("https://keystone.example").unwrap();
    for (names, body, encoding) in ENCODED {
        let expect = ProtocolError::Encoded { encoding };
        for (cloud, status) in [
            (keystone(), 201),
            (keystone_v2(), 200),
            (unversioned.clone(), 200),
            (unversioned.clone(), 300),
        ] {
            let why = error(&cloud, encoded(status, names, body));
            assert!(why.to_string().contains(encoding), "{why}");
            assert_eq!(protocol_error::<()>(Err(why)), expect, "{names:?}");
        }
        let mut receipt = encoded(401, names, body);
        set_header(&mut receipt, "openstack-auth-receipt", "r");
        assert_eq!(protocol_error::<()>(Err(error(&keystone(), receipt))), expect, "{names:?}");
    }
}

#[test]
fn a_compressed_refusal_keeps_its_status() {
    for (names, body, encoding) in ENCODED {
        for cloud in [keystone(), keystone_v2()] {
            for status in [400, 401, 403, 404] {
                let why = error(&cloud, encoded(status, names, body));
                let ErrorKind::Rejected(refusal) = why.kind() else { panic!("{why:?}") };
                assert_eq!(
                    (refusal.status.as_u16(), refusal.fault.encoding),
                    (status, Some(encoding))
                );
                assert!(why.to_string().contains(&format!("compressed: {encoding}")), "{why}");
            }
        }
        let why = error(&keystone(), encoded(503, names, body));
        assert!(
            matches!(why.kind(), ErrorKind::Unavailable(refusal) if refusal.fault.encoding.is_some())
        );
    }
}

#[test]
fn identity_requests_name_a_compressed_response() {
    fn why<R: IdentityRequest>(request: &R, response: &Response<Vec<u8>>) -> Option<ProtocolError> {
        let mut borrowed = Response::new(&response.body()[..]);
        *borrowed.headers_mut() = response.headers().clone();
        request.parse(borrowed).err().map(|error| protocol_error::<()>(Err(error)))
    }
    let cloud = keystone();
    for (names, body, encoding) in ENCODED {
        let response = encoded(200, names, body);
        let expect = Some(ProtocolError::Encoded { encoding });
        assert_eq!(why(&FetchCatalog::new(&cloud), &response), expect);
        assert_eq!(why(&Projects::new(&cloud), &response), expect);
        assert_eq!(why(&SystemScopes::new(&cloud), &response), expect);
        assert_eq!(why(&UserProjects::new(&cloud, "u"), &response), expect);
        assert_eq!(why(&Validate::new(&cloud, "t"), &response), expect);
        assert_eq!(why(&Versions::new(&cloud), &response), expect);
        let read = IdentityResponse::read(&response, None);
        assert_eq!(Some(protocol_error(read)), expect);
    }
}

/// HTTP clients that decode a body may leave the header.
#[test]
fn a_decoded_response_is_read() {
    let body = br#" {"token": {"expires_at": "2026-11-22T20:00:00Z"}}"#;
    for names in [&["gzip"][..], &["br"], &["gzip", "deflate"]] {
        let mut login = Login::new(&keystone(), password(), Scope::default()).unwrap();
        login.handle_response(encoded(201, names, body), NOW);
        assert!(login.poll().is_ok(), "{names:?}");
        // Another error keeps its name.
        let why = error(&keystone(), encoded(201, names, b"{}"));
        assert!(matches!(protocol_error::<()>(Err(why)), ProtocolError::Field { .. }));
    }
}

#[test]
fn every_request_refuses_compression() {
    let cloud = keystone();
    let login = |cloud: &Cloud, credential| {
        request_of(&Login::new(cloud, credential, Scope::default()).unwrap())
    };
    let unversioned = Cloud::keystone("https://keystone.example").unwrap();
    let mut further = Login::new(&cloud, password(), Scope::default()).unwrap();
    let mut receipt = response(
        401,
        None,
        r#"{"receipt": {"methods": ["password"], "expires_at": "2026-11-22T20:00:00Z"},
            "required_auth_methods": [["password", "totp"]]}"#,
    );
    set_header(&mut receipt, "openstack-auth-receipt", "r");
    further.handle_response(receipt, NOW);
    further.answer(Factor::totp("123456")).unwrap();
    let requests = [
        login(&cloud, password()),
        login(&cloud, Credential::token("t")),
        login(&cloud, Credential::existing_token("t")),
        login(&keystone_v2(), Credential::password("alice", "pw")),
        login(&keystone_v2(), Credential::existing_token("t")),
        login(&unversioned, password()),
        request_of(&further),
        FetchCatalog::new(&cloud).request().unwrap(),
        Projects::new(&cloud).request().unwrap(),
        SystemScopes::new(&cloud).request().unwrap(),
        UserProjects::new(&cloud, "u").request().unwrap(),
        Validate::new(&cloud, "t").request().unwrap(),
        Versions::new(&cloud).request().unwrap(),
        auth_proto::Check::new(&cloud, "t").request().unwrap(),
        auth_proto::Revoke::new(&cloud, "t").request().unwrap(),
        auth_proto::Domains::new(&cloud).request().unwrap(),
    ];
    let accepted = |request: &Request<_>| -> Vec<_> {
        request.headers().get_all(header::ACCEPT_ENCODING).iter().cloned().collect()
    };
    for request in &requests {
        assert_eq!(accepted(request), ["identity"], "{}", request.uri());
    }
}
