//! A service: many requests at once, tokens renewed in the background before they expire, and a
//! cloud that revokes all tokens in the middle. Tokens live for four seconds here and are renewed
//! after one second, so the program ends quickly.
//!
//! `cargo run -p examples --bin service`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use auth_config::{Choices, CloudConfig, Config, Files, Variables};
use auth_emulator::{Server, System, account};
use auth_proto::Settings;
use http::{Request, StatusCode};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::start()?;
    server.emulator().token_lifetime(System::Otc, time::Duration::seconds(4));
    let cloud = configured(&server.url(System::Otc))?;
    // By default, a renewal is due in the last quarter of a token's life; here it is earlier.
    let settings = Settings::default().with_renewal(20..=25);
    let client = cloud.reqwest_builder()?.settings(settings).build()?;

    // The background task renews the token, so that requests do not wait for a login. The task ends
    // with the last client. A request that finds no valid token logs in itself.
    tokio::spawn(client.refresh_loop());
    let compute = client.service(cloud.endpoint_query("compute")?);

    // Eight workers. In the middle all tokens are revoked; no worker fails.
    let (answered, until) = (AtomicU64::new(0), Instant::now() + Duration::from_millis(600));
    let work = async || {
        while Instant::now() < until {
            let answer = compute.call(Request::get("/servers").body("")?).await?;
            if answer.status() != StatusCode::OK {
                return Err(format!("the service says {}", answer.status()).into());
            }
            answered.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Result::Ok(())
    };
    let revoke = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        println!("{} login so far; all tokens are revoked now", server.traffic().logins);
        server.emulator().revoke_all();
        Result::Ok(())
    };
    tokio::try_join!(work(), work(), work(), work(), work(), work(), work(), work(), revoke())?;
    println!("{} requests answered, none refused", answered.load(Relaxed));
    let traffic = server.traffic();
    println!("{} answers with 401, each repeated with the next token", traffic.unauthorized);

    // The token is renewed without a request.
    let idle_since = Instant::now();
    while server.traffic().logins < 3 && idle_since.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let traffic = server.traffic();
    println!("{} logins, at most {} at once", traffic.logins, traffic.most_logins_in_flight);
    Ok(())
}

/// The configuration of this example. Your program calls
/// `Config::load()?.cloud(&Choices::default())`.
fn configured(auth_url: &str) -> Result<CloudConfig> {
    let variables = Variables::from_iter([
        ("OS_PROFILE", "otc"),
        ("OS_AUTH_URL", auth_url),
        ("OS_USERNAME", account::OTC_USER),
        ("OS_USER_DOMAIN_NAME", account::OTC_DOMAIN),
        ("OS_PASSWORD", account::OTC_PASSWORD),
        ("OS_PROJECT_NAME", "eu-de"),
    ]);
    Ok(Config::merge(&Files::default(), &variables)?.cloud(&Choices::default())?)
}
