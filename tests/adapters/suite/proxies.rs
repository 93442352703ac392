//! Proxies of the environment: each row is a process.

use std::{
    env,
    process::{Command, Output},
};
#[cfg(feature = "socks")]
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

use auth_proto::{Cloud, Credential, Federation, OidcClient};
use http::Request;
use testing::{
    Adapter, Loopback, Proxy, Reply,
    configured::{self, Role},
    fixtures::{TOKEN, credential, logins_and, scope, token},
};

use super::ADAPTER;

const NAMES: [&str; 6] =
    ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
/// The identity service of the child process.
const URL: &str = "AUTH_PROXIES_URL";
/// Whether the HTTP clients have SOCKS: `cargo test -p adapters --features socks`.
const HAS_SOCKS: bool = cfg!(feature = "socks");
/// The origin of an identity provider that the child process logs in with.
const PROVIDER: &str = "AUTH_PROXIES_PROVIDER";
/// What the HTTP settings of the child process say about proxies.
const OWN: &str = "AUTH_PROXIES_OWN";

fn server() -> Loopback {
    Loopback::start(logins_and(|_| Reply::new(200, "", "")))
}

/// The outcome of a process with these variables and no other proxy variables.
fn outcome(server: &Loopback, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    NAMES.iter().chain(&["NO_PROXY", "no_proxy", "REQUEST_METHOD"]).for_each(|name| {
        child.env_remove(name);
    });
    configured::party(Role::Identity, &server.url());
    for (name, value) in variables {
        let role = if *name == PROVIDER { Role::Provider } else { Role::Proxy };
        configured::party(role, value);
    }
    // The path of this module, without the crate.
    let test = format!("{}::child", module_path!().split_once("::").unwrap().1);
    child.args(["--exact", &test, "--nocapture"]).env(URL, server.url());
    let Output { stdout, stderr, .. } = child.envs(variables.iter().copied()).output().unwrap();
    let shown = [stdout, stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(!shown.contains("s3cret"), "{shown}");
    let outcome = shown.lines().find_map(|line| line.strip_prefix("came to "));
    outcome.unwrap_or_else(|| panic!("{shown}")).to_owned()
}

/// The child process: builds a client and calls a service at another name of this machine.
#[test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn child() {
    let Ok(url) = env::var(URL) else { return };
    let cloud = Cloud::keystone(&format!("{url}/v3")).unwrap();
    let thing = url.replace("127.0.0.1", "localhost");
    let cloud = cloud.with_override("thing", thing).unwrap();
    let credential = match env::var(PROVIDER) {
        Ok(provider) => {
            let client = OidcClient::new("robot", provider + "/token").with_secret("s3cret");
            Credential::federated(Federation::client_credentials("i", "p", client))
        }
        Err(_) => credential(),
    };
    let builder = ADAPTER.client(cloud, credential, scope());
    let builder = match env::var(OWN).as_deref() {
        Ok("unchecked") => builder,
        Ok("none") => {
            let builder = builder.proxy(Proxy::Environment);
            builder.on_ureq(|http| http.proxy(None)).on_reqwest(|http| http.no_proxy())
        }
        Ok(own) => {
            let (own, same) = (own.to_owned(), own.to_owned());
            let builder = builder.proxy(Proxy::Environment);
            builder
                .on_ureq(move |http| http.proxy(Some(ureq::Proxy::new(&own).unwrap())))
                .on_reqwest(move |http| http.no_proxy().proxy(reqwest::Proxy::all(&same).unwrap()))
        }
        Err(_) => builder.proxy(Proxy::Environment),
    };
    let called = builder.build().and_then(|client| {
        client.token()?;
        client.service("thing").call(Request::get("/x").body("").unwrap())
    });
    println!("\ncame to {}", called.map_or_else(|error| error.shown(), |r| r.status().to_string()));
}

/// Whether this is the error of a variable that is ignored.
fn names(outcome: &str, variable: &str, is_socks: bool) -> bool {
    outcome.starts_with(variable)
        && outcome.contains(&format!("{{ variable: \"{variable}\", is_socks: {is_socks} }}"))
}

