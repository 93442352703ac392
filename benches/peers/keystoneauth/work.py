"""Runs work with keystoneauth1. Each line of standard input has the name of the work and the number of
repetitions. The program answers each line with the seconds that the work took.

Arguments: the server's URL, the folder with the responses, the service, its region in the small and in
the large response, the project, and the token.
"""

import json
import sys
import time
from pathlib import Path

from keystoneauth1 import access, session
from keystoneauth1.identity import v3

ROOT, FOLDER, SERVICE, REGION_SMALL, REGION_L, PROJECT, TOKEN = sys.argv[1:]
BODIES = {name: (Path(FOLDER) / f"{name}.json").read_bytes() for name in ("s", "small", "m", "l")}
REGIONS = {"small": REGION_SMALL, "l": REGION_L}
ACCEPT = {"accept": "application/json"}


def read(name):
    return access.create(body=json.loads(BODIES[name]), auth_token=TOKEN).service_catalog


def find(catalog):
    endpoint = catalog.url_for(service_type=SERVICE, region_name=REGION_L, interface="public")
    assert endpoint
    return endpoint


def session_at(name):
    auth = v3.Password(
        auth_url=f"{ROOT}/{name}/v3",
        username="user",
        user_domain_name="Default",
        password="password",
        project_id=PROJECT,
    )
    return session.Session(auth=auth)


def login(name):
    keystone = session_at(name)
    region = REGIONS[name]
    endpoint = keystone.get_endpoint(service_type="compute", region_name=region, interface="public")
    assert endpoint
    keystone.session.close()


def authorize():
    headers = dict(ACCEPT)
    headers.update(live.get_auth_headers())


def call():
    assert live.get(f"{ROOT}/servers", headers=ACCEPT).content


live = session_at("l")
live.get_token()
catalog = read("l")
WORK = {
    **{f"read-{name}": lambda name=name: read(name) for name in BODIES},
    **{f"login-{name}": lambda name=name: login(name) for name in REGIONS},
    "read-and-find": lambda: find(read("l")),
    "find": lambda: find(catalog),
    "authorize": authorize,
    "call": call,
}

for line in sys.stdin:
    name, times = line.split()
    work = WORK[name]
    start = time.perf_counter()
    for _ in range(int(times)):
        work()
    print(time.perf_counter() - start, flush=True)
