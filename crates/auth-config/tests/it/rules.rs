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
