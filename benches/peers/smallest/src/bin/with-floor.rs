//! Usage: with-floor IDENTITY-URL SERVICE REGION
//!
//! Uses a bare HTTP client. Keeps no token and checks nothing.

use std::{env, error::Error};

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let [identity, service, region]: [String; 3] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "three arguments")?;
    let domain = json!({ "name": "Default" });
    let user = json!({ "name": "user", "domain": domain, "password": "password" });
    let login = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": user } },
        "scope": { "project": { "name": "project", "domain": domain } },
    } });
    let request = ureq::post(format!("{identity}/auth/tokens"));
    let mut answer = request.header("content-type", "application/json").send(login.to_string())?;
    let token = answer.headers().get("x-subject-token").ok_or("there is no token")?.len();
    let answer: Value = serde_json::from_slice(&answer.body_mut().read_to_vec()?)?;
    let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let services = rows(&answer["token"]["catalog"]).into_iter();
    let mut endpoints =
        services.filter(|row| row["type"] == service).flat_map(|row| rows(&row["endpoints"]));
    let endpoint = endpoints
        .find(|row| row["region"] == region && row["interface"] == "public")
        .ok_or("there is no such endpoint")?;
    println!("{token} {}", endpoint["url"].as_str().unwrap_or_default());
    Ok(())
}
