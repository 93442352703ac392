use std::{
    fs::File,
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use auth_proto::{EndpointError, EndpointQuery, Error, ErrorKind};
use clap::Args;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{
        ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, SET_COOKIE, TE,
        TRANSFER_ENCODING, UPGRADE,
    },
};
use ureq::SendBody;

use crate::{
    cloud::{ChosenCloud, Clouds, warn_of_plain_http},
    login::{Context, LoginArgs, TokenWish, duration},
    output::{Failure, failure::remedy, print, progress},
};

#[derive(Args, Debug)]
pub(crate) struct CurlArgs {
    /// A path under the endpoint of --service, such as /servers, or a full URL
    target: String,

    /// The service type, such as compute
    #[arg(long, value_name = "TYPE")]
    service: Option<String>,

    /// The HTTP method [default: POST with a body, else GET]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<Method>,

    /// A request header; repeat the flag for several
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,

    /// The request body; @FILE reads a file, @- reads standard input
    #[arg(short = 'd', long, value_name = "BODY")]
    data: Option<String>,

    /// A JSON body: like --data, and sets Content-Type and Accept
    #[arg(long, value_name = "BODY", conflicts_with = "data")]
    json: Option<String>,

    /// Print the status line and the headers before the body
    #[arg(short = 'i', long)]
    include: bool,

    /// A token that lives for this time at least, such as 90m or 12h, for a long upload
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    min_life: Option<Duration>,

    #[command(flatten)]
    login: LoginArgs,
}

impl CurlArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let (chosen, query) = match &self.service {
            Some(service) => {
                let (chosen, query) = self.login.service(clouds, service)?;
                (chosen, Some(query))
            }
            None => (self.login.cloud(clouds)?, None),
        };
        let target = self.target(&chosen)?;
        let body = self.body()?;
        let life = self.min_life.unwrap_or_default();
        let context =
            Context::wishing(&chosen, &self.login, TokenWish { life, ..TokenWish::default() })?;
        let context = context.for_service(query.as_ref())?;
        let answer = self.send(&context, target, query, body)?;
        let status = answer.status();
        let to = destination(&answer);
        if self.include {
            print::text(&head(&answer))?;
        }
        let receive = || print::stream(answer.into_body().into_reader());
        // On a terminal the output itself shows progress.
        match io::stdout().is_terminal() {
            true => receive()?,
            false => progress::during("receiving the answer", receive)?,
        }
        exit_code(status, &to)
    }

    /// The path, or the full URL if a token may be sent there.
    fn target(&self, chosen: &ChosenCloud) -> Result<Uri, Failure> {
        let start = self.target.to_ascii_lowercase();
        if start.starts_with("https://") || start.starts_with("http://") {
            let url = uri(&self.target)?;
            chosen.cloud.check_target(&url).map_err(|why| forbidden(&why))?;
            return Ok(url);
        }
        if start.split_once("://").is_some_and(|(scheme, _)| !scheme.contains('/')) {
            return Err(Failure::usage(
                "target: a token is sent to https URLs only; use a URL that begins with https://",
            ));
        }
        match self.service {
            Some(_) => uri(&format!("/{}", self.target.strip_prefix('/').unwrap_or(&self.target))),
            None => Err(Failure::usage(
                "target: a path needs --service; add the flag, or use a full URL",
            )),
        }
    }

    fn send(
        &self,
        context: &Context,
        target: Uri,
        query: Option<EndpointQuery>,
        body: Body,
    ) -> Result<Response<ureq::Body>, Failure> {
        let url = match &query {
            Some(query) => context.with(|client| client.endpoint(query))?,
            None => target.to_string(),
        };
        warn_of_plain_http(&url);
        let request = self.request(target, &body)?;
        match body {
            Body::Bytes(bytes) => context.once(&url, |client| {
                let request = request.map(|()| bytes);
                match query {
                    Some(query) => client.service(query).call(request),
                    None => client.call(request),
                }
            }),
            Body::Stream(stream, _) => context.once(&url, |client| {
                let request = request.map(|()| stream);
                match query {
                    Some(query) => client.service(query).call_once(request),
                    None => client.call_once(request),
                }
            }),
        }
    }

    fn request(&self, target: Uri, body: &Body) -> Result<Request<()>, Failure> {
        let usual = if self.sends_body() { Method::POST } else { Method::GET };
        let method = self.method.clone().unwrap_or(usual);
        let mut request = Request::builder().method(method).uri(target);
        if self.json.is_some() {
            for name in [ACCEPT, CONTENT_TYPE].into_iter().filter(|name| !self.names(name)) {
                request = request.header(name, "application/json");
            }
        }
        for (name, value) in &self.header {
            request = request.header(name, value);
        }
        if let Body::Stream(_, Some(length)) = body {
            request = request.header(CONTENT_LENGTH, *length);
        }
        request.body(()).map_err(|why| {
            Failure::usage(format!("request: cannot be sent: {why}; check the headers"))
        })
    }

    fn sends_body(&self) -> bool {
        self.data.is_some() || self.json.is_some()
    }

    fn names(&self, name: &HeaderName) -> bool {
        self.header.iter().any(|(own, _)| own == name)
    }

    fn body(&self) -> Result<Body, Failure> {
        let body = self.data.as_ref().or(self.json.as_ref()).map_or("", String::as_str);
        match body.strip_prefix('@') {
            None => Ok(Body::Bytes(body.to_owned().into_bytes())),
            Some("-") if self.login.takes_input() => Err(Failure::usage(
                "standard input: cannot be both the secret and the body; use --password-env, \
                 --token-env or @FILE",
            )),
            Some("-") => Ok(Body::Stream(SendBody::from_owned_reader(io::stdin()), None)),
            Some(path) => {
                let file = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
                let (metadata, file) = file.map_err(|why| {
                    Failure::usage(format!(
                        "--data: cannot read {path}: {why}; name a readable file"
                    ))
                })?;
                if metadata.is_dir() {
                    return Err(Failure::usage(format!(
                        "--data: cannot read {path}: it is a directory; name a file"
                    )));
                }
                let length = metadata.is_file().then_some(metadata.len());
                Ok(Body::Stream(SendBody::from_owned_reader(file), length))
            }
        }
    }
}

