//! Input of a caller that cannot work: refused before a byte is sent.

use auth_proto::{Cloud, Credential, DomainRef, Error, Factor, Login, Scope, UserRef, limits};

use super::{check_rows, cloud, first_body, result_summary};
use crate::support::json;

type Input = fn() -> (Cloud, Credential, Scope);

#[rustfmt::skip]
const ROWS: &[(&str, Input, &str)] = &[
    ("a good one", || (cloud(), alice("s3cret"), project()), "sent."),
    ("no password", || (cloud(), alice(""), project()), "Empty { field: Password }"),
    ("no password for v2.0", || (v2(), Credential::password("alice", ""), project()), "Empty { field: Password }"),
    ("a password of a blank", || (cloud(), alice(" "), project()), "sent."),
    ("the longest password", || (cloud(), alice(&"s".repeat(limits::INPUT)), project()), "sent."),
    ("a longer password", || (cloud(), alice(&"s".repeat(limits::INPUT + 1)), project()), "TooLong { field: Password, limit: 32768 }"),
    ("a password of ten mebibytes", || (cloud(), alice(&"s3cret".repeat(1 << 21)), project()), "TooLong { field: Password"),
    ("no user", || (cloud(), Credential::password(UserRef::id(""), "s3cret"), project()), "Empty { field: UserId }"),
    ("no one-time code", || (cloud(), alice("s3cret").and(Factor::totp("")), project()), "Empty { field: Totp }"),
    ("a one-time code with a line end", || (cloud(), alice("s3cret").and(Factor::totp("123456\n")), project()), "Characters { field: Totp }"),
    ("a one-time code with a NUL", || (cloud(), alice("s3cret").and(Factor::totp("\x00123456")), project()), "Characters { field: Totp }"),
    ("a token that goes on in the next header", || (cloud(), Credential::token("s3cret\r\nX-Evil: 1"), project()), "Characters { field: Token }"),
    ("a token beyond ASCII", || (cloud(), Credential::token("s3cret토큰"), project()), "Characters { field: Token }"),
    ("a token with a DEL", || (cloud(), Credential::token("s3cret\x7f"), project()), "Characters { field: Token }"),
    ("an existing token with a line end", || (cloud(), Credential::existing_token("s3cret\n"), project()), "Characters { field: Token }"),
    ("a longer token", || (cloud(), Credential::token("s".repeat(limits::TOKEN + 1)), project()), "TooLong { field: Token"),
    ("two passwords", || (cloud(), alice("s3cret").and(Factor::password("s3cret")), project()), "MethodTwice { method: Password }"),
    ("a code without a user", || (cloud(), Credential::token("s3cret").and(Factor::totp("123456")), project()), "UserMissing { method: Totp }"),
    // The types rule out a project and a domain at once; these rows are the nearest input.
    ("an application credential and a scope", || (cloud(), Credential::application_credential("i", "s3cret"), project()), "ApplicationCredentialScope"),
    ("a name without its domain", || (cloud(), Credential::password("alice", "s3cret"), project()), "UserDomain"),
    ("an e-mail address for a name in v3", || (cloud(), Credential::password("alice@example.com", "s3cret"), project()), "UserDomain"),
    ("an e-mail address for a name in v2.0", || (v2(), Credential::password("alice@example.com", "s3cret"), project()), "sent."),
    ("a domain in v2.0", || (v2(), alice("s3cret"), project()), "DomainUnknown { field: UserDomain }"),
    ("a project's name without its domain", || (cloud(), alice("s3cret"), Scope::project_name("demo")), "ProjectDomain"),
    ("a project of nothing", || (cloud(), alice("s3cret"), Scope::project_id("")), "Empty { field: ProjectId }"),
    ("a project of a mebibyte", || (cloud(), alice("s3cret"), Scope::project_id("p".repeat(1 << 20))), "TooLong { field: ProjectId"),
    ("a domain's scope in v2.0", || (v2(), Credential::password("alice", "s3cret"), Scope::domain_id("d")), "Scope { cloud: \"Keystone\", scope: Domain"),
    ("a trust alone in v2.0", || (v2(), Credential::password("alice", "s3cret"), Scope::trust("t")), "TrustProject"),
];

#[test]
fn each_login_is_sent_or_refused() {
    check_rows(ROWS, |input| {
        let (cloud, credential, scope) = input();
        let sent = Login::new(&cloud, credential, scope).and_then(|login| login.poll().map(drop));
        sent.map_or_else(|error| result_summary::<()>(Err(error)), |()| "sent".to_owned())
    });
}

/// Passwords that the request must hold unchanged.
#[rustfmt::skip]
const TEXTS: &[(&str, &str, &str)] = &[
    ("quotes", "\"\"", "same."),
    ("the end of a text, and another key", "x\"}, \"admin\": {\"y\": \"", "same."),
    ("backslashes", "\\\\n\\u0041\\", "same."),
    ("an invalid escape", "\\ud800", "same."),
    ("control characters", "\0\u{1}\t\r\n\u{1b}\u{7f}\u{9b}", "same."),
    ("letters beyond the first plane", "😀𐍈", "same."),
    ("letters in two ways", "é e\u{301}", "same."),
    ("invisible marks", "\u{202e}\u{feff}\u{2028}\u{2029}", "same."),
    ("no characters at all", "\u{fffe}\u{ffff}\u{10ffff}", "same."),
    ("markup", "</script><!--&amp;", "same."),
    ("blanks around it", " \t s3cret \n", "same."),
];

#[test]
fn each_password_is_sent_as_it_is() {
    check_rows(TEXTS, |text| {
        let sent: Result<_, Error> = first_body(alice(text), project())
            .map(|body| json(body)["auth"]["identity"]["password"]["user"]["password"].clone());
        match sent {
            Ok(password) if password == **text => "same".to_owned(),
            Ok(_) => "another".to_owned(),
            Err(error) => result_summary::<()>(Err(error)),
        }
    });
}

fn alice(password: &str) -> Credential {
    Credential::password(UserRef::name_in("alice", DomainRef::name("Default")), password)
}

fn project() -> Scope {
    Scope::project_id("p1")
}

fn v2() -> Cloud {
    Cloud::keystone("https://iam.example/v2.0").unwrap()
}
