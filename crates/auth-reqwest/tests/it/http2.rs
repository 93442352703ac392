use std::convert::Infallible;

use auth_proto::{Cloud, limits};
use auth_reqwest::Client;
use http::{Request, Response, Version, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::support::{self, credential, scope};

/// The longest documented token: more than a client of HTTP/2 takes by itself.
#[tokio::test]
async fn the_longest_token_passes_over_http_2_as_well() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(
                http2::Builder::new(TokioExecutor::new())
                    .max_header_list_size(limits::HEADERS as u32)
                    .serve_connection(TokioIo::new(stream), service_fn(answer)),
            );
        }
    });
    let cloud = Cloud::keystone(&format!("{url}/v3")).unwrap();
    let client = Client::builder(cloud, credential(), scope())
        .http(|| reqwest::Client::builder().no_proxy().http2_prior_knowledge())
        .build()
        .unwrap();
    assert_eq!(client.token().await.unwrap().expose().len(), limits::TOKEN);
    let answer = client.call(Request::get(url).body("").unwrap()).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (204, Version::HTTP_2));
}

/// A login for a `POST`, and a 204 for whoever shows the token.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<&'static [u8]>>, Infallible> {
    let mut answer = Response::new(Full::default());
    if request.method() == "POST" {
        let login = support::token("t", "https://thing.example");
        let (_, body) = login.split_once("\r\n\r\n").unwrap();
        *answer.status_mut() = http::StatusCode::CREATED;
        *answer.body_mut() = Full::new(body.to_owned().leak().as_bytes());
        let token = "t".repeat(limits::TOKEN).parse().unwrap();
        answer.headers_mut().insert("x-subject-token", token);
    } else {
        let shown = request.headers().get("x-auth-token").unwrap();
        assert!(shown.len() == limits::TOKEN);
        assert!(!request.headers().contains_key(header::ACCEPT_ENCODING));
        *answer.status_mut() = http::StatusCode::NO_CONTENT;
    }
    Ok(answer)
}
