"""Logs in with keystoneauth1 to every cloud of a table, and writes the results, which the clients must
repeat.

usage: differential.py FOLDER

Writes the table to FOLDER/clouds.yaml and the results to FOLDER/keystoneauth1.json.
"""

import json
import os
import sys

from keystoneauth1 import exceptions, loading, session
from oslo_utils import timeutils

import federated_table
import federation

FOLDER = sys.argv[1]
with open(os.path.join(FOLDER, "world.json")) as file:
    WORLD = json.load(file)
URL = WORLD["url"] + "/v3"
USERS, PROJECTS, DOMAINS = WORLD["users"], WORLD["projects"], WORLD["domains"]
KEYS = WORLD["application_credentials"]
ALPHA = {"project_id": PROJECTS["alpha"]["id"]}


def scopes():
    alpha = {"project_name": "alpha"}
    yield "project by id", ALPHA
    yield "project by name, domain by id", dict(alpha, project_domain_id="default")
    yield "project by name, domain by name", dict(alpha, project_domain_name="Default")
    yield "project of another domain", dict(alpha, project_domain_name="Corp")
    yield "another project", {"project_id": PROJECTS["beta"]["id"]}
    yield "an unknown project", {"project_id": "0" * 32}
    yield "a disabled project", {"project_id": PROJECTS["disabled"]["id"]}
    yield "domain by id", {"domain_id": DOMAINS["corp"]}
    yield "domain by name", {"domain_name": "Default"}
    yield "a disabled domain", {"domain_id": DOMAINS["dead"]}
    yield "system", {"system_scope": "all"}
    yield "no scope", {}


def users():
    alice = {"username": "alice"}
    yield "by id", {"user_id": USERS["alice"]["id"]}
    yield "by name, domain by id", dict(alice, user_domain_id="default")
    yield "by name, domain by name", dict(alice, user_domain_name="Default")


def table():
    """The name, the kind of login, and the settings under `auth`."""
    password = {"password": USERS["alice"]["password"]}
    for who, user in users():
        for what, scope in scopes():
            yield "alice %s; %s" % (who, what), "v3password", dict(user, **password, **scope)
    for what, scope in list(scopes())[:3] + list(scopes())[7:]:
        yield "discovery; %s" % what, "password", dict(list(users())[2][1], **password, **scope)
    for key in ("bob", "carol", "zoe", "long", "disabled", "expired", "dead", "mfa"):
        for what, scope in ("alpha", ALPHA), ("no scope", {}):
            user = {"user_id": USERS[key]["id"], "password": USERS[key]["password"]}
            yield "%s; %s" % (key, what), "v3password", dict(user, **scope)
    corp = {"username": "alice", "user_domain_name": "Corp", "password": "corp-alice-pw"}
    own = {"project_name": "alpha", "project_domain_name": "Corp"}
    yield "alice of Corp; its alpha", "v3password", dict(corp, **own)
    yield "alice of Corp; alpha of Default", "v3password", dict(corp, **ALPHA)
    user = list(users())[0][1]
    yield "a wrong password", "v3password", dict(user, password="wrong", **ALPHA)
    yield "an unknown user", "v3password", dict(user_id="0" * 32, password="x", **ALPHA)
    for key, made in sorted(KEYS.items()):
        own = {"application_credential_id": made["id"], "application_credential_secret": made["secret"]}
        yield "application credential %s" % key, "v3applicationcredential", own
    plain = {"application_credential_secret": KEYS["plain"]["secret"], "application_credential_name": "plain"}
    for who, user in users():
        yield "application credential of alice %s" % who, "v3applicationcredential", dict(plain, **user)
    wrong = {"application_credential_id": KEYS["plain"]["id"], "application_credential_secret": "wrong"}
    yield "application credential, wrong secret", "v3applicationcredential", wrong
    unknown = dict(wrong, application_credential_id="0" * 32)
    yield "an unknown application credential", "v3applicationcredential", unknown
    for held, scope in ("nothing", {}), ("alpha", ALPHA), ("the system", {"system_scope": "all"}):
        token = log_in("v3password", dict(list(users())[0][1], **password, **scope))[1].auth_token
        for what, scope in list(scopes())[:2] + list(scopes())[4:9] + list(scopes())[10:]:
            yield "token for %s; %s" % (held, what), "v3token", dict(token=token, **scope)
    yield "an invalid token", "v3token", dict(token="none", **ALPHA)
    for what, scope in list(scopes())[:3] + list(scopes())[5:]:
        totp = {"user_id": USERS["totp"]["id"], "passcode": code("totp")}
        yield "totp; %s" % what, "v3totp", dict(totp, **scope)
        user = {"user_id": USERS["mfa"]["id"], "password": USERS["mfa"]["password"]}
        both = {"auth_methods": ["v3password", "v3totp"], "passcode": code("mfa")}
        yield "two factors; %s" % what, "v3multifactor", dict(user, **both, **scope)
    bob = {"user_id": USERS["bob"]["id"], "password": USERS["bob"]["password"]}
    for what, impersonation in ("alice", True), ("bob", False):
        yield "a trust as %s" % what, "v3password", dict(bob, trust_id=trust(impersonation))
    yield "an unknown trust", "v3password", dict(bob, trust_id="0" * 32)
    yield "a trust for another user", "v3password", dict(list(users())[0][1], **password, trust_id=trust(True))


