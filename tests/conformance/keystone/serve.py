"""A Keystone on loopback: makes its database and keys in the current folder, serves, writes where
into listening.json, and ends with the process that started it.

usage: serve.py CONFIG PARENT

One listener is like any other, under / and under a path prefix, behind a proxy that does not pass
the Host on, and behind one that spoils receipts; and that of v2.0 behind one that hides v3. A second
gives tokens and receipts that live for seconds, a third tells why it refuses. Three more speak TLS
with a private CA, two of them to clients with a certificate alone, one of these in TLS 1.2.
"""

import json
import os
import signal
import socket
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
SERVERS = []
TOKEN_SECONDS, RECEIPT_SECONDS, AWAY_SECONDS = 8, 5, 6
LOCKOUT = (("lockout_failure_attempts", 3), ("lockout_duration", 5))


def main():
    in_child(prepare)
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
    """The same server in another process, with other settings: its port, and the process. The signal
    USR1 makes it go away for a while.

    Imports take most of the time, so it is a copy of this one, made before either has a thread or
    has opened the database."""
    reading, writing = os.pipe()
    parent, pid = os.getpid(), os.fork()
    if pid > 0:
        return int(os.read(reading, 16)), pid
    for name, value, group in overrides:
        CONF.set_override(name, value, group)
    wanted = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: wanted.set())
    # A port that was chosen by name can be had again while old connections still end.
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
    """The database, the keys, and the first user."""
    ids = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
    commands = [["db_sync"], ["fernet_setup"] + ids, ["credential_setup"] + ids]
    if not IS_V2:
        commands.append(["receipt_setup"] + ids)
    commands.append(["bootstrap", "--bootstrap-password", ADMIN_PASSWORD, "--bootstrap-region-id", "RegionOne"])
    for folder in ("fernet", "credentials", "receipts"):
        os.mkdir(folder, 0o700)
    for command in commands:
        # Else options are registered twice.
        CONF.clear()
        sys.argv = ["keystone-manage", "--config-file", config] + command
        cli.main(argv=sys.argv)


def load():
    if IS_V2:
        from keystone.server.wsgi import initialize_public_application
        return initialize_public_application()
    from keystone.wsgi.api import application
    return application


def placed(application):
    """The same application in several places."""

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
    """Serves at this port, or a free one, which it returns."""
    server = wsgi.Server(("127.0.0.1", port), application, numthreads=4, timeout=30)
    server.ssl_adapter = tls
    # It does not wait for clients that keep their connections, or it would be away for longer.
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
    """Ends this process with the work, whatever comes of it: threads of a server would keep it."""
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def stay(parent, wanted=threading.Event()):
    """Ends with whoever started this process, however that ends; comes back if something is wanted."""
    while os.getppid() == parent:
        if wanted.wait(0.2):
            return
    os._exit(0)


ending(main)
