//! Answers beyond the documented ones: refusals of every form, receipts, lists, versions.

use auth_proto::ApiVersion;

use crate::{reason, report, report_as};

#[test]
fn refusals_of_every_form_are_understood() {
    #[rustfmt::skip]
    let rows = [
        (401, "", r#""code":null,"title":null,"message":null"#),
        (502, "<html>Bad Gateway</html>", r#""code":null,"title":null,"message":null"#),
        (500, "[1]", r#""code":null,"title":null,"message":null"#),
        (500, r#"{"error":"#, r#""code":null,"title":null,"message":null"#),
        (302, "", r#""code":null,"title":null,"message":null"#),
        (401, r#"{"error":{"code":401,"title":"Unauthorized","message":"no"}}"#, r#""code":401,"title":"Unauthorized","message":"no""#),
        (401, r#"{"error":{"code":"111401001","message":"Invalid token.","ext_message":null}}"#, r#""code":"111401001","title":null,"message":"Invalid token.""#),
        (403, r#"{"error_msg":"no","error_code":"APIG.0301","request_id":"r"}"#, r#""code":"APIG.0301","title":null,"message":"no""#),
        (413, r#"{"overLimit":{"code":413,"message":"slow","retryAfter":"1"}}"#, r#""code":413,"title":"overLimit","message":"slow""#),
        (404, r#"{"message":"no"}"#, r#""code":null,"title":null,"message":"no""#),
    ];
    for (status, body, rest) in rows {
        let want = format!(r#"{{"kind":"error","status":{status},{rest}}}"#);
        assert_eq!(report(format!("HTTP/1.1 {status} x\n\n{body}")), want);
    }
    let not_text = report(b"HTTP/1.1 502 x\n\n\xff\xfe\x00");
    assert_eq!(
        not_text,
        r#"{"kind":"error","status":502,"code":null,"title":null,"message":null}"#
    );
}

#[test]
fn receipts() {
    let text = r#"HTTP/1.1 401 Unauthorized
Openstack-Auth-Receipt: gAAAAABsecret

{"receipt":{"methods":["password"],"expires_at":"2026-01-02T03:04:05.000000Z"},
"required_auth_methods":[["password","totp"],["password","other"]]}"#;
    assert_eq!(
        report(text),
        concat!(
            r#"{"kind":"receipt","methods":["password"],"#,
            r#""required":[["password","totp"],["password","other"]],"#,
            r#""expires_at":"2026-01-02T03:04:05Z"}"#
        )
    );
}

#[test]
fn catalogs() {
    let text = r#"HTTP/1.1 200 OK

{"catalog":[{"type":"image","endpoints":[{"interface":"admin","url":"http://a","region":null}]},
{"type":"empty","name":"e","endpoints":[]}]}"#;
    assert_eq!(
        report(text),
        concat!(
            r#"{"kind":"catalog","catalog":[{"type":"image","name":null,"endpoints":["#,
            r#"{"interface":"admin","region":null,"url":"http://a"}]},"#,
            r#"{"type":"empty","name":"e","endpoints":[]}]}"#
        )
    );
}

#[test]
fn scopes() {
    for (body, want) in [
        (
            r#"{"domains":[{"id":"d1","name":"corp","enabled":true},{"id":"d2"}],
                "links":{"next":"http://x/v3/auth/domains?marker=d2"}}"#,
            concat!(
                r#"{"kind":"domains","domains":[{"id":"d1","name":"corp"},"#,
                r#"{"id":"d2","name":null}],"next":"http://x/v3/auth/domains?marker=d2"}"#
            ),
        ),
        (r#"{"domains":[]}"#, r#"{"kind":"domains","domains":[],"next":null}"#),
        (r#"{"system":[{"all":true}]}"#, r#"{"kind":"system","all":true}"#),
        (r#"{"system":[],"links":{}}"#, r#"{"kind":"system","all":false}"#),
    ] {
        assert_eq!(report(format!("HTTP/1.1 200 OK\n\n{body}")), want);
    }
}

#[test]
fn versions() {
    let body = r#"{"versions":{"values":[{"id":"v3.14","status":"stable",
        "links":[{"rel":"self","href":"http://k/v3/"}]},{"id":"v2.0"}]}}"#;
    for status in ["300 Multiple Choices", "200 OK"] {
        assert_eq!(
            report(format!("HTTP/1.1 {status}\n\n{body}")),
            concat!(
                r#"{"kind":"versions","versions":["#,
                r#"{"id":"v3.14","status":"stable","url":"http://k/v3/"},"#,
                r#"{"id":"v2.0","status":null,"url":null}]}"#
            )
        );
    }
}

#[test]
fn all_three_interfaces_of_v2() {
    let body = r#"{"access":{"token":{"id":"t","expires":"2026-01-01T00:00:00Z"},"serviceCatalog":[
        {"type":"compute","name":"nova","endpoints":[{"region":"R","adminURL":"http://a",
        "internalURL":"http://i","publicURL":"http://p"}]}],"user":{}}}"#;
    let report = report_as(format!("HTTP/1.1 200 OK\n\n{body}"), Some(ApiVersion::V2));
    assert!(
        report.ends_with(concat!(
            r#""endpoints":[{"interface":"public","region":"R","url":"http://p"},"#,
            r#"{"interface":"internal","region":"R","url":"http://i"},"#,
            r#"{"interface":"admin","region":"R","url":"http://a"}]}]}}"#
        )),
        "{report}"
    );
}

#[test]
fn roles_are_shown_by_name() {
    let roles = r#"[{"id":"1"},{"id":"2","name":"b"},{"name":"a"},{"id":"3","name":null},{}]"#;
    let report = report(format!(
        "HTTP/1.1 201 Created\nX-Subject-Token: t\n\n{{\"token\":{{\"expires_at\":\
         \"2026-01-01T00:00:00Z\",\"roles\":{roles}}}}}"
    ));
    assert!(report.contains(r#""roles":["b","a"],"#), "{report}");
}

#[test]
fn an_absent_catalog_is_null_an_empty_one_not() {
    let text = |catalog: &str| {
        format!(
            "HTTP/1.1 201 Created\nX-Subject-Token: t\n\n{{\"token\":{{\"expires_at\":\
             \"2026-01-01T00:00:00Z\"{catalog}}}}}"
        )
    };
    let details = concat!(
        r#"{"kind":"token","api_version":"v3","token":{"#,
        r#""sha256":"e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8","#,
        r#""length":1,"issued_at":null,"expires_at":"2026-01-01T00:00:00Z","methods":[],"#,
        r#""user":null,"#,
        r#""project":null,"domain":null,"system":false,"trust_id":null,"roles":[],"#
    );
    assert_eq!(report(text("")), format!(r#"{details}"catalog":null}}}}"#));
    assert_eq!(report(text(r#","catalog":[]"#)), format!(r#"{details}"catalog":[]}}}}"#));
}

#[test]
fn a_malformed_answer_has_a_reason() {
    for (text, part) in [
        ("HTTP/1.1 200 OK\n\n", "no body"),
        ("HTTP/1.1 201 Created\n\n", "no token"),
        ("HTTP/1.1 200 OK\n\n<html>Log in</html>", "HTML"),
        ("HTTP/1.1 200 OK\n\n{\"a\":1}", "not a token, a catalog, a list or a version"),
        ("HTTP/1.1 200 OK\n\n[]", "wrong type"),
        ("HTTP/1.1 200 OK\n\n{\"token\":", "line 1"),
        ("HTTP/1.1 201 Created\nX-Subject-Token: t\n\n{\"token\":{}}", "expires_at"),
        ("HTTP/1.1 100 Continue\n\n", "100"),
    ] {
        let reason = reason(text);
        assert!(reason.contains(part), "{text:?}: {reason}");
    }
    let not_utf8 = reason(b"HTTP/1.1 200 OK\n\n{\"a\":\"\xff\"}");
    assert!(not_utf8.contains("UTF-8"), "{not_utf8}");
    let token = reason(b"HTTP/1.1 201 Created\nX-Subject-Token: t\xc3\xa9\n\n{}");
    assert!(token.contains("visible ASCII"), "{token}");
    let twice = reason("HTTP/1.1 201 x\nX-Subject-Token: a\nx-subject-token: b\n\n{\"token\":{}}");
    assert!(twice.contains("two different"), "{twice}");
}
