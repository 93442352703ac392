//! Status lines, headers, line ends, versions of HTTP, several header blocks.

use auth_inspect::{MAX_HEADERS, MAX_RESPONSE, ResponseError, read_response};

#[test]
fn status_lines() {
    for line in [
        "HTTP/1.0 201 Created",
        "HTTP/1.1 201 Created",
        "HTTP/1.1 201 Created but odd: \u{e9}",
        "HTTP/1.1 201",
        "HTTP/1.1 201 ",
        "HTTP/2 201",
        "HTTP/2 201 ",
        "HTTP/2.0 201",
        "HTTP/3 201",
    ] {
        for end in ["\n", "\r\n"] {
            let response = read_response(format!("{line}{end}{end}").as_bytes()).unwrap();
            assert_eq!(response.status(), 201, "{line}");
            assert!(response.headers().is_empty() && response.body().is_empty(), "{line}");
        }
        let marked = read_response(format!("\u{feff}{line}\n\n").as_bytes()).unwrap();
        assert_eq!(marked.status(), 201, "{line}");
    }
    for line in [
        "HTTP/1.1",
        "HTTP/1.1 ",
        "HTTP/1.1 20",
        "HTTP/1.1 2011",
        "HTTP/1.1 099",
        "HTTP/1.1 2O1",
        "HTTP/1.1  201",
        "HTTP/1.1\t201",
        "HTTP/11 201",
        "HTTP/ 201",
        "HTTP 201",
        "http/1.1 201",
        " HTTP/1.1 201",
        "\u{feff}\u{feff}HTTP/1.1 201",
        " \u{feff}HTTP/1.1 201",
        "{\"token\":{}}",
        "\n",
    ] {
        let problem = read_response(format!("{line}\n\n").as_bytes()).unwrap_err();
        assert_eq!(problem, ResponseError::StatusLine, "{line}");
    }
}

#[test]
fn headers() {
    let text =
        b"HTTP/1.1 200 OK\r\nA: 1\nb:2\r\na:  3 \t\r\nempty:\nhigh: \xe9\x80\xff\n\r\nbody\n";
    let response = read_response(text).unwrap();
    let all: Vec<_> = response.headers().get_all("a").into_iter().collect();
    assert_eq!(all, ["1", "3"]);
    assert_eq!(response.headers()["b"], "2");
    assert_eq!(response.headers()["empty"], "");
    assert_eq!(response.headers()["high"].as_bytes(), b"\xe9\x80\xff");
    assert_eq!(response.body(), b"body\n");
    assert!(!format!("{response:?}").contains("\"2\""));

    for (text, problem) in [
        (&b""[..], ResponseError::Empty),
        (b"\xef\xbb\xbf", ResponseError::Empty),
        (b"HTTP/1.1 200 OK\r\na", ResponseError::Header),
        (b"HTTP/1.1 200 OK\r\na: b\r\nno header", ResponseError::Header),
        (b"HTTP/1.1 200 OK\r\na: b\r\nno header\r\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\r\na: b\r\n{\"token\":{}}", ResponseError::Header),
        (b"HTTP/1.1 200 OK\na: b\n folded", ResponseError::Header),
        (b"HTTP/1.1 200 OK\na: b\n folded\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\n folded\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\na : b\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\n: b\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\nno header\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\na: b\rc: d\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\na: \0\n\n", ResponseError::Header),
        (b"HTTP/1.1 200 OK\na\xff: b\n\n", ResponseError::Header),
    ] {
        assert_eq!(read_response(text).unwrap_err(), problem, "{}", text.escape_ascii());
    }
}

#[test]
fn the_end_of_the_text_ends_the_headers() {
    for start in ["", "HTTP/1.1 100 Continue\r\n\r\n", "\u{feff}"] {
        for end in ["", "\n", "\r", "\r\n", "\r\n\r", "\n\r\n"] {
            let text = format!("{start}HTTP/1.1 401 Unauthorized{end}");
            let response = read_response(text.as_bytes()).unwrap();
            assert_eq!(response.status(), 401, "{text:?}");
            assert!(response.headers().is_empty() && response.body().is_empty(), "{text:?}");

            let text = format!("{start}HTTP/1.1 201 Created\r\na: 1\nX-Subject-Token: t{end}");
            let response = read_response(text.as_bytes()).unwrap();
            assert_eq!(response.headers().len(), 2, "{text:?}");
            assert_eq!(response.headers()["x-subject-token"], "t", "{text:?}");
            assert!(response.body().is_empty(), "{text:?}");
            assert!(response.headers()["a"].is_sensitive(), "{text:?}");
        }
    }
}

#[test]
fn the_last_header_block_counts() {
    let text = "HTTP/1.1 200 Connection established\r\n\r\n\
                HTTP/1.1 100 Continue\r\n\r\n\
                HTTP/1.1 302 Found\nLocation: /v3\n\n\
                HTTP/2 401 \r\nWWW-Authenticate: Digest\r\n\r\n\
                HTTP/2 201 \r\nX-Subject-Token: t\r\n\r\nHTTP/x is no block";
    let response = read_response(text.as_bytes()).unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers().len(), 1);
    assert_eq!(response.body(), b"HTTP/x is no block");

    let broken = read_response(b"HTTP/1.1 200 OK\n\nHTTP/1").unwrap_err();
    assert_eq!(broken, ResponseError::StatusLine);
    let blank_between = read_response(b"HTTP/1.1 200 OK\n\n\nHTTP/1.1 201 x\n\n").unwrap();
    assert_eq!(blank_between.status(), 200);
}

#[test]
fn bounds() {
    let headers = |count: usize| format!("HTTP/1.1 200 OK\n{}\n", "a: b\n".repeat(count));
    let most = read_response(headers(MAX_HEADERS).as_bytes()).unwrap();
    assert_eq!(most.headers().len(), MAX_HEADERS);
    let more = read_response(headers(MAX_HEADERS + 1).as_bytes()).unwrap_err();
    assert_eq!(more, ResponseError::Headers);

    let mut text = headers(0).into_bytes();
    text.resize(MAX_RESPONSE, b' ');
    assert!(read_response(&text).is_ok());
    text.push(b' ');
    assert_eq!(read_response(&text).unwrap_err(), ResponseError::TooLong);
}