/// A request body. A file and standard input are streamed, so they are sent once.
enum Body {
    Bytes(Vec<u8>),
    /// With the length, if known.
    Stream(SendBody<'static>, Option<u64>),
}

fn uri(url: &str) -> Result<Uri, Failure> {
    url.parse().map_err(|why| {
        Failure::usage(format!(
            "target: {why}; percent-encode special characters, such as %20 for a blank"
        ))
    })
}

/// The error for a full URL that the token must not be sent to.
fn forbidden(why: &Error) -> Failure {
    Failure::usage(match why.kind() {
        ErrorKind::Endpoint(EndpointError::Refused { origin, why }) => format!(
            "the token must not be sent to {origin}: {why}; use an https URL of a service of the \
             cloud{}",
            remedy(why)
        ),
        kind => kind.to_string(),
    })
}

/// A header of the command line.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as NAME: VALUE")?;
    let name: HeaderName = name.trim().parse().map_err(|_| "the name is not valid in HTTP")?;
    if name == "x-auth-token" {
        return Err("this program adds the token; leave out the header".to_owned());
    }
    if FRAMING.contains(&name) {
        return Err("this program sets this header; leave it out".to_owned());
    }
    let value =
        value.trim().parse().map_err(|_| "the value has characters that HTTP does not allow")?;
    Ok((name, value))
}

/// A wrong framing header would make the service wait for more, or read bytes of another request.
const FRAMING: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE];

