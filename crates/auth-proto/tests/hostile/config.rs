//! What a caller gives that cannot work: refused before a byte is sent.

use auth_proto::{Cloud, Credential, DomainRef, Error, Factor, Login, Scope, UserRef, limits};

use crate::{cloud, first_body, hold, or_brief, support::json};

type Wish = fn() -> (Cloud, Credential, Scope);

#[rustfmt::skip]
const ROWS: &[(&str, Wish, &str)] = &[
    ("a good one", || (cloud(), alice("s3cret"), project()), "sent."),
    ("no password", || (cloud(), alice(""), project()), "Empty { field: \"credential.password\" }"),
    ("no password for v2.0", || (v2(), Credential::password("alice", ""), project()), "Empty { field: \"credential.password\" }"),
    ("a password of a blank", || (cloud(), alice(" "), project()), "sent."),
    ("the longest password", || (cloud(), alice(&"s".repeat(limits::INPUT)), project()), "sent."),
    ("a longer password", || (cloud(), alice(&"s".repeat(limits::INPUT + 1)), project()), "TooLong { field: \"credential.password\", limit: 32768 }"),
    ("a password of ten mebibytes", || (cloud(), alice(&"s3cret".repeat(1 << 21)), project()), "TooLong { field: \"credential.password\""),
    ("no user", || (cloud(), Credential::password(UserRef::id(""), "s3cret"), project()), "Empty { field: \"credential.user.id\" }"),
    ("no one-time code", || (cloud(), alice("s3cret").and(Factor::totp("")), project()), "Empty { field: \"credential.totp\" }"),
    ("a one-time code with a line end", || (cloud(), alice("s3cret").and(Factor::totp("123456\n")), project()), "Characters { field: \"credential.totp\" }"),
    ("a one-time code with a NUL", || (cloud(), alice("s3cret").and(Factor::totp("\x00123456")), project()), "Characters { field: \"credential.totp\" }"),
    ("a token that goes on in the next header", || (cloud(), Credential::token("s3cret\r\nX-Evil: 1"), project()), "Characters { field: \"credential.token\" }"),
    ("a token beyond ASCII", || (cloud(), Credential::token("s3cret토큰"), project()), "Characters { field: \"credential.token\" }"),
    ("a token with a DEL", || (cloud(), Credential::token("s3cret\x7f"), project()), "Characters { field: \"credential.token\" }"),
    ("a token that is passed on, with a line end", || (cloud(), Credential::existing_token("s3cret\n"), project()), "Characters { field: \"credential.token\" }"),
    ("a longer token", || (cloud(), Credential::token("s".repeat(limits::TOKEN + 1)), project()), "TooLong { field: \"credential.token\""),
    ("two passwords", || (cloud(), alice("s3cret").and(Factor::password("s3cret")), project()), "MethodTwice { method: \"password\" }"),
    ("a code for nobody", || (cloud(), Credential::token("s3cret").and(Factor::totp("123456")), project()), "UserMissing { method: \"totp\" }"),
    // A project and a domain at once cannot be said; these come the nearest.
    ("an application credential and a scope", || (cloud(), Credential::application_credential("i", "s3cret"), project()), "ApplicationCredentialScope"),
    ("a name without its domain", || (cloud(), Credential::password("alice", "s3cret"), project()), "UserDomain"),
    ("an e-mail address for a name in v3", || (cloud(), Credential::password("alice@example.com", "s3cret"), project()), "UserDomain"),
    ("an e-mail address for a name in v2.0", || (v2(), Credential::password("alice@example.com", "s3cret"), project()), "sent."),
    ("a domain in v2.0", || (v2(), alice("s3cret"), project()), "DomainUnknown { field: \"credential.user.domain\" }"),
    ("a project's name without its domain", || (cloud(), alice("s3cret"), Scope::project_name("demo")), "ProjectDomain"),
    ("a project of nothing", || (cloud(), alice("s3cret"), Scope::project_id("")), "Empty { field: \"scope.project.id\" }"),
    ("a project of a mebibyte", || (cloud(), alice("s3cret"), Scope::project_id("p".repeat(1 << 20))), "TooLong { field: \"scope.project.id\""),
    ("a domain's scope in v2.0", || (v2(), Credential::password("alice", "s3cret"), Scope::domain_id("d")), "Scope { cloud: \"Keystone\", scope: \"domain scope\""),
    ("a trust alone in v2.0", || (v2(), Credential::password("alice", "s3cret"), Scope::trust("t")), "TrustProject"),
];

#[test]
fn every_wish_is_sent_or_refused_as_it_says() {
    hold(ROWS, |wish| {
        let (cloud, credential, scope) = wish();
        let sent = Login::new(&cloud, credential, scope).and_then(|login| login.poll().map(drop));
        sent.map_or_else(|error| or_brief::<()>(Err(error)), |()| "sent".to_owned())
    });
}

/// Passwords that come out of the request's JSON as they went in.
#[rustfmt::skip]
const TEXTS: &[(&str, &str, &str)] = &[
    ("quotes", "\"\"", "same."),
    ("the end of a text, and another key", "x\"}, \"admin\": {\"y\": \"", "same."),
    ("backslashes", "\\\\n\\u0041\\", "same."),
    ("an escape that is none", "\\ud800", "same."),
    ("control characters", "\0\u{1}\t\r\n\u{1b}\u{7f}\u{9b}", "same."),
    ("letters beyond the first plane", "😀𐍈", "same."),
    ("letters in two ways", "é e\u{301}", "same."),
    ("marks that nobody sees", "\u{202e}\u{feff}\u{2028}\u{2029}", "same."),
    ("no characters at all", "\u{fffe}\u{ffff}\u{10ffff}", "same."),
    ("markup", "</script><!--&amp;", "same."),
    ("blanks around it", " \t s3cret \n", "same."),
];

#[test]
fn every_password_is_sent_as_it_is() {
    hold(TEXTS, |text| {
        let came: Result<_, Error> = first_body(alice(text), project())
            .map(|body| json(body)["auth"]["identity"]["password"]["user"]["password"].clone());
        match came {
            Ok(password) if password == **text => "same".to_owned(),
            Ok(_) => "another".to_owned(),
            Err(error) => or_brief::<()>(Err(error)),
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
