"""Runs a Keystone on loopback. Creates its database and keys in the current folder, writes its URLs
into listening.json, and ends with the process that started it.

usage: serve.py CONFIG PARENT

For v3, federated logins pass a gate (gate.py), if an OpenID provider runs.

The first listener serves under / and under a path prefix, behind a proxy that replaces the Host, and
behind one that damages receipts; for v2.0 also behind one that hides v3. The second gives tokens and
receipts that expire after seconds. The third explains its refusals. A fourth, for v3, locks users out.
Three more use TLS with a private CA. Two of them require a client certificate, and one of these uses
TLS 1.2.
"""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import ssl
import sys
import threading
import time
import traceback
import warnings

warnings.filterwarnings("ignore")
config, parent = os.path.abspath(sys.argv[1]), int(sys.argv[2])
os.environ["OS_KEYSTONE_CONFIG_FILES"] = config
del sys.argv[1:]  # Keystone reads them when it is imported.

from cheroot import wsgi  # noqa: E402
from cheroot.ssl.builtin import BuiltinSSLAdapter  # noqa: E402
from keystone.cmd import cli  # noqa: E402
import keystone.conf  # noqa: E402
import webob  # noqa: E402

IS_V2 = sys.version_info < (3, 7)
CONF = keystone.conf.CONF
ADMIN_PASSWORD = "admin-pw"
# Written by the OpenID provider, if one runs.
PROVIDER = "../provider/listening.json"
SERVERS = []
TOKEN_SECONDS, RECEIPT_SECONDS, AWAY_SECONDS = 8, 5, 6
LOCKOUT = (("lockout_failure_attempts", 3), ("lockout_duration", 5))


def main():
    in_child(prepare)
    if not IS_V2:
        # Each federated login writes. With this journal, readers do not wait for that, in any process.
        with contextlib.closing(sqlite3.connect("keystone.db")) as database:
            database.execute("PRAGMA journal_mode = wal")
    application = load()
    brief = [("expiration", TOKEN_SECONDS, "token")]
    if not IS_V2:
        brief.append(("expiration", RECEIPT_SECONDS, "receipt"))
    brief_port, brief_pid = copied(application, brief)
    url = "http://127.0.0.1:%d"
    listening = {"brief_url": url % brief_port, "brief_pid": brief_pid}
    listening["telling_url"] = url % copied(application, [("insecure_debug", True, None)])[0]
    if not IS_V2:
        strict = [(name, value, "security_compliance") for name, value in LOCKOUT]
        listening["strict_url"] = url % copied(application, strict)[0]
    listening.update({
        "url": url % listen(placed(application)),
        "prefix": "/identity",
        "proxied": "/proxied/identity",
        "spoiling": "/spoiling",
        "old": "/old",
    })
    if not IS_V2:
        listening.update(secure(application))
    with open("listening.json.new", "w") as file:
        json.dump(listening, file)
    os.rename("listening.json.new", "listening.json")
    stay(parent)


def copied(application, overrides):
    """Starts the same server with other settings in a new process. Returns its port and its process id.
    The signal USR1 stops the server for a while.

    The process is a fork, because imports take most of the time. The fork happens before this process
    has threads or an open database."""
    reading, writing = os.pipe()
    parent, pid = os.getpid(), os.fork()
    if pid > 0:
        return int(os.read(reading, 16)), pid
    for name, value, group in overrides:
        CONF.set_override(name, value, group)
    wanted = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: wanted.set())
    # The server can bind an explicit port again while old connections are closing.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listen(application, port=port)
    os.write(writing, str(port).encode())
    while True:
        stay(parent, wanted)
        wanted.clear()
        SERVERS.pop().stop()
        time.sleep(AWAY_SECONDS)
        listen(application, port=port)


def prepare():
    """Creates the database, the keys, and the first user."""
    ids = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
    commands = [["db_sync"], ["fernet_setup"] + ids, ["credential_setup"] + ids]
    if not IS_V2:
        commands.append(["receipt_setup"] + ids)
    commands.append(["bootstrap", "--bootstrap-password", ADMIN_PASSWORD, "--bootstrap-region-id", "RegionOne"])
    for folder in ("fernet", "credentials", "receipts"):
        os.mkdir(folder, 0o700)
    for command in commands:
        # Without this, options would be registered twice.
        CONF.clear()
        sys.argv = ["keystone-manage", "--config-file", config] + command
        cli.main(argv=sys.argv)


def load():
    if IS_V2:
        from keystone.server.wsgi import initialize_public_application
        return initialize_public_application()
    from keystone.wsgi.api import application
    if not os.path.exists(PROVIDER):
        return application
    from gate import gated
    with open(PROVIDER) as provider:
        return gated(application, json.load(provider))


def placed(application):
    """The application at several paths and behind proxies."""

    def proxied(environ, start_response):
        environ["HTTP_HOST"] = "keystone.internal.invalid:5000"
        return application(environ, start_response)

    def spoiling(environ, start_response):
        if "HTTP_OPENSTACK_AUTH_RECEIPT" in environ:
            environ["HTTP_OPENSTACK_AUTH_RECEIPT"] = "spoilt"
        return application(environ, start_response)

    def old(environ, start_response):
        answer = webob.Request(environ).get_response(application)
        if answer.status_code == 300:
            versions = answer.json["versions"]["values"]
            versions = [version for version in versions if version["id"].startswith("v2.")]
            answer.json = {"versions": {"values": versions}}
        return answer(environ, start_response)

    return wsgi.PathInfoDispatcher({
        "/": application,
        "/identity": application,
        "/proxied/identity": proxied,
        "/spoiling": spoiling,
        "/old": old,
    })


def secure(application):
    import trustme
    ca, stranger = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path("ca.pem")
    stranger.cert_pem.write_to_path("stranger-ca.pem")
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path("server.pem")
    ca.issue_cert("client@keystone.test").private_key_and_cert_chain_pem.write_to_path("client.pem")
    stranger.issue_cert("client@keystone.test").private_key_and_cert_chain_pem.write_to_path("stranger.pem")
    plain, mutual, older = (BuiltinSSLAdapter("server.pem", "server.pem") for _ in range(3))
    for adapter in (mutual, older):
        ca.configure_trust(adapter.context)
        adapter.context.verify_mode = ssl.CERT_REQUIRED
    older.context.maximum_version = ssl.TLSVersion.TLSv1_2
    return {
        "tls_port": listen(application, plain),
        "mutual_tls_port": listen(application, mutual),
        "older_mutual_tls_port": listen(application, older),
    }


def listen(application, tls=None, port=0):
    """Serves at this port, or at a free one if it is 0. Returns the port."""
    server = wsgi.Server(("127.0.0.1", port), application, numthreads=4, timeout=30)
    server.ssl_adapter = tls
    # Without this, a stop would wait for clients that keep their connections.
    server.shutdown_timeout = 0
    server.prepare()
    SERVERS.append(server)
    threading.Thread(target=server.serve, daemon=True).start()
    return server.bind_addr[1]


def in_child(work):
    child = os.fork()
    if child == 0:
        ending(work)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit("the database could not be made")


def ending(work):
    """Does the work and ends this process in any case, because a server's threads would keep it alive."""
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def stay(parent, wanted=threading.Event()):
    """Ends this process after its parent has ended. Returns if `wanted` is set."""
    while os.getppid() == parent:
        if wanted.wait(0.2):
            return
    os._exit(0)


ending(main)
