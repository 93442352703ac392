use std::{fs, process};

use auth_emulator::documents;

use crate::run;

#[test]
fn the_exit_code_says_if_an_answer_was_read() {
    let token = format!("HTTP/1.1 200 OK\r\n\r\n{}", documents::NHN_IAAS_RESPONSE);
    for arguments in [&["inspect"][..], &["inspect", "-"], &["inspect", "--api-version", "v2"]] {
        let report = run(arguments, &token).json();
        assert_eq!(report["kind"], "token", "{arguments:?}");
    }
    for (arguments, input, code, kind) in [
        (&["inspect", "--api-version", "v3"][..], token.as_bytes(), 1, "malformed"),
        (&["inspect"], b"HTTP/2 401 \r\n\r\n", 0, "error"),
        (&["inspect"], b"HTTP/2 401 \r\ncontent-length: 0", 0, "error"),
        (&["inspect"], b"\xef\xbb\xbfHTTP/2 401", 0, "error"),
        (&["inspect"], b"HTTP/1.1 200 OK\n\n\xff", 1, "malformed"),
        (&["inspect"], b"no response", 1, "malformed"),
        (&["inspect"], b"", 1, "malformed"),
    ] {
        let run = run(arguments, input);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, report["kind"].as_str()), (code, Some(kind)), "{run:?}");
        assert!(run.err.is_empty(), "{run:?}");
    }
}

#[test]
fn a_file_is_read() {
    let name = format!("cloud-auth-test-{}.txt", process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, format!("HTTP/1.1 400 x\n\n{}", documents::HUAWEI_400)).unwrap();
    let report = run(&["inspect", file.to_str().unwrap()], "").json();
    fs::remove_file(&file).unwrap();
    assert_eq!(report["code"], 400);
    run(&["inspect", file.to_str().unwrap()], "").failed(1, "cannot read the response");
}

#[test]
fn a_long_text_is_refused() {
    let mut text = b"HTTP/1.1 200 OK\n\n".to_vec();
    text.resize(8 * 1024 * 1024, b' ');
    let run = run(&["inspect"], &text);
    assert!(run.code == 1 && run.out.contains("longer than"), "{run:?}");
}

#[test]
fn terminals_get_no_control_characters() {
    let body = "{\"error\":{\"message\":\"\u{9b}2J\\u001b[31m\u{202e}\"}}";
    let run = run(&["inspect"], format!("HTTP/1.1 500 x\n\n{body}"));
    assert!(run.out.is_ascii() || run.out.contains('\u{fffd}'), "{run:?}");
    assert!(!run.out.chars().any(|c| c.is_control() && c != '\n'), "{run:?}");
}

#[test]
fn invisible_characters_are_escaped() {
    let body = "{\"projects\":[{\"id\":\"p\",\"name\":\"a\u{61c}b\u{200b}c\u{e0041}é\"}]}";
    let run = run(&["inspect"], format!("HTTP/1.1 200 OK\n\n{body}"));
    assert!(run.out.contains(r#""a\u061cb\u200bc\udb40\udc41é""#), "{run:?}");
}
