"""Fills a new Keystone, and writes its users, projects and services into world.json, beside the
listening.json of the server.

usage: seed.py FOLDER
"""

import base64
import datetime
import functools
import json
import os
import sqlite3
import sys
import time
import uuid

import requests

import federation

FOLDER = sys.argv[1]
IS_V2 = sys.version_info < (3, 7)
with open(os.path.join(FOLDER, "listening.json")) as listening:
    WORLD = json.load(listening)

ENDING_SECONDS = 5

session = requests.Session()
session.trust_env = False
session.request = functools.partial(session.request, timeout=60)


def main():
    session.headers["X-Auth-Token"] = log_in("admin", "admin-pw", "admin")
    roles = {role["name"]: role["id"] for role in request("GET", "/roles")["roles"]}
    for name in ("reader", "member", "auditor"):
        if name not in roles:
            roles[name] = create("role", name=name)["id"]
    corp, dead = create("domain", name="Corp")["id"], create("domain", name="Dead")["id"]
    domains = {"default": "default", "corp": corp, "dead": dead}
    projects = {
        key: create("project", name=name, domain_id=domain, enabled=enabled)
        for key, name, domain, enabled in (
            ("alpha", "alpha", "default", True),
            ("beta", "beta", "default", True),
            ("corp-alpha", "alpha", corp, True),
            ("dead", "dead", dead, True),
            ("disabled", "disabled", "default", False),
        )
    }
    users = people(domains, projects["alpha"]["id"])
    grants(users, roles, projects, corp, dead)
    WORLD.update(version="v2.0" if IS_V2 else "v3", users=users, domains=domains, projects=projects)
    catalog()
    if not IS_V2:
        factors(users)
    request("PATCH", "/domains/" + dead, domain={"enabled": False})
    expire_password(users["expired"])
    if not IS_V2:
        WORLD["application_credentials"] = application_credentials(users["alice"], projects["alpha"])
        federation.fill(WORLD, FOLDER, request, create, roles)
        time.sleep(ENDING_SECONDS)
    save()


def people(domains, default_project):
    users = {}
    for key, name, domain, extra in (
        ("alice", "alice", "default", {}),
        ("bob", "bob", "default", {"default_project_id": default_project}),
        ("carol", "carol", "default", {}),
        ("corp-alice", "alice", domains["corp"], {}),
        ("dead", "dead", domains["dead"], {}),
        ("disabled", "disabled", "default", {"enabled": False}),
        ("expired", "expired", "default", {}),
        ("long", "l" * 255, "default", {}),
        ("mfa", "mfa", "default", {}),
        ("totp", "totp", "default", {}),
        ("zoe", "zo\u00eb \u2603", "default", {"password": 'p\u00e4ss \u2603 "w\u00f6rd\\'}),
    ):
        user = dict({"name": name, "domain_id": domain, "password": key + "-pw"}, **extra)
        users[key] = dict(user, id=create("user", **user)["id"])
    user = request("GET", "/users?name=admin")["users"][0]
    users["admin"] = dict(user, password="admin-pw")
    return users


def grants(users, roles, projects, corp, dead):
    def grant(role, user, where):
        request("PUT", "%s/users/%s/roles/%s" % (where, users[user]["id"], roles[role]))

    def project(key):
        return "/projects/" + projects[key]["id"]

    for user in ("alice", "bob", "dead", "disabled", "expired", "long", "mfa", "totp", "zoe"):
        grant("member", user, project("alpha"))
    for role, where in (
        ("auditor", project("alpha")),
        ("reader", project("beta")),
        ("reader", project("dead")),
        ("reader", project("disabled")),
        ("reader", "/domains/default"),
        ("reader", "/domains/" + dead),
        ("member", "/domains/" + corp),
    ):
        grant(role, "alice", where)
    grant("member", "corp-alice", project("corp-alpha"))
    if not IS_V2:
        grant("reader", "alice", "/system")


def factors(users):
    """One-time codes, and a user who needs both factors."""
    for key in ("mfa", "totp"):
        secret = ("secret of " + key).ljust(20, ".")
        users[key]["totp_secret"] = secret
        blob = base64.b32encode(secret.encode()).decode()
        create("credential", type="totp", blob=blob, user_id=users[key]["id"])
    both = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "totp"]]}
    request("PATCH", "/users/" + users["mfa"]["id"], user={"options": both})


