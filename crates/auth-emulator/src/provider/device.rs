//! Device authorization (RFC 8628): a device asks for a code, a person approves it.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use time::{Duration, UtcDateTime};

use crate::{
    directory::Subject,
    message::routed::RoutedRequest,
    provider::{
        Provider,
        answer::{self, OauthError},
        client::{Client, DEVICE_CODE},
        form::Form,
        grants, pages,
    },
};

/// The devices that wait for a person or for their token, the last 1,000 of them.
#[derive(Default)]
pub(super) struct Devices(Vec<Device>);

struct Device {
    code: String,
    /// What the person types: eight letters with a hyphen.
    user_code: String,
    client: &'static Client,
    scope: String,
    expires_at: UtcDateTime,
    interval: Duration,
    /// When the device last asked.
    asked_at: Option<UtcDateTime>,
    decision: Decision,
}

enum Decision {
    Pending,
    Approved(&'static Subject),
    Denied,
}

impl Devices {
    /// Who approved this device, and its scope. An approved device gets its token once.
    pub(super) fn ask(
        &mut self,
        code: &str,
        client: &Client,
        now: UtcDateTime,
    ) -> Result<(&'static Subject, String), OauthError> {
        let place = self.0.iter().position(|it| it.code == code && it.client.id == client.id);
        let Some(place) = place else {
            return Err(OauthError::new("invalid_grant", "The device code is not valid."));
        };
        let device = &mut self.0[place];
        if now >= device.expires_at {
            return Err(OauthError::new("expired_token", "The device code has expired."));
        }
        let is_early = device.asked_at.is_some_and(|before| now - before < device.interval);
        device.asked_at = Some(now);
        if is_early {
            device.interval = device.interval.saturating_add(SLOW_DOWN);
            return Err(OauthError::new("slow_down", "The device asked too early."));
        }
        match device.decision {
            Decision::Pending => {
                Err(OauthError::new("authorization_pending", "The person has not decided yet."))
            }
            Decision::Denied => Err(OauthError::new("access_denied", "The person denied it.")),
            Decision::Approved(subject) => Ok((subject, self.0.remove(place).scope)),
        }
    }

    /// Approves as this person, or denies. Returns whether the code waits for a person.
    pub(super) fn decide(&mut self, user_code: &str, approver: Option<&'static Subject>) -> bool {
        let plain = |text: &str| text.replace('-', "").to_ascii_uppercase();
        let pending = self.0.iter_mut().find(|device| {
            matches!(device.decision, Decision::Pending)
                && plain(&device.user_code) == plain(user_code)
        });
        let Some(device) = pending else { return false };
        device.decision = approver.map_or(Decision::Denied, Decision::Approved);
        true
    }

    fn add(&mut self, device: Device) {
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(device);
    }
}

/// `POST /device`.
pub(super) fn authorize(request: &RoutedRequest<'_>, provider: &mut Provider) -> Response<Vec<u8>> {
    match begin(request, provider) {
        Ok(body) => answer::value(StatusCode::OK, &body),
        Err(error) => error.response(),
    }
}

fn begin(request: &RoutedRequest<'_>, provider: &mut Provider) -> Result<Value, OauthError> {
    let form = Form::read(request)?;
    let client = Client::of(request, &form, &provider.settings)?;
    client.check(DEVICE_CODE)?;
    let scope = grants::scope(&form)?;
    let Provider { settings, issued, devices, .. } = provider;
    let (code, letters) = (issued.text(), issued.text());
    let user_code = user_code(&letters);
    let lifetime = settings.device_lifetime;
    let page = format!("{}/device", request.provider_root());
    let body = json!({
        "device_code": code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": lifetime.whole_seconds(),
        "interval": settings.interval.whole_seconds(),
    });
    devices.add(Device {
        code,
        user_code,
        client,
        scope,
        expires_at: request.now.saturating_add(lifetime),
        interval: settings.interval,
        asked_at: None,
        decision: Decision::Pending,
    });
    Ok(body)
}

/// `POST /device/decision`: the form of the page.
pub(super) fn decision(request: &RoutedRequest<'_>, provider: &mut Provider) -> Response<Vec<u8>> {
    match decided(request, provider) {
        Ok(()) => pages::decided(),
        Err(error) => error.response(),
    }
}

fn decided(request: &RoutedRequest<'_>, provider: &mut Provider) -> Result<(), OauthError> {
    let form = Form::read(request)?;
    let code = form.required("user_code")?;
    let subject = grants::by_password(&form, &provider.settings, request.now)?;
    let approver = match form.required("decision")? {
        "approve" => Some(subject),
        "deny" => None,
        _ => return Err(OauthError::malformed("The decision is neither approve nor deny.")),
    };
    if provider.devices.decide(code, approver) {
        Ok(())
    } else {
        Err(OauthError::new("invalid_grant", "No device waits with this code."))
    }
}

/// Eight consonants, computed from a text (RFC 8628, section 6.1).
fn user_code(text: &str) -> String {
    let letter = |byte: u8| char::from(CONSONANTS[usize::from(byte) % CONSONANTS.len()]);
    let letters: Vec<char> = text.bytes().take(8).map(letter).collect();
    [&letters[..4], &letters[4..]].map(|half| half.iter().collect::<String>()).join("-")
}

const CONSONANTS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// What `slow_down` adds to the interval.
const SLOW_DOWN: Duration = Duration::seconds(5);
/// The number of devices that the provider stores.
const KEPT: usize = 1_000;
