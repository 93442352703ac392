//! Comparison with the results of openstacksdk that `against-openstacksdk/run` recorded.

#[path = "../../against-openstacksdk/judge.rs"]
mod judge;

#[test]
fn every_difference_has_a_reason() {
    let mut lines = Vec::new();
    let cases = include_str!("../../against-openstacksdk/recorded.json");
    let unexplained = judge::judge(cases, &mut |line| lines.push(line)).unwrap();
    assert_eq!(unexplained, 0, "{lines:#?}");
    assert!(lines.len() > 60, "{lines:#?}");
}

/// One case of the vendor's documentation for each built-in cloud, and how many are as published.
#[test]
fn every_vendors_documentation_is_read() {
    let cases = include_str!("../../against-openstacksdk/recorded.json");
    for id in auth_proto::Cloud::ids() {
        assert!(cases.contains(&format!("\"id\": \"{id}\"")), "{id}");
    }
    let mut lines = Vec::new();
    judge::judge(cases, &mut |line| lines.push(line)).unwrap();
    let count = "38 vendors' documents, 21 of them as published".to_owned();
    assert!(lines.contains(&count), "{lines:#?}");
    // A cloud that is not recognised is found.
    for (from, to) in [
        ("https://iam.eu-de.otc.t-systems.com:443/v3\"", "https://iam.eu-de.example:443/v3\""),
        ("\"id\": \"ovh\"", "\"id\": \"nhn\""),
        ("methods\\\":[\\\"application", "methods\\\":[\\\"x"),
    ] {
        assert!(cases.contains(from), "{from}");
        assert!(judge::judge(&cases.replace(from, to), &mut |_| ()).unwrap() > 0, "{from}");
    }
}

#[test]
fn missing_and_stale_reasons_are_found() {
    let cases = include_str!("../../against-openstacksdk/recorded.json");
    let found = |from: &str, to: &str| {
        assert!(cases.contains(from), "{from}");
        judge::judge(&cases.replace(from, to), &mut |_| ()).unwrap()
    };
    assert!(found("\"region\": \"KR1\"", "\"region\": \"KR2\"") > 0);
    assert!(found("\"auth.project_id\": \"83\"", "\"auth.project_id\": \"0123\"") > 0);
}
