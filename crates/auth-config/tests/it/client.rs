//! Clients of a configuration: certificates with a server that requires them, files that are no
//! certificates, and time-outs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use auth_config::{Choices, CloudConfig, Config, Error, Files, Variables};
use testing::{Authority, Loopback, Reply, configured};

#[test]
fn a_private_ca_and_a_client_certificate() {
    let tls = TlsFiles::new("both");
    let url = tls.serve();
    let all = [("OS_CACERT", "ca.pem"), ("OS_CERT", "client.pem"), ("OS_KEY", "client.key")];
    let one_file = [("OS_CACERT", "ca.pem"), ("OS_CERT", "both.pem")];
    for files in [&all[..], &one_file] {
        let cloud = tls.configured(files);
        assert_eq!(ask_ureq(&cloud, &url), Ok(204), "{files:?}");
        assert_eq!(ask_reqwest(&cloud, &url), Ok(204), "{files:?}");
    }
    // The server requires each of them.
    for files in [&all[..1], &all[1..]] {
        let cloud = tls.configured(files);
        assert!(ask_ureq(&cloud, &url).is_err(), "{files:?}");
        assert!(ask_reqwest(&cloud, &url).is_err(), "{files:?}");
    }
}

#[test]
fn no_verification() {
    let tls = TlsFiles::new("insecure");
    let url = tls.serve();
    let cloud = tls.configured(&[("OS_INSECURE", "true"), ("OS_CERT", "both.pem")]);
    assert_eq!(ask_ureq(&cloud, &url), Ok(204));
    assert_eq!(ask_reqwest(&cloud, &url), Ok(204));
}

/// The settings hold the PEM text itself, in each spelling that a file or a variable may give it.
#[test]
fn settings_hold_the_pem_text() {
    let tls = TlsFiles::new("text");
    let url = tls.serve();
    let read = |name: &str| fs::read_to_string(tls.directory.join(name)).unwrap();
    let (ca, cert, key) = (read("ca.pem"), read("client.pem"), read("client.key"));
    let literal = |pem: &str| pem.replace('\n', "\\n");
    let folded = |pem: &str| pem.replace('\n', " ");
    let block = |pem: &str| format!("|\n      {}", pem.replace('\n', "\n      "));
    let quoted = |pem: &str| format!("\"{}\"", literal(pem));
    let json = serde_json::json!({"clouds": {"c": {"cacert": ca, "cert": cert, "key": key}}});
    let yaml = |spelled: &dyn Fn(&str) -> String| {
        let [ca, cert, key] = [&ca, &cert, &key].map(|pem| spelled(pem));
        format!("clouds:\n  c:\n    cacert: {ca}\n    cert: {cert}\n    key: {key}\n")
    };
    for (name, text) in [
        ("clouds.yaml", yaml(&block)),
        ("clouds.yaml", yaml(&quoted)),
        ("clouds.yaml", yaml(&folded)),
        ("clouds.yaml", yaml(&literal)),
        ("clouds.json", json.to_string()),
    ] {
        let files = Files::in_directory("/here").with(name, text.as_str());
        let cloud = crate::support::of(&files, &[]).unwrap();
        assert_eq!(ask_ureq(&cloud, &url), Ok(204), "{text}");
        assert_eq!(ask_reqwest(&cloud, &url), Ok(204), "{text}");
        shows_no_key(&cloud, &key);
    }
    // A cat of the file, and the key beside its certificate.
    let both = read("both.pem");
    for spelled in [both.clone(), literal(&both), folded(&both)] {
        let cloud = of_variables(&[("OS_CACERT", &ca), ("OS_CERT", &spelled)]);
        assert_eq!(ask_ureq(&cloud, &url), Ok(204), "{spelled}");
        assert_eq!(ask_reqwest(&cloud, &url), Ok(204), "{spelled}");
        shows_no_key(&cloud, &key);
    }
}

fn shows_no_key(cloud: &CloudConfig, key: &str) {
    let secret = key.lines().nth(1).unwrap();
    let shown =
        format!("{cloud:?} {:?} {:?} {:?}", cloud.tls(), cloud.settings(), cloud.warnings());
    assert!(!shown.contains(&secret[..20]), "{shown}");
    assert_eq!((cloud.get("key"), cloud.get("cert")), (None, None));
}

