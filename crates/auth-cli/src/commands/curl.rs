use std::{
    fs::File,
    io::{self, IsTerminal},
    process::ExitCode,
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
    account::AccountArgs,
    clouds::{Clouds, Place},
    failure::Failure,
    print, progress,
    session::Session,
};

#[derive(Args, Debug)]
pub(crate) struct CurlArgs {
    /// Where to: a path under the endpoint of --service, such as /servers, or a whole URL
    target: String,

    /// The type of the service, such as compute
    #[arg(long, value_name = "TYPE")]
    service: Option<String>,

    /// The method: GET by default, POST with a body
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<Method>,

    /// One more header; may be given several times
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,

    /// The body; that of a file as @FILE, or standard input as @-
    #[arg(short = 'd', long, value_name = "BODY")]
    data: Option<String>,

    /// The same as JSON, which is said in Content-Type and Accept
    #[arg(long, value_name = "BODY", conflicts_with = "data")]
    json: Option<String>,

    /// Print the status line and the headers of the answer, too
    #[arg(short = 'i', long)]
    include: bool,

    #[command(flatten)]
    account: AccountArgs,
}

impl CurlArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let (place, want) = match &self.service {
            Some(service) => {
                let (place, want) = self.account.service(clouds, service)?;
                (place, Some(want))
            }
            None => (self.account.place(clouds)?, None),
        };
        let target = self.target(&place)?;
        let body = self.body()?;
        let session = Session::new(&place, &self.account)?.serving(want.as_ref())?;
        let answer = self.send(&session, target, want, body)?;
        let status = answer.status();
        let to = destination(&answer);
        if self.include {
            print::text(&head(&answer))?;
        }
        let receive = || print::stream(answer.into_body().into_reader());
        // What appears on a terminal shows that it goes on.
        match io::stdout().is_terminal() {
            true => receive()?,
            false => progress::during("receiving the answer", receive)?,
        }
        verdict(status, &to)
    }

    /// A path, or a whole URL that a token may go to.
    fn target(&self, place: &Place) -> Result<Uri, Failure> {
        let start = self.target.to_ascii_lowercase();
        if start.starts_with("https://") || start.starts_with("http://") {
            let url = uri(&self.target)?;
            place.cloud.check_target(&url).map_err(|why| misdirected(&why))?;
            return Ok(url);
        }
        if start.split_once("://").is_some_and(|(scheme, _)| !scheme.contains('/')) {
            return Err(Failure::usage(
                "a token goes to https URLs only; give one that begins with https://",
            ));
        }
        match self.service {
            Some(_) => uri(&format!("/{}", self.target.strip_prefix('/').unwrap_or(&self.target))),
            None => Err(Failure::usage(
                "a path needs a service to be under: add --service, or give a whole URL",
            )),
        }
    }

    fn send(
        &self,
        session: &Session,
        target: Uri,
        want: Option<EndpointQuery>,
        body: Body,
    ) -> Result<Response<ureq::Body>, Failure> {
        let host = target.host().or(self.service.as_deref()).unwrap_or_default().to_owned();
        let request = self.request(target, &body)?;
        match body {
            Body::Bytes(bytes) => session.once(&host, |client| {
                let request = request.map(|()| bytes);
                match want {
                    Some(want) => client.service(want).call(request),
                    None => client.call(request),
                }
            }),
            Body::Stream(stream, _) => session.once(&host, |client| {
                let request = request.map(|()| stream);
                match want {
                    Some(want) => client.service(want).call_once(request),
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
        request.body(()).map_err(|why| Failure::usage(format!("the request cannot be sent: {why}")))
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
            Some("-") if self.account.secret.takes_input() => Err(Failure::usage(
                "standard input is the secret and the body at once; use --password-env, \
                 --token-env or @FILE",
            )),
            Some("-") => Ok(Body::Stream(SendBody::from_owned_reader(io::stdin()), None)),
            Some(path) => {
                let file = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
                let (metadata, file) = file.map_err(|why| {
                    Failure::usage(format!("cannot read {path}: {why}; name a readable file"))
                })?;
                let length = metadata.is_file().then_some(metadata.len());
                Ok(Body::Stream(SendBody::from_owned_reader(file), length))
            }
        }
    }
}

/// What is sent. A file and standard input are never read into memory as a whole, and so are sent
/// once.
enum Body {
    Bytes(Vec<u8>),
    /// With its length, if that is known.
    Stream(SendBody<'static>, Option<u64>),
}

fn uri(url: &str) -> Result<Uri, Failure> {
    url.parse().map_err(|why| {
        Failure::usage(format!("the URL cannot be used ({why}); write %20 for a blank, and so on"))
    })
}

/// A URL that was called wrongly, where no catalog is to blame.
fn misdirected(why: &Error) -> Failure {
    Failure::usage(match why.kind() {
        ErrorKind::Endpoint(EndpointError::Refused { origin, why }) => format!(
            "the token must not be sent to {origin}: {why}; give an https URL of a service of the cloud"
        ),
        kind => kind.to_string(),
    })
}

/// A header as it is given on the command line.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as NAME: VALUE")?;
    let name: HeaderName = name.trim().parse().map_err(|_| "its name is none")?;
    if name == "x-auth-token" {
        return Err("the token is added by this program, and is no argument".to_owned());
    }
    if FRAMING.contains(&name) {
        return Err("this program sets it, as it fits the body and the connection".to_owned());
    }
    let value = value.trim().parse().map_err(|_| "its value has characters that cannot be sent")?;
    Ok((name, value))
}

/// One that contradicts what is sent leaves the service waiting for more, or reading what is not
/// meant for it.
const FRAMING: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE];

/// The status line and the headers, as curl prints them, but for what logs somebody in.
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

/// Vendors have tokens of their own beside Keystone's, such as Swift's `X-Storage-Token`.
fn is_secret(name: &HeaderName) -> bool {
    let ends = ["-token", "authorization", "-auth-key", "-auth-receipt"];
    *name == SET_COOKIE || ends.iter().any(|end| name.as_str().ends_with(end))
}

fn shown(value: &HeaderValue) -> String {
    print::clean(&String::from_utf8_lossy(value.as_bytes()))
}

/// Where a redirect points to. Its path and query may be a signed URL, which whoever knows it may
/// use.
fn destination<B>(answer: &Response<B>) -> String {
    let Some(location) = answer.headers().get(LOCATION) else { return "nowhere".to_owned() };
    let url = Uri::try_from(location.as_bytes()).unwrap_or_default();
    let (Some(scheme), Some(host)) = (url.scheme_str(), url.host()) else {
        return "another place of its own".to_owned();
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}")
}

/// Redirects are not followed, because a token might go astray, so that the answer is not what was
/// asked for.
fn verdict(status: StatusCode, to: &str) -> Result<ExitCode, Failure> {
    match status.as_u16() {
        301 | 302 | 303 | 307 | 308 => Err(Failure::failed(format!(
            "the service answered {status} and points to {to}; redirects are not followed: look at \
             the URL with -i, and call that, if you trust it"
        ))),
        400.. => Err(Failure::failed(format!(
            "the service answered {status}; what it says about it is on standard output"
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
        fn a_header_is_taken_as_it_is_meant_or_refused(text in any_header()) {
            let Ok((name, value)) = header(&text) else { return Ok(()) };
            let (given, after) = text.split_once(':').unwrap();
            prop_assert!(given.trim().eq_ignore_ascii_case(name.as_str()));
            prop_assert_eq!(after.trim().as_bytes(), value.as_bytes());
            prop_assert!(name != "x-auth-token" && !FRAMING.contains(&name));
        }

        #[test]
        fn headers_are_printed_line_by_line_and_without_secrets(
            headers in vec((select(&NAMES[..]), vec(any::<u8>(), 0..20)), 0..12),
        ) {
            let mut answer = Response::new(());
            for (name, value) in headers {
                // A mark that no other text has.
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
        let value = prop_oneof!["[ -~]{0,20}", any::<String>()];
        (name, "[: ]{0,3}", value).prop_map(|(name, colon, value)| name + &colon + &value)
    }
}