def application_credentials(alice, alpha):
    token = log_in("alice", alice["password"], alpha["name"])
    made = {}
    for key, extra in (
        ("plain", {}),
        ("unrestricted", {"unrestricted": True}),
        ("one-role", {"roles": [{"name": "auditor"}]}),
        ("rules", {"access_rules": [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]}),
        ("dated", {"expires_at": "2099-01-01T00:00:00.000000Z"}),
        # In seconds from the request, with a reserve for a busy machine.
        ("ending", {"expires_at": ENDING_SECONDS}),
    ):
        wish = dict({"name": key, "secret": "secret of " + key}, **extra)
        if isinstance(wish.get("expires_at"), int):
            wish["expires_at"] = soon(wish["expires_at"])
        path = "/users/%s/application_credentials" % alice["id"]
        made[key] = create("application_credential", path, token, **wish)
    # The credential works until it expires.
    ending = {"id": made["ending"]["id"], "secret": made["ending"]["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": ending}
    request("POST", "/auth/tokens", auth={"identity": identity})
    return made


def catalog():
    """Services with three interfaces in three regions, with some endpoints missing."""
    for region in ("RegionTwo", "EU-West"):
        create("region", id=region)
    rows = []
    for type_, name, path in SERVICES[:4] if IS_V2 else SERVICES:
        service = create("service", type=type_, name=name)["id"]
        for region in ("RegionOne", "RegionTwo", "EU-West"):
            for interface in ("public", "internal", "admin"):
                if (type_, region) == ("dns", "EU-West") or (type_, interface) == ("key-manager", "admin"):
                    continue
                url = "https://%s.%s.%s.test%s" % (name, interface, region.lower(), path)
                rows.append((uuid.uuid4().hex, interface, service, url, region))
    identity = request("GET", "/services?type=identity")["services"]
    identity = identity[0] if identity else create("service", type="identity", name="keystone")
    version = "/v2.0" if IS_V2 else "/v3"
    for interface in ("public", "internal", "admin"):
        # One server at three URLs: the URL shows which endpoint a client chose.
        place = {"public": "", "internal": WORLD["prefix"], "admin": WORLD["proxied"]}[interface]
        rows.append((uuid.uuid4().hex, interface, identity["id"], WORLD["url"] + place + version, "RegionOne"))
    # A hundred requests would take longer and longer, because Keystone builds the whole catalog for
    # each token that it checks.
    with database() as db:
        db.executemany(
            "INSERT INTO endpoint (id, interface, service_id, url, region_id, enabled, extra)"
            " VALUES (?, ?, ?, ?, ?, 1, '{}')",
            rows,
        )
    # A disabled service, which clients must not see. The request also makes Keystone drop its cached
    # catalog.
    service = create("service", type="metric", name="gnocchi", enabled=False)["id"]
    create("endpoint", service_id=service, region_id="RegionOne", interface="public", url="https://x.test")


SERVICES = (
    ("compute", "nova", "/v2.1"),
    ("image", "glance", ""),
    ("object-store", "swift", "/v1/AUTH_$(project_id)s"),
    ("network", "neutron", ""),
    ("volumev3", "cinderv3", "/v3/$(project_id)s"),
    ("block-storage", "cinder", "/v3"),
    ("orchestration", "heat", "/v1/$(tenant_id)s"),
    ("placement", "placement", ""),
    ("dns", "designate", ""),
    ("key-manager", "barbican", ""),
    ("load-balancer", "octavia", ""),
    ("container-infra", "magnum", "/v1"),
)


def expire_password(user):
    """Changes the database, because no request sets the expiry of a password."""
    past = datetime.datetime(2020, 1, 1)
    with database() as db:
        db.execute(
            "UPDATE password SET expires_at = ?, expires_at_int = ? WHERE local_user_id IN"
            " (SELECT id FROM local_user WHERE user_id = ?)",
            (past.isoformat(" "), 1577836800 * 10**6, user["id"]),
        )


def database():
    return sqlite3.connect(os.path.join(FOLDER, "keystone.db"), timeout=10)


def soon(seconds):
    at = datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def log_in(name, password, project):
    default = {"id": "default"}
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": name, "domain": default, "password": password}},
    }
    scope = {"project": {"name": project, "domain": default}}
    body = {"auth": {"identity": identity, "scope": scope}}
    response = session.post(WORLD["url"] + "/v3/auth/tokens", json=body)
    response.raise_for_status()
    return response.headers["X-Subject-Token"]


def create(kind, path=None, token=None, **wish):
    return request("POST", path or "/%ss" % kind, token, **{kind: wish})[kind]


def request(method, path, token=None, **body):
    headers = {"X-Auth-Token": token} if token else {}
    response = session.request(method, WORLD["url"] + "/v3" + path, json=body or None, headers=headers)
    if not response.ok:
        sys.exit("%s %s: %s %s" % (method, path, response.status_code, response.text))
    return response.json() if response.content else None


def save():
    path = os.path.join(FOLDER, "world.json")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(WORLD, file, indent=1, sort_keys=True)


main()
