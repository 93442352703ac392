"""Fills a new Keystone with identity providers, mappings and groups, and lets the accounts and clients
of the OpenID provider log in once, so that their users exist.
"""

import hmac
import json
import os
import struct
import time
import urllib.parse

import requests

# Identity providers, the protocol of each, and whether it is enabled. The gates give `bare`, `browser`
# and `either` their meaning.
IDENTITY_PROVIDERS = (
    ("provider", "openid", True),
    ("either", "mapped", True),
    ("o d+d \u00fc%2F", "openid", True),
    ("ovhcloud-emea", "openid", True),
    ("egi.eu", "openid", True),
    ("bare", "openid", True),
    ("browser", "openid", True),
    ("foreign", "openid", True),
    ("disabled", "openid", False),
)
# No group has a role anywhere else, and `guests` has none.
GRANTS = (
    ("engineers", "member", "project", "alpha"),
    ("engineers", "reader", "project", "beta"),
    ("engineers", "reader", "project", "disabled"),
    ("engineers", "member", "domain", "corp"),
    ("readers", "auditor", "project", "alpha"),
    ("services", "member", "project", "alpha"),
    ("services", "member", "domain", "corp"),
)
GROUPS = ("engineers", "readers", "services", "guests")


def fill(world, folder, request, create, roles):
    """Adds `federation` and users to the world, if an OpenID provider runs beside this server."""
    path = os.path.join(folder, "..", "provider", "listening.json")
    if not os.path.exists(path):
        return
    with open(path) as listening:
        provider = json.load(listening)
    groups = {name: create("group", name=name, domain_id="default")["id"] for name in GROUPS}
    for group, role, kind, key in GRANTS:
        place = world["projects"][key]["id"] if kind == "project" else world["domains"][key]
        request("PUT", "/%ss/%s/groups/%s/roles/%s" % (kind, place, groups[group], roles[role]))
    request("PUT", "/OS-FEDERATION/mappings/people", mapping={"rules": RULES})
    for name, protocol, enabled in IDENTITY_PROVIDERS:
        remote = {"provider": [provider["issuer"]], "foreign": ["https://elsewhere.test"]}.get(name, [])
        at = "/OS-FEDERATION/identity_providers/" + urllib.parse.quote(name, safe="")
        request("PUT", at, identity_provider={"remote_ids": remote, "enabled": enabled})
        request("PUT", "%s/protocols/%s" % (at, protocol), protocol={"mapping_id": "people"})
    world["federation"] = provider
    world["users"].update(users(world, provider))


# Each person and each client becomes a user of this name, in the groups that Keystone knows.
RULES = [{
    "local": [{"user": {"name": "{0}"}}, {"groups": "{1}", "domain": {"id": "default"}}],
    "remote": [
        {"type": "OIDC-preferred_username"},
        {"type": "OIDC-groups", "any_one_of": list(GROUPS)},
        {"type": "OIDC-groups", "whitelist": list(GROUPS)},
    ],
}]


def users(world, provider):
    """The users of the accounts by name, and of the clients as `client NAME`; ` at ` and the name of the
    identity provider follow if it is not `provider`."""
    session = requests.Session()
    session.trust_env = False
    made = {}
    for name, own, client, form in logins(provider):
        form["scope"] = client.get("scope", "openid profile")
        answer = session.post(provider["token_endpoint"], data=form, auth=basic(client), timeout=60)
        answer.raise_for_status()
        answer = answer.json()
        for at, protocol, _ in IDENTITY_PROVIDERS[:5 if name in EVERYWHERE else 1]:
            bearer = {"Authorization": "Bearer " + answer[ID_TOKENS.get(at, "access_token")]}
            token = session.post(login_url(world["url"], at, protocol), headers=bearer, timeout=60)
            token.raise_for_status()
            user = token.json()["token"]["user"]
            key = name if at == "provider" else "%s at %s" % (name, at)
            made[key] = dict(own, id=user["id"], name=user["name"], domain_id=user["domain"]["id"])
    return made


# The gate takes id tokens there.
ID_TOKENS = {"ovhcloud-emea": "id_token"}
# These log in to all identity providers.
EVERYWHERE = ("ada", "client service", "client ovh")


def logins(provider):
    """The accounts and the clients that some mapping matches: name, secrets, client and form."""
    for name, account in provider["accounts"].items():
        form = {"grant_type": "password", "username": name, "password": account["password"]}
        if "totp_secret" in account:
            form["totp"] = code(account["totp_secret"])
        if account["groups"]:
            yield name, account, provider["clients"]["service"], form
    for name, client in provider["clients"].items():
        if client["groups"]:
            own = {"password": client["secret"]}
            yield "client " + name, own, client, {"grant_type": "client_credentials"}


def login_url(url, identity_provider, protocol):
    at = urllib.parse.quote(identity_provider, safe="")
    return "%s/v3/OS-FEDERATION/identity_providers/%s/protocols/%s/auth" % (url, at, protocol)


def code(secret):
    """The current code of an authenticator with this secret. Servers take it again while it is valid."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(secret.encode(), counter, "sha1").digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 10**6)


def basic(client):
    """The client's id and secret for HTTP Basic: RFC 6749 has both form-encoded first."""
    return tuple(urllib.parse.quote_plus(client[part]) for part in ("id", "secret"))