/// A file with a private key inside counts as a file with a secret.
#[test]
fn an_open_file_with_a_key_is_a_warning() {
    let (_, key) = Authority::new().issue("me");
    let text = serde_json::json!({"clouds": {"c": {"cert": "/c.pem", "key": key}}}).to_string();
    let files = Files::in_directory("/here").with_readable_by_others("clouds.json", text);
    let warned = crate::support::warned(&crate::support::of(&files, &[]).unwrap());
    assert!(warned[0].contains("holds a secret and is readable by others"), "{warned:?}");
}

/// Each pair that no handshake can use is an error of the setting, with its file.
#[test]
fn an_unusable_pair_is_refused_when_it_is_read() {
    let tls = TlsFiles::new("unusable");
    let base64 = "TUlJQ2Fubm90QmVBQ2VydGlmaWNhdGU=";
    let section = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let (cert, key) = tls.ca.issue("me");
    let garbage = section("CERTIFICATE", base64);
    for (name, text) in [
        ("empty.pem", String::new()),
        ("garbage.pem", "\u{0}\u{1}garbage".to_owned()),
        ("no-der.pem", garbage.clone()),
        ("no-der-and-key.pem", format!("{garbage}{key}")),
        ("no-der.key", section("PRIVATE KEY", base64)),
        ("no-base64.pem", format!("{}{key}", section("CERTIFICATE", "*%&"))),
        ("cut.pem", cert[..cert.len() / 2].to_owned()),
        ("cut.key", key[..key.len() / 2].to_owned()),
        ("mislabelled.key", key.replace("PRIVATE KEY", "RSA PRIVATE KEY")),
        ("rsa1024.pem", include_str!("pem/rsa1024.pem").to_owned()),
        ("encrypted.key", include_str!("pem/encrypted.pem").to_owned()),
        ("legacy.key", section("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nTUlJ")),
        ("other.key", tls.ca.issue("me").1),
        ("marked.pem", format!("\u{feff}{cert}")),
        ("trusted.pem", cert.replace(" CERTIFICATE", " TRUSTED CERTIFICATE")),
        ("version1.pem", include_str!("pem/version1.pem").to_owned()),
    ] {
        fs::write(tls.directory.join(name), text).unwrap();
    }
    for (settings, setting, named) in [
        (&[("OS_CERT", "client.pem"), ("OS_KEY", "other.key")][..], "cert: ", "other.key"),
        (&[("OS_CERT", "rsa1024.pem")], "cert: ", "rsa1024.pem"),
        (&[("OS_CERT", "empty.pem")], "cert: ", "empty.pem: no certificate in it"),
        (&[("OS_CERT", "garbage.pem")], "cert: ", "garbage.pem: no certificate in it"),
        (&[("OS_CERT", "no-der-and-key.pem")], "cert: ", "no-der-and-key.pem"),
        (&[("OS_CERT", "no-base64.pem")], "cert: ", "no-base64.pem"),
        (&[("OS_CERT", "cut.pem"), ("OS_KEY", "client.key")], "cert: ", "cut.pem"),
        (&[("OS_CERT", "client.pem")], "cert: ", "client.pem: no private key in it"),
        (&[("OS_CERT", "client.key")], "cert: ", "client.key: no certificate in it"),
        (&[("OS_KEY", "client.key")], "key: ", "set without cert"),
        (
            &[("OS_CERT", "client.pem"), ("OS_KEY", "empty.pem")],
            "key: ",
            "empty.pem: no private key",
        ),
        (
            &[("OS_CERT", "client.pem"), ("OS_KEY", "client.pem")],
            "key: ",
            "client.pem: no private key",
        ),
        (&[("OS_CERT", "client.pem"), ("OS_KEY", "no-der.key")], "cert: ", "no-der.key"),
        (&[("OS_CERT", "client.pem"), ("OS_KEY", "cut.key")], "", "cut.key"),
        (&[("OS_CERT", "client.pem"), ("OS_KEY", "mislabelled.key")], "cert: ", "mislabelled.key"),
        (
            &[("OS_CERT", "client.pem"), ("OS_KEY", "encrypted.key")],
            "key: ",
            "encrypted.key: the private key is encrypted",
        ),
        (
            &[("OS_CERT", "client.pem"), ("OS_KEY", "legacy.key")],
            "key: ",
            "legacy.key: the private key is encrypted",
        ),
        (&[("OS_CACERT", "empty.pem")], "cacert: ", "empty.pem: no certificate in it"),
        (&[("OS_CACERT", "no-der.pem")], "cacert: ", "no-der.pem"),
        (&[("OS_CACERT", "cut.pem")], "cacert: ", "cut.pem"),
        (&[("OS_CACERT", "client.key")], "cacert: ", "client.key: no certificate in it"),
        (&[("OS_CACERT", "marked.pem")], "cacert: ", "marked.pem: no certificate in it"),
        (&[("OS_CACERT", "trusted.pem")], "cacert: ", "trusted.pem: no certificate in it"),
        (&[("OS_CERT", "marked.pem"), ("OS_KEY", "client.key")], "cert: ", "marked.pem"),
        (&[("OS_CERT", "trusted.pem"), ("OS_KEY", "client.key")], "cert: ", "trusted.pem"),
        (&[("OS_CERT", "version1.pem")], "cert: ", "version1.pem"),
    ] {
        for error in errors(&tls.configured(settings)) {
            assert!(matches!(error, Error::Pem { .. }), "{settings:?}: {error:?}");
            let said = error.to_string();
            assert!(said.starts_with(setting) && said.contains(named), "{settings:?}: {said}");
            assert!(!said.contains(&key.lines().nth(1).unwrap()[..20]), "{said}");
        }
    }
}

