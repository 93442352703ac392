use std::collections::BTreeSet;

use crate::run;

#[test]
fn every_documented_login_works() {
    let rows = run(&["demo", "--format", "json"], "").json();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() >= 26, "{rows:#?}");
    let mut logins = BTreeSet::new();
    for row in rows {
        assert_eq!(row["ok"], true, "{row}");
        assert_eq!(row["error"], serde_json::Value::Null, "{row}");
        assert_eq!(row["token_sha256"].as_str().unwrap().len(), 64, "{row}");
        assert!(row["expires_at"].as_str().unwrap().ends_with('Z'), "{row}");
        let no_catalog = row["method"] == "password, no catalog";
        assert_eq!(row["endpoints"] == 0, no_catalog, "{row}");
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        logins.insert(["document", "method", "scope", "adapter"].map(text));
    }
    assert_eq!(logins.len(), rows.len(), "a login is there twice");
    for document in ["000", "001", "002", "003", "004"] {
        for adapter in ["reqwest", "ureq"] {
            let has = |login: &[String; 4]| login[0] == document && login[3] == adapter;
            assert!(logins.iter().any(has), "{document} {adapter}");
        }
    }
    for adapter in ["reqwest", "ureq"] {
        for [document, method, scope] in [
            ["002", "password", "domain by id"],
            ["004", "password, no catalog", "project by name"],
            ["004", "password", "domain by id"],
        ] {
            let login = [document, method, scope, adapter].map(str::to_owned);
            assert!(logins.contains(&login), "{login:?}");
        }
    }
}

#[test]
fn a_piped_table_is_plain() {
    let table = run(&["demo"], "").ok();
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("system  "), "{table}");
    assert!(lines[1].starts_with("NHN Cloud  "), "{table}");
    assert!(lines[1].contains(" 11:58:53 "), "{table}");
    assert!(table.is_ascii() && lines.len() > 16, "{table}");
}