/// The status line and the headers, as curl prints them, without secrets.
fn head<B>(answer: &Response<B>) -> String {
    let status = answer.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut text = format!("{:?} {} {reason}\r\n", answer.version(), status.as_u16());
    for (name, value) in answer.headers() {
        let value = if is_secret(name) { "(hidden)".to_owned() } else { shown(value) };
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}

/// Vendors have further token headers, such as Swift's `X-Storage-Token`.
fn is_secret(name: &HeaderName) -> bool {
    let ends = ["-token", "authorization", "-auth-key", "-auth-receipt"];
    *name == SET_COOKIE || ends.iter().any(|end| name.as_str().ends_with(end))
}

fn shown(value: &HeaderValue) -> String {
    print::clean(&String::from_utf8_lossy(value.as_bytes()))
}

/// The origin of a redirect. Path and query stay out of the text: they may be a signed URL.
fn destination<B>(answer: &Response<B>) -> String {
    let Some(location) = answer.headers().get(LOCATION) else { return "no URL".to_owned() };
    let url = Uri::try_from(location.as_bytes()).unwrap_or_default();
    let (Some(scheme), Some(host)) = (url.scheme_str(), url.host()) else {
        return "another path of the same host".to_owned();
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}")
}

/// A redirect is a failure: it is not followed, because the token could reach another host.
fn exit_code(status: StatusCode, to: &str) -> Result<ExitCode, Failure> {
    match status.as_u16() {
        301 | 302 | 303 | 307 | 308 => Err(Failure::failed(format!(
            "the service answered {status}, a redirect to {to}; redirects are not followed: show \
             the URL with -i, and call it if you trust it"
        ))),
        400.. => Err(Failure::failed(format!(
            "the service answered {status}; its message is on standard output"
        ))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    proptest! {
        #[test]
        fn headers_are_taken_unchanged_or_refused(text in any_header()) {
            let Ok((name, value)) = header(&text) else { return Ok(()) };
            let (given, after) = text.split_once(':').unwrap();
            prop_assert!(given.trim().eq_ignore_ascii_case(name.as_str()));
            prop_assert_eq!(after.trim().as_bytes(), value.as_bytes());
            prop_assert!(name != "x-auth-token" && !FRAMING.contains(&name));
        }

        #[test]
        fn printed_headers_have_no_secrets(
            headers in vec((select(&NAMES[..]), vec(any::<u8>(), 0..20)), 0..12),
        ) {
            let mut answer = Response::new(());
            for (name, value) in headers {
                // A mark that occurs nowhere else.
                let value = [&b"m4rk"[..], &value[..]].concat();
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    answer.headers_mut().append(name, value);
                }
            }
            let text = head(&answer);
            prop_assert_eq!(text.lines().count(), 2 + answer.headers().len());
            for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
                prop_assert!(!line.contains(char::is_control), "{line:?}");
                let (name, value) = line.split_once(": ").unwrap();
                let is_shown = ["content-type", "x-tokens", "location"].contains(&name);
                prop_assert_eq!(value.contains("m4rk"), is_shown, "{}", line);
            }
        }
    }

    const NAMES: [&str; 10] = [
        "content-type",
        "x-tokens",
        "location",
        "x-subject-token",
        "x-storage-token",
        "authorization",
        "proxy-authorization",
        "set-cookie",
        "openstack-auth-receipt",
        "x-auth-key",
    ];

    fn any_header() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            "[ \\PC]{0,6}",
            "[A-Za-z-]{1,12}",
            "[Xx]-[Aa]uth-[Tt]oken ?",
            select(&["Host", "content-LENGTH", "te", " Connection"][..]).prop_map(str::to_owned),
        ];
        let value = prop_oneof!["[ -~]{0,20}", "[ -~]{1,8}[\r\n]{1,2}[ -~]{0,8}", any::<String>()];
        (name, "[: ]{0,3}", value).prop_map(|(name, colon, value)| name + &colon + &value)
    }
}