/// Each file that no client may read, under each setting.
#[cfg(unix)]
#[test]
fn only_files_and_pipes_are_read() {
    use auth_config::FileProblem::{Device, Directory, Slow, Socket, TooLarge, Unreadable};

    let tls = TlsFiles::new("kinds");
    let at = |name: &str| tls.directory.join(name);
    let _ = fs::remove_file(at("socket"));
    let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    fs::create_dir_all(at("directory")).unwrap();
    fs::File::create(at("sparse.pem")).unwrap().set_len(1 << 30).unwrap();
    fs::write(at("large.pem"), vec![b'\n'; auth_config::limits::FILE + 1]).unwrap();
    let settings = [
        |name| vec![("OS_CACERT", name)],
        |name| vec![("OS_CERT", name)],
        |name| vec![("OS_CERT", "client.pem"), ("OS_KEY", name)],
    ];
    for (name, want) in [
        ("/dev/zero", Device),
        ("/dev/null", Device),
        ("directory", Directory),
        ("socket", Socket),
        ("sparse.pem", TooLarge),
        ("large.pem", TooLarge),
        ("nosuch.pem", Unreadable(std::io::ErrorKind::NotFound)),
        ("client.pem/x", Unreadable(std::io::ErrorKind::NotADirectory)),
    ] {
        for setting in settings {
            refused(&tls.configured(&setting(name)), &at(name), want);
        }
    }
    // Nobody writes to this pipe.
    let silent = pipe(&at("silent.fifo"));
    std::thread::scope(|scope| {
        for setting in settings {
            let (cloud, silent) = (tls.configured(&setting("silent.fifo")), &silent);
            scope.spawn(move || refused(&cloud, silent, Slow));
        }
    });
    // This one has no end.
    let endless = pipe(&at("endless.fifo"));
    let mut writer = std::process::Command::new("sh")
        .args(["-c", "while :; do yes >\"$0\"; done 2>/dev/null"])
        .arg(&endless)
        .spawn()
        .unwrap();
    let cloud = tls.configured(&[("OS_CACERT", "endless.fifo")]);
    refused(&cloud, &endless, TooLarge);
    writer.kill().unwrap();
    writer.wait().unwrap();
}

#[cfg(unix)]
fn refused(cloud: &CloudConfig, file: &Path, want: auth_config::FileProblem) {
    for error in errors(cloud) {
        let Error::File { setting: Some(_), path, problem } = &error else { panic!("{error:?}") };
        assert_eq!((path.as_path(), *problem), (file, want), "{error}");
    }
}

#[cfg(unix)]
fn pipe(path: &Path) -> PathBuf {
    let _ = fs::remove_file(path);
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    path.to_path_buf()
}

#[cfg(unix)]
#[test]
fn certificates_come_through_pipes() {
    let tls = TlsFiles::new("pipes");
    let url = tls.serve();
    let cloud = tls.configured(&[
        ("OS_CACERT", "ca.fifo"),
        ("OS_CERT", "client.fifo"),
        ("OS_KEY", "key.fifo"),
    ]);
    for is_blocking in [true, false] {
        let files =
            [("ca.fifo", "ca.pem"), ("client.fifo", "client.pem"), ("key.fifo", "client.key")];
        let writers = files.map(|(name, from)| {
            let path = pipe(&tls.directory.join(name));
            let text = fs::read(tls.directory.join(from)).unwrap();
            std::thread::spawn(move || fs::write(path, text).unwrap())
        });
        let ask = if is_blocking { ask_ureq } else { ask_reqwest };
        assert_eq!(ask(&cloud, &url), Ok(204));
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    }
}

