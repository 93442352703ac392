use std::{convert::Infallible, io};

use auth_proto::limits;
use http::{Request, Response, StatusCode, Version, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use testing::{Connection, Loopback, fixtures::token_body};
use tokio::net::TcpStream;

use super::suite::support::loopback_client;

/// The longest documented token exceeds the default limit of HTTP/2 clients.
#[test]
fn the_longest_token_passes_over_http_2() {
    let server = Loopback::accept(None, serve);
    let builder = loopback_client(&server).on_reqwest(|http| http.http2_prior_knowledge());
    let client = builder.build().unwrap();
    assert_eq!(client.token().unwrap().expose().len(), limits::TOKEN);
    let response = client.call(Request::get(server.url()).body("").unwrap()).unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (204, Version::HTTP_2));
}

#[tokio::main(flavor = "current_thread")]
async fn serve(connection: &mut Connection) -> io::Result<()> {
    let socket = connection.socket().try_clone()?;
    socket.set_nonblocking(true)?;
    let socket = TokioIo::new(TcpStream::from_std(socket)?);
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.max_header_list_size(limits::HEADERS as u32);
    // By this machine's date, the token has ended long ago.
    http.auto_date_header(false);
    http.serve_connection(socket, service_fn(reply)).await.map_err(io::Error::other)
}

/// A token for a `POST`, and 204 for a request with that token.
async fn reply(request: Request<Incoming>) -> Result<Response<Full<&'static [u8]>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.method() == "POST" {
        let body = token_body("https://thing.example").leak();
        *response.status_mut() = StatusCode::CREATED;
        *response.body_mut() = Full::new(body.as_bytes());
        let token = "t".repeat(limits::TOKEN).parse().unwrap();
        response.headers_mut().insert("x-subject-token", token);
    } else {
        let shown = request.headers().get("x-auth-token").unwrap();
        assert!(shown.len() == limits::TOKEN);
        assert!(!request.headers().contains_key(header::ACCEPT_ENCODING));
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    Ok(response)
}
