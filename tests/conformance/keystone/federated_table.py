"""The federated logins that keystoneauth1 and the clients are compared by."""

import json
import os

import requests
import yaml

import federation


def rows(world, folder):
    """The name, the kind of login, and the settings under `auth`."""
    own = Table(world, folder)
    for part in own.services(), own.people(), own.tokens(), own.refused(), own.at_apache(), own.documented():
        yield from part


class Table:
    def __init__(self, world, folder):
        self.world, self.folder, self.provider = world, folder, world["federation"]
        self.project = {"project_id": world["projects"]["alpha"]["id"]}
        self.session = requests.Session()
        self.session.trust_env = False

    def login(self, name="service", at="provider", **changes):
        """The settings of this client at this identity provider."""
        client = self.provider["clients"][name]
        settings = {
            "identity_provider": at,
            "protocol": "openid",
            "client_id": client["id"],
            "discovery_endpoint": self.provider["discovery_endpoint"],
            **self.project,
        }
        if "secret" in client:
            settings["client_secret"] = client["secret"]
        settings.update(changes)
        return {key: value for key, value in settings.items() if value is not None}

    def scopes(self):
        none = {"project_id": None}
        alpha = dict(none, project_name="alpha")
        yield "project by id", {}
        yield "project by name, domain by id", dict(alpha, project_domain_id="default")
        yield "project by name, domain by name", dict(alpha, project_domain_name="Default")
        yield "a project without a role", {"project_id": self.world["projects"]["corp-alpha"]["id"]}
        yield "an unknown project", {"project_id": "0" * 32}
        yield "a disabled project", {"project_id": self.world["projects"]["disabled"]["id"]}
        yield "domain by id", dict(none, domain_id=self.world["domains"]["corp"])
        yield "domain by name", dict(none, domain_name="Corp")
        # Not the system: Keystone 30 has no format of such a token, and answers 500.
        yield "no scope", none

    def services(self):
        kind, endpoint = "v3oidcclientcredentials", self.provider["token_endpoint"]
        for what, scope in self.scopes():
            yield "client; %s" % what, kind, self.login(**scope)
        alone = {"discovery_endpoint": None, "access_token_endpoint": endpoint}
        yield "client; token endpoint", kind, self.login(**alone)
        yield "client; both endpoints", kind, self.login(access_token_endpoint=endpoint)
        yield "client; id token", kind, self.login(access_token_type="id_token")
        yield "client; one scope", kind, self.login("limited", openid_scope="openid")
        yield "client; JWT", kind, self.login("jwt")
        yield "client; escapes in id and secret", kind, self.login("odd")
        yield "client; a user without any role", kind, self.login("guest")
        yield "client; another protocol", kind, self.login(at="either", protocol="mapped")
        yield "client; an odd identity provider", kind, self.login(at=federation.IDENTITY_PROVIDERS[2][0])

    def people(self):
        for what, scope in self.scopes():
            yield "ada; %s" % what, "v3oidcpassword", self.person("ada", **scope)
        yield "grace; project by id", "v3oidcpassword", self.person("grace")
        yield "ada; public client", "v3oidcpassword", self.person("ada", "public")
        yield "ada; client without other grants", "v3oidcpassword", self.person("ada", "narrow")
        yield "guest; project by id", "v3oidcpassword", self.person("guest")

    def person(self, name, client="service", **changes):
        password = self.provider["accounts"][name]["password"]
        return self.login(client, **{"username": name, "password": password, **changes})

    def tokens(self):
        for kind in "access_token", "id_token":
            yield "%s given" % kind, "v3oidcaccesstoken", self.given(self.bearer(kind))
        yield "no token", "v3oidcaccesstoken", self.given("nothing")
        yield "access_token given; no scope", "v3oidcaccesstoken", self.given(
            self.bearer("access_token"), project_id=None
        )

    def given(self, token, **changes):
        settings = self.login(**dict({"access_token": token}, **changes))
        return {key: settings[key] for key in settings if key not in ("client_id", "client_secret", "discovery_endpoint")}

    def bearer(self, kind, name="service"):
        form = {"grant_type": "client_credentials", "scope": "openid profile"}
        client = federation.basic(self.provider["clients"][name])
        answer = self.session.post(self.provider["token_endpoint"], data=form, auth=client)
        answer.raise_for_status()
        return answer.json()[kind]

    def refused(self):
        kind = "v3oidcclientcredentials"
        yield "client; a wrong secret", kind, self.login(client_secret="wrong")
        yield "client; unknown", kind, self.login(client_id="nobody")
        yield "client; a grant that it lacks", kind, self.login("narrow")
        yield "client; a scope that it lacks", kind, self.login("limited")
        yield "client; no mapping", kind, self.login("stranger")
        yield "client; no id token without openid", kind, self.login(
            access_token_type="id_token", openid_scope="profile"
        )
        yield "client; no document", kind, self.login(discovery_endpoint=self.provider["issuer"] + "/nowhere")
        yield "client; a document without endpoints", kind, self.login(discovery_endpoint=self.provider["jwks_uri"])
        for at in "nowhere", "bare", "browser", "foreign", "disabled":
            yield "client; at %s" % at, kind, self.login(at=at)
        yield "client; an unknown protocol", kind, self.login(protocol="saml9")
        yield "client; a protocol of another", kind, self.login(protocol="mapped")
        yield "ada; a wrong password", "v3oidcpassword", self.person("ada", password="wrong")
        yield "ada; unknown", "v3oidcpassword", self.person("ada", username="nobody")
        yield "otto; no code", "v3oidcpassword", self.person("otto")
        yield "stranger; no mapping", "v3oidcpassword", self.person("stranger")

    def at_apache(self):
        path = os.path.join(self.folder, "..", "apache", "listening.json")
        if not os.path.exists(path):
            return
        with open(path) as file:
            url = json.load(file)["url"] + "/v3"
        kind = "v3oidcclientcredentials"
        for what, scope in list(self.scopes())[2:5]:
            yield "client, Apache; %s" % what, kind, self.login(auth_url=url, **scope)
        yield "ada, Apache; project by id", "v3oidcpassword", self.person("ada", auth_url=url)
        yield "access_token given, Apache", "v3oidcaccesstoken", self.given(self.bearer("access_token"), auth_url=url)
        yield "no token, Apache", "v3oidcaccesstoken", self.given("nothing", auth_url=url)
        yield "id_token given, Apache", "v3oidcaccesstoken", self.given(self.bearer("id_token"), auth_url=url)
        yield "client, Apache; at browser", kind, self.login(at="browser", auth_url=url)
        yield "client, Apache; another protocol", kind, self.login(at="either", protocol="mapped", auth_url=url)

    def documented(self):
        """The documented clouds, from the text that is written for the clients to read."""
        with open(os.path.join(os.path.dirname(__file__), "documented.yaml")) as file:
            text = file.read()
        for printed, own in (
            ("https://auth.cloud.ovh.net", self.world["url"]),
            ("https://keystone.site.test:5000", self.world["url"]),
            ("https://iam.ovh.net", self.provider["issuer"]),
            ("https://aai.egi.eu", self.provider["issuer"]),
            ("0f" * 16, self.project["project_id"]),
            ("<your project id>", self.project["project_id"]),
            ("<your access token>", self.bearer("access_token", "ovh")),
            ("domain_name: egi.eu", "domain_name: Corp"),
        ):
            text = text.replace(printed, own)
        with open(os.path.join(self.folder, "documented.yaml"), "w") as file:
            file.write(text)
        for name, cloud in yaml.safe_load(text)["clouds"].items():
            yield name, cloud["auth_type"], cloud["auth"]