def code(user):
    return federation.code(USERS[user]["totp_secret"])


def trust(impersonation):
    """The id of a new trust from alice to bob."""
    user = {"user_id": USERS["alice"]["id"], "password": USERS["alice"]["password"]}
    trust = {
        "trustor_user_id": USERS["alice"]["id"],
        "trustee_user_id": USERS["bob"]["id"],
        "project_id": PROJECTS["alpha"]["id"],
        "impersonation": impersonation,
        "roles": [{"name": "member"}],
    }
    own = log_in("v3password", dict(user, **ALPHA))[0]
    made = own.post(URL + "/OS-TRUST/trusts", json={"trust": trust})
    return made.json()["trust"]["id"]


def url_of(kind, auth):
    return auth.get("auth_url") or (WORLD["url"] if kind == "password" else URL)


def log_in(kind, auth):
    loader = loading.get_plugin_loader(kind)
    options = {"auth_url": url_of(kind, auth), **auth}
    if "openid_scope" in options:
        options["scope"] = options.pop("openid_scope")
    if "client_id" in options:
        # As openstacksdk passes an option that is not set.
        options.setdefault("client_secret", None)
    plugin = loader.load_from_options(**options)
    own = session.Session(auth=plugin)
    own.session.trust_env = False
    return own, plugin.get_access(own)


def outcome(name, kind, auth):
    try:
        own, access = log_in(kind, auth)
    except exceptions.HttpError as error:
        return {"refused": error.http_status}
    except exceptions.MissingAuthMethods:
        return {"asked": True}
    except (exceptions.ClientException, KeyError, ValueError) as error:
        return {"failed": type(error).__name__}
    life = None
    if access.issued is not None and kind != "v3token":
        life = int(timeutils.delta_seconds(access.issued, access.expires))
    data = {
        "user": access.user_id,
        "project": access.project_id,
        "domain": access.domain_id,
        "system": bool(access.system_scoped),
        "roles": sorted(access.role_ids),
        "life": life,
        "ends": access.expires.strftime("%Y-%m-%dT%H:%M:%SZ") if kind == "v3token" else None,
    }
    if name in ENDPOINTS:
        data["endpoints"] = endpoints(own)
    return {"token": data}


ENDPOINTS = (
    "alice by id; project by id", "alice by id; domain by id", "alice by id; system",
    "alice by id; no scope", "application credential plain",
)
SERVICES = (
    "block-storage", "compute", "container-infra", "dns", "identity", "image", "key-manager",
    "load-balancer", "metric", "network", "object-store", "orchestration", "placement", "volume",
    "volumev2", "volumev3", "workflow",
)


def endpoints(own):
    found = {}
    for service in SERVICES:
        for region in ("RegionOne", "RegionTwo", "EU-West", "Nowhere", None):
            for interface in ("public", "internal", "admin"):
                # Without discovery, because no server runs at the endpoint.
                try:
                    url = own.get_endpoint(
                        service_type=service, region_name=region, interface=interface, skip_discovery=True
                    )
                except exceptions.CatalogException:
                    url = None
                except ValueError as error:
                    # keystoneauth1 fails if the catalog has two names of one type and neither is
                    # the requested name.
                    url = "ValueError: %s" % error
                found["%s %s %s" % (service, region, interface)] = url
    return found


def main():
    clouds, outcomes = {}, {}
    rows = list(table())
    if "federation" in WORLD:
        rows.extend(federated_table.rows(WORLD, FOLDER))
    for name, kind, auth in rows:
        clouds[name] = {"auth_type": kind, "auth": dict(auth, auth_url=url_of(kind, auth))}
        outcomes[name] = outcome(name, kind, auth)
    for name, content in ("clouds.yaml", {"clouds": clouds}), ("keystoneauth1.json", outcomes):
        with open(os.path.join(FOLDER, name), "w") as file:
            json.dump(content, file, indent=1)


main()