#[test]
fn an_ignored_proxy_is_an_error() {
    let server = server();
    for (name, malformed) in NAMES.into_iter().zip([
        "http://s3cret:s3cret@",
        "ftp://s3cret@127.0.0.1:1",
        "s3cret/1",
        "http://127.0.0.1:99999",
        "http://s3cret 127.0.0.1:1",
        "https//s3cret@127.0.0.1:1",
    ]) {
        for socks in ["socks5://s3cret:s3cret@127.0.0.1:1", "socks5h://127.0.0.1:1"] {
            if HAS_SOCKS {
                continue;
            }
            let outcome = outcome(&server, &[(name, socks)]);
            assert!(names(&outcome, name, true), "{name}: {outcome}");
        }
        let refused = outcome(&server, &[(name, malformed)]);
        assert!(names(&refused, name, false), "{name}: {refused}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn no_proxy_decides_for_each_host() {
    let server = server();
    let rows = [
        ("ALL_PROXY", "socks5://127.0.0.1:1", true),
        ("http_proxy", "http://s3cret@", false),
        ("HTTP_PROXY", "socks4a://127.0.0.1:1", true),
    ];
    for (name, value, is_socks) in rows.into_iter().filter(|row| !(row.2 && HAS_SOCKS)) {
        for excepted in ["127.0.0.1,localhost", "localhost,127.0.0.1"] {
            let direct = outcome(&server, &[(name, value), ("NO_PROXY", excepted)]);
            assert_eq!(direct, "200 OK", "{name} {excepted}");
        }
        // The login is sent, the call is not.
        let before = server.requests().len();
        let called = outcome(&server, &[(name, value), ("no_proxy", "127.0.0.1")]);
        assert!(names(&called, name, is_socks), "{called}");
        assert_eq!(server.requests().len(), before + 1);
        let built = outcome(&server, &[(name, value), ("NO_PROXY", "localhost")]);
        assert!(names(&built, name, is_socks), "{built}");
        assert_eq!(server.requests().len(), before + 1);
    }
}

/// The provider is one more host that a login goes to.
#[test]
fn a_proxy_counts_for_the_provider_too() {
    let server = server();
    let provider = server.url().replace("127.0.0.1", "localhost");
    for (name, value) in [("ALL_PROXY", "http://s3cret@"), ("HTTP_PROXY", "http://s3cret@")] {
        let variables = [(name, value), (PROVIDER, &provider), ("NO_PROXY", "127.0.0.1")];
        let built = outcome(&server, &variables);
        assert!(names(&built, name, false), "{built}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn an_unread_variable_is_no_error() {
    let server = server();
    // It answers for every host. ureq asks for a tunnel first.
    let proxy = Loopback::start(|request| match request.method() {
        "CONNECT" => Reply::status(200, "").then("\r\n").keep_alive(),
        "POST" => token(TOKEN, "https://thing.example"),
        _ => Reply::new(200, "", ""),
    });
    let good = format!("http://s3cret:s3cret@127.0.0.1:{}", proxy.port());
    let ureq = ADAPTER == Adapter::Ureq;
    assert_eq!(outcome(&server, &[("HTTP_PROXY", ""), ("ALL_PROXY", "")]), "200 OK");
    assert_eq!(outcome(&server, &[("HTTP_PROXY", "s3cret/"), (OWN, "unchecked")]), "200 OK");

    // The first variable with a value wins: ureq asks ALL_PROXY first, reqwest the scheme's own.
    let both = outcome(&server, &[("ALL_PROXY", &good), ("HTTP_PROXY", "s3cret/")]);
    match ureq {
        true => assert_eq!((&*both, proxy.connections() > 0), ("200 OK", true)),
        false => assert!(names(&both, "HTTP_PROXY", false), "{both}"),
    }
    let both = outcome(&server, &[("ALL_PROXY", "s3cret/"), ("HTTP_PROXY", &good)]);
    assert!(names(&both, "ALL_PROXY", false), "{both}");
    let cgi = outcome(&server, &[("HTTP_PROXY", "s3cret/"), ("REQUEST_METHOD", "GET")]);
    assert_eq!(names(&cgi, "HTTP_PROXY", false), ureq, "{cgi}");

    // ureq shows the user's own proxy, and that a usable one was turned off. reqwest does not.
    for (value, own) in [("s3cret/", &*good), ("http://127.0.0.1:1", "none")] {
        let asked = outcome(&server, &[("ALL_PROXY", value), (OWN, own)]);
        match ureq || own == "none" {
            true => assert_eq!(asked, "200 OK"),
            false => assert!(names(&asked, "ALL_PROXY", false), "{asked}"),
        }
    }
}

/// Serves one SOCKS 5 connection to this machine. Returns the name or address that was asked for.
#[cfg(feature = "socks")]
fn relay(mut client: TcpStream) -> io::Result<String> {
    let mut head = [0; 2];
    client.read_exact(&mut head)?;
    client.read_exact(&mut vec![0; head[1].into()])?;
    client.write_all(&[5, 0])?;
    let mut request = [0; 4];
    client.read_exact(&mut request)?;
    let mut length = [4];
    if request[3] == 3 {
        client.read_exact(&mut length)?;
    }
    let (mut host, mut port) = (vec![0; length[0].into()], [0; 2]);
    client.read_exact(&mut host)?;
    client.read_exact(&mut port)?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, u16::from_be_bytes(port)))?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    thread::spawn(move || io::copy(&mut server, &mut client));
    Ok(match request[3] {
        3 => String::from_utf8_lossy(&host).into_owned(),
        _ => format!("{host:?}"),
    })
}

#[cfg(feature = "socks")]
#[test]
fn a_socks_proxy_is_asked() {
    let server = server();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, asks) = mpsc::channel();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|c| asked.send(relay(c)).unwrap());
    });
    for name in ["ALL_PROXY", "all_proxy", "HTTP_PROXY"] {
        for (scheme, host) in [("socks5", "[127, 0, 0, 1]"), ("socks5h", "localhost")] {
            let value = format!("{scheme}://{address}");
            assert_eq!(outcome(&server, &[(name, &value)]), "200 OK", "{name} {scheme}");
            let asks: Vec<_> = asks.try_iter().map(Result::unwrap).collect();
            assert_eq!(asks, ["[127, 0, 0, 1]", host], "{name} {scheme}");
        }
    }
}