#[test]
fn builders_log_in_as_configured() {
    let tls = TlsFiles::new("login");
    let server = Loopback::start_tls(tls.ca.mutual_server("localhost"), |request| {
        assert!(request.text.contains("secretsecret"), "{request:?}");
        let token = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
        Reply::new(201, "X-Subject-Token: t\r\nConnection: close\r\n", token)
    });
    let url = format!("https://localhost:{}/v3", server.port());
    let path = |name: &str| tls.directory.join(name).display().to_string();
    let cloud = of_variables(&[
        ("OS_AUTH_URL", &url),
        ("OS_USER_ID", "u"),
        ("OS_PASSWORD", "secretsecret"),
        ("OS_CACERT", &path("ca.pem")),
        ("OS_CERT", &path("both.pem")),
        ("OS_API_TIMEOUT", "90"),
    ]);
    configured::login(&cloud.cloud().unwrap(), &cloud.credential().unwrap());
    let (blocking, asynchronous) =
        (cloud.ureq_builder().unwrap(), cloud.reqwest_builder().unwrap());
    for shown in [format!("{blocking:?}"), format!("{asynchronous:?}")] {
        assert!(shown.contains("identity_timeout: 90s"), "{shown}");
    }
    assert_eq!(blocking.build().unwrap().token().unwrap().expose(), "t");
    let client = asynchronous.build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(client.token()).unwrap().expose(), "t");
}

#[test]
fn time_outs_bound_silence_not_long_bodies() {
    let http = of_variables(&[("OS_API_TIMEOUT", "90")]).ureq_http().unwrap().build();
    let timeout = Some(std::time::Duration::from_secs(90));
    assert_eq!((http.timeouts().connect, http.timeout_per_read()), (timeout, timeout));
    assert_eq!((http.timeouts().recv_body, http.timeouts().global), (None, None));
}

/// The errors of both clients.
fn errors(cloud: &CloudConfig) -> [Error; 2] {
    [cloud.ureq_http().err(), cloud.reqwest_http().err()].map(Option::unwrap)
}

fn ask_ureq(cloud: &CloudConfig, url: &str) -> Result<u16, String> {
    let answer = cloud.ureq_http().unwrap().build().new_agent().get(url).call();
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn ask_reqwest(cloud: &CloudConfig, url: &str) -> Result<u16, String> {
    let client = cloud.reqwest_http().unwrap()().build().unwrap();
    let answer = client.get(url).send().await;
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

fn of_variables(variables: &[(&str, &str)]) -> CloudConfig {
    crate::support::of_variables(variables).unwrap()
}

/// A directory with the certificates of a CA and a client.
struct TlsFiles {
    directory: PathBuf,
    ca: Authority,
}

impl TlsFiles {
    fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{name}"));
        fs::create_dir_all(&directory).unwrap();
        let ca = Authority::new();
        let (client, key) = ca.issue("localhost");
        let files = [("ca.pem", ca.pem()), ("both.pem", format!("{client}{key}"))];
        for (name, text) in files.into_iter().chain([("client.pem", client), ("client.key", key)]) {
            fs::write(directory.join(name), text).unwrap();
        }
        Self { directory, ca }
    }

    fn configured(&self, variables: &[(&str, &str)]) -> CloudConfig {
        let path = |(name, value): &(&str, &str)| match *value {
            "true" => (name.to_string(), value.to_string()),
            file => (name.to_string(), self.directory.join(file).display().to_string()),
        };
        let variables = variables.iter().map(path).collect::<Variables>();
        let config = Config::merge(&Files::default(), &variables).unwrap();
        config.cloud(&Choices::default()).unwrap()
    }

    /// The URL of a server that answers clients with a certificate of the CA.
    fn serve(&self) -> String {
        let config = self.ca.mutual_server("localhost");
        let server = Loopback::start_tls(config, |_| {
            Reply::status(204, "Connection: close\r\n").body_to_end("")
        });
        format!("https://localhost:{}/", server.port())
    }
}
