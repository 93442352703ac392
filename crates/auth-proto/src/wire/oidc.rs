//! OpenID Connect providers: token requests, token responses and discovery documents.
//!
//! Both documents decide where a secret goes, so that a repeated key is an error.

use http::HeaderValue;
use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    field::{Field, List, Object},
    last_key::last_key_counts,
};
use crate::{
    error::ProtocolError,
    model::{
        body::Body,
        federation::{Grant, OidcClient},
        token::secret_header,
    },
};

pub(crate) const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The grant's name in the form and in discovery documents.
pub(crate) fn grant_type(grant: &Grant) -> &'static str {
    match grant {
        Grant::Bearer(_) => "none",
        Grant::ClientCredentials(_) => "client_credentials",
        Grant::Password { .. } => "password",
    }
}

/// The body of a token request (RFC 6749, sections 4.3.2 and 4.4.2). A client without a secret names
/// itself here (section 3.2.1), any other one by HTTP Basic.
pub(crate) fn token_request(client: &OidcClient, grant: &Grant, code: Option<&str>) -> Body {
    let mut fields = vec![("grant_type", grant_type(grant))];
    if let Grant::Password { username, password, code_field, .. } = grant {
        fields.extend([("username", username.as_str()), ("password", password.expose())]);
        fields.extend(code_field.as_deref().zip(code));
    }
    if !client.scope.is_empty() {
        fields.push(("scope", &client.scope));
    }
    if client.secret.is_none() {
        fields.push(("client_id", &client.id));
    }
    let sizes = fields.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2);
    // Allocated once: a vector that grows leaves copies of the secrets behind.
    let mut form = Zeroizing::new(Vec::with_capacity(sizes.sum()));
    for (name, value) in fields {
        if !form.is_empty() {
            form.push(b'&');
        }
        encode_into(&mut form, name);
        form.push(b'=');
        encode_into(&mut form, value);
    }
    Body::new(form)
}

/// A client's id or secret as a part of HTTP Basic: in the encoding of a form (RFC 6749, section
/// 2.3.1), but only where the text would otherwise be read as another one. Some providers decode
/// nothing, and accept the secrets that need no encoding.
pub(crate) fn basic_encoded(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(3 * text.len()));
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if !matches!(byte, b'%' | b'+' | b':') => bytes.push(byte),
            _ => percent_into(&mut bytes, byte),
        }
    }
    let mut encoded = Zeroizing::new(String::with_capacity(bytes.len()));
    encoded.extend(bytes.iter().copied().map(char::from));
    encoded
}

/// The encoding of `application/x-www-form-urlencoded` (WHATWG URL Standard, section 5.2).
fn encode_into(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => percent_into(out, byte),
        }
    }
}

fn percent_into(out: &mut Vec<u8>, byte: u8) {
    let digit = |half: u8| b"0123456789ABCDEF"[usize::from(half)];
    out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenShape {
    access_token: Field<Zeroizing<String>>,
    id_token: Field<Zeroizing<String>>,
}

/// Reads the bearer of a token response (RFC 6749, section 5.1; OpenID Connect Core 1.0, section
/// 3.1.3.3).
pub(crate) fn read_bearer(
    body: &[u8],
    wants_id_token: bool,
) -> Result<SecretString, ProtocolError> {
    let shape: TokenShape = super::read(body)?;
    let (field, place) = match wants_id_token {
        true => (shape.id_token, "id_token"),
        false => (shape.access_token, "access_token"),
    };
    // A header refuses what a token cannot have, and stays in memory no longer than this.
    let header = secret_header(field.required(place)?.as_bytes(), place)?;
    Ok(header.to_str().unwrap_or_default().into())
}

/// A discovery document (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) token_endpoint: String,
    grants: Option<Vec<String>>,
}

