//! openstacksdk's rules, by what openstacksdk made of every case when `against-openstacksdk/run` last recorded it.

#[path = "../../against-openstacksdk/judge.rs"]
mod judge;

#[test]
fn every_case_comes_out_as_openstacksdk_has_it_or_for_a_reason() {
    let mut told = Vec::new();
    let cases = include_str!("../../against-openstacksdk/recorded.json");
    let unexplained = judge::judge(cases, &mut |line| told.push(line)).unwrap();
    assert_eq!(unexplained, 0, "{told:#?}");
    assert!(told.len() > 60, "{told:#?}");
}

#[test]
fn a_difference_without_a_reason_and_a_reason_without_a_difference_are_seen() {
    let cases = include_str!("../../against-openstacksdk/recorded.json");
    let found = |from: &str, to: &str| {
        assert!(cases.contains(from), "{from}");
        judge::judge(&cases.replace(from, to), &mut |_| ()).unwrap()
    };
    assert!(found("\"region\": \"KR1\"", "\"region\": \"KR2\"") > 0);
    assert!(found("\"auth.project_id\": \"83\"", "\"auth.project_id\": \"0123\"") > 0);
}
