"""The gate in front of federated logins, which Apache's modules are in production: asks the OpenID
provider whether a bearer is good, and hands its claims to Keystone.

Names of identity providers select how the gate is configured: `browser` stands for a path that takes a
browser only, `bare` for a path without a gate, and `ovhcloud-emea` for one that takes id tokens only.
"""

import re
import urllib.parse

import jwt
import requests

LOGIN = re.compile(r"/v3/OS-FEDERATION/identity_providers/([^/]+)/protocols/[^/]+/auth$")


def gated(application, provider):
    """The application behind a gate that asks this provider, which is the listening.json of it."""
    keys = jwt.PyJWKClient(provider["jwks_uri"])

    def gate(environ, start_response):
        found = LOGIN.search(environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"])
        if not found or found[1] == "bare":
            return application(environ, start_response)
        kind, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer" or found[1] == "browser":
            return to_browser(provider, start_response)
        claims = verified(provider, keys, bearer)
        if claims is None and found[1] != "ovhcloud-emea":
            claims = introspected(provider, bearer)
        if claims is None:
            return refused(start_response)
        for name, value in claims.items():
            text = ";".join(value) if isinstance(value, list) else str(value)
            # Named as Apache's module names them: no header of a client becomes such a name. WSGI's
            # strings are bytes in Latin-1.
            environ["OIDC-" + name] = text.encode().decode("latin-1")
        return application(environ, start_response)

    return gate


def introspected(provider, bearer):
    """The claims of an opaque access token, or None."""
    own = provider["clients"]["gate"]
    with requests.Session() as session:
        session.trust_env = False
        quoted = tuple(urllib.parse.quote_plus(own[part]) for part in ("id", "secret"))
        answer = session.post(
            provider["introspection_endpoint"], data={"token": bearer}, auth=quoted, timeout=30
        )
        answer.raise_for_status()
        claims = answer.json()
    return claims if claims.pop("active") else None


def verified(provider, keys, bearer):
    """The claims of a JWT that the provider signed, or None."""
    try:
        return jwt.decode(
            bearer,
            keys.get_signing_key_from_jwt(bearer),
            algorithms=["RS256"],
            issuer=provider["issuer"],
            options={"verify_aud": False, "require": ["exp"]},
        )
    except jwt.PyJWTError:
        return None


def to_browser(provider, start_response):
    query = urllib.parse.urlencode({"response_type": "code", "client_id": "gate", "scope": "openid"})
    start_response("302 Found", [("Location", "%s/auth?%s" % (provider["issuer"], query))])
    return [b""]


def refused(start_response):
    headers = [
        ("WWW-Authenticate", 'Bearer realm="keystone", error="invalid_token"'),
        ("Content-Type", "text/html; charset=iso-8859-1"),
    ]
    start_response("401 Unauthorized", headers)
    return [b"<!DOCTYPE html><html><head><title>401 Unauthorized</title></head><body></body></html>"]