impl Discovered {
    /// Whether the document has no list of grants, or one with this grant.
    pub(crate) fn offers(&self, grant: &str) -> bool {
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(|listed| listed == grant))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DiscoveryShape {
    grant_types_supported: Field<List<String>>,
    token_endpoint: Field<String>,
}

pub(crate) fn read_discovery(body: &[u8]) -> Result<Discovered, ProtocolError> {
    let shape: DiscoveryShape = super::read(body)?;
    let grants = match shape.grant_types_supported {
        given @ Field::Given(_) => Some(given.list("list of grants")?),
        Field::Absent | Field::Null | Field::WrongType => None,
    };
    Ok(Discovered { token_endpoint: shape.token_endpoint.required("token_endpoint")?, grants })
}

last_key_counts! {
    struct Refusal {
        error: Field<Object<RefusalError>>,
    }
    struct RefusalError {
        identity: Field<Object<RefusalIdentity>>,
    }
    struct RefusalIdentity {
        methods: Field<List<String>>,
    }
}

/// Whether a refusal of Keystone lists the login methods that it has enabled.
pub(crate) fn lists_methods(body: &[u8]) -> bool {
    let refusal: Option<Refusal> = super::read(body).ok();
    let identity = refusal.and_then(|refusal| refusal.error.object()?.identity.object());
    identity.is_some_and(|identity| matches!(identity.methods, Field::Given(_)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::{error::FieldProblem, limits, model::federation::Federation};

    fn body_of(federation: &Federation, code: Option<&str>) -> String {
        let client = federation.client().unwrap();
        let body = token_request(client, &federation.grant, code);
        String::from_utf8(body.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn forms_are_those_of_keystoneauth() {
        let client = || OidcClient::new("me & co", "https://idp.example/token");
        let public = Federation::client_credentials("i", "p", client());
        let secret = Federation::client_credentials("i", "p", client().with_secret("s"));
        let user = Federation::password("i", "p", client().with_secret("s"), "jo é", "a+b=c&d ~");
        let coded = user.clone().with_code_field("otp[]");
        let unscoped = Federation::client_credentials("i", "p", client().with_scope(""));
        for (federation, code, want) in [
            (
                &public,
                None,
                "grant_type=client_credentials&scope=openid+profile&client_id=me+%26+co",
            ),
            (&secret, None, "grant_type=client_credentials&scope=openid+profile"),
            (&unscoped, None, "grant_type=client_credentials&client_id=me+%26+co"),
            (
                &user,
                Some("ignored"),
                "grant_type=password&username=jo+%C3%A9&password=a%2Bb%3Dc%26d+%7E\
                 &scope=openid+profile",
            ),
            (
                &coded,
                Some("12 3"),
                "grant_type=password&username=jo+%C3%A9&password=a%2Bb%3Dc%26d+%7E\
                 &otp%5B%5D=12+3&scope=openid+profile",
            ),
        ] {
            assert_eq!(body_of(federation, code), want);
        }
    }

    #[test]
    fn basic_encodes_only_what_it_must() {
        for (text, want) in [
            ("Ab~8Q/3_x=-.!$&'()*,;<>?@[]^`{|}#\"\\", "Ab~8Q/3_x=-.!$&'()*,;<>?@[]^`{|}#\"\\"),
            ("a+b", "a%2Bb"),
            ("100%25", "100%2525"),
            ("urn:me", "urn%3Ame"),
            ("a b\t", "a%20b%09"),
            ("\u{e9}\u{7f}", "%C3%A9%7F"),
            ("", ""),
        ] {
            assert_eq!(*basic_encoded(text), want);
        }
    }

    #[test]
    fn a_bearer_is_visible_ascii_in_its_field() {
        let read = |body: &str, id| match read_bearer(body.as_bytes(), id) {
            Ok(bearer) => Ok(bearer.expose_secret().to_owned()),
            Err(error) => Err(error),
        };
        let both = r#"{"access_token":"aaa","id_token":"iii","expires_in":"x","a":[{}]}"#;
        assert_eq!(read(both, false).unwrap(), "aaa");
        assert_eq!(read(both, true).unwrap(), "iii");
        let missing = |field, problem| Err(ProtocolError::Field { field, problem });
        let characters = |place| Err(ProtocolError::TokenCharacters { place });
        let longest = "x".repeat(limits::TOKEN);
        assert_eq!(read(&format!(r#"{{"access_token":"{longest}"}}"#), false).unwrap(), longest);
        for (body, id, want) in [
            (r#"{"access_token":"aaa"}"#, true, missing("id_token", FieldProblem::Missing)),
            (r#"{"access_token":null}"#, false, missing("access_token", FieldProblem::Missing)),
            (r#"{"access_token":["a"]}"#, false, missing("access_token", FieldProblem::Type)),
            (r#"{"access_token":7}"#, false, missing("access_token", FieldProblem::Type)),
            (
                r#"{"access_token":""}"#,
                false,
                Err(ProtocolError::MissingToken { place: "access_token" }),
            ),
            (r#"{"access_token":"a b"}"#, false, characters("access_token")),
            (r#"{"access_token":"a\r\nb"}"#, false, characters("access_token")),
            (r#"{"access_token":"é"}"#, false, characters("access_token")),
            (
                &format!(r#"{{"access_token":"{longest}x"}}"#),
                false,
                Err(ProtocolError::TooLarge { what: "token", limit: limits::TOKEN }),
            ),
            ("<html>", false, Err(ProtocolError::NotJson)),
            ("", false, Err(ProtocolError::Empty)),
        ] {
            assert_eq!(read(body, id), want, "{body}");
        }
        for twice in [
            r#"{"access_token":"a","access_token":"b"}"#,
            r#"{"id_token":"a","access_token":"b","id_token":"c"}"#,
        ] {
            assert!(matches!(read(twice, false), Err(ProtocolError::Json { .. })), "{twice}");
        }
    }

    #[test]
    fn a_discovery_document_names_one_endpoint() {
        let read = |body: &str| read_discovery(body.as_bytes());
        let only = read(r#"{"token_endpoint":"https://a.example/t","x":1,"x":2}"#).unwrap();
        assert_eq!(only.token_endpoint, "https://a.example/t");
        assert!(only.offers("password"));
        for (grants, offers) in [
            (r#"["client_credentials"]"#, false),
            (r#"["password","client_credentials"]"#, true),
            (r#""password""#, true),
            (r#""Password""#, false),
            ("[]", false),
            ("[1,{}]", false),
            ("null", true),
            ("{}", true),
        ] {
            let body = format!(r#"{{"token_endpoint":"t","grant_types_supported":{grants}}}"#);
            assert_eq!(read(&body).unwrap().offers("password"), offers, "{grants}");
        }
        for body in [
            "{}",
            "[]",
            r#"{"token_endpoint":null}"#,
            r#"{"token_endpoint":{"a":"b"}}"#,
            r#"{"token_endpoint":"a","token_endpoint":"b"}"#,
            "<html>",
            "",
            "\u{0}",
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn keystone_lists_its_methods() {
        for (body, want) in [
            (r#"{"error":{"code":401,"identity":{"methods":["password"]}}}"#, true),
            (r#"{"error":{"code":401,"identity":{}}}"#, false),
            (r#"{"error":{"code":401}}"#, false),
            (r#"{"error":"identity"}"#, false),
            ("<html>", false),
        ] {
            assert_eq!(lists_methods(body.as_bytes()), want, "{body}");
        }
    }
}
