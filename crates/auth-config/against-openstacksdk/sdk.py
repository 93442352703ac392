"""Runs every case of some files through openstacksdk, and prints the cases with its results as JSON.

A case has files below $ROOT ($ROOT/work is the working directory, $ROOT/home the home directory),
variables and choices. Each runs in a process of its own, because openstacksdk reads its
surroundings when it is imported.
"""

import importlib
import json
import logging
import os
import pathlib
import sys
import tempfile
import warnings

import openstack.config.loader as loader
import requests
import yaml

ENDS = ("_api_version", "_endpoint_override", "_interface", "_region_name")


def main():
    cases = []
    for name in sys.argv[1:]:
        with open(name) as file:
            cases += yaml.safe_load(file)
    for case in cases:
        case["sdk"] = in_child(case)
    json.dump(cases, sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
    print()


def in_child(case):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with tempfile.TemporaryDirectory() as root, os.fdopen(writer, "w") as pipe:
            json.dump(result(case, root), pipe)
            os.chdir("/")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        out = json.load(pipe)
    os.wait()
    return out


def result(case, root):
    lay_out(case, pathlib.Path(root))
    warnings.simplefilter("ignore")
    logging.disable()
    requests.get = offline
    importlib.reload(loader)
    try:
        config = loader.OpenStackConfig()
        choices = case.get("choices", {})
        wanted = {
            "cloud": choices.get("cloud"),
            "profile": choices.get("profile"),
            "region_name": choices.get("region"),
        }
        cloud = config.get_one(**{k: v for k, v in wanted.items() if v is not None})
        out = described(config, cloud)
    except Exception as error:
        # What it says differs from one Python to the next.
        return {"error": type(error).__name__}
    return {key: value.replace(root, "$ROOT") for key, value in out.items()}


def lay_out(case, root):
    for directory in ("work", "home"):
        (root / directory).mkdir()
    for path, text in case.get("files", {}).items():
        path = root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        # A directory is what even root cannot read as a file.
        path.mkdir() if text is None else path.write_text(text)
    os.environ.clear()
    os.environ["HOME"] = str(root / "home")
    for name, value in case.get("variables", {}).items():
        os.environ[name] = value.replace("$ROOT", str(root))
    os.chdir(root / "work")


def offline(*_, **__):
    raise ConnectionError("nothing is fetched in a comparison")


def described(config, cloud):
    verify, cert = cloud.get_requests_verify_args()
    cert, key = cert if isinstance(cert, tuple) else (cert, None)
    out = {
        "names": ", ".join(sorted(config.get_cloud_names())),
        "cloud": cloud.name,
        "region": cloud.config.get("region_name"),
        "auth_type": cloud.config.get("auth_type"),
        "interface": joined(cloud.get_interface()),
        "verify": bool(verify),
        "cacert": verify if isinstance(verify, str) else None,
        "cert": cert,
        "key": key,
        "api_timeout": cloud.config.get("api_timeout"),
        # No method has it: whether tokens are kept for other processes.
        "cache_auth": cloud._cache_auth or None,
    }
    for name, value in cloud.config["auth"].items():
        # The same thing; which word the protocol wants is not the configuration's business.
        name = "openid_scope" if name == "scope" else name.replace("tenant", "project")
        out["auth." + name] = joined(value)
    for name, value in cloud.config.items():
        if name.endswith(ENDS):
            out[name] = joined(value)
    return {key: text(value) for key, value in out.items() if value not in (None, "", [])}


def joined(value):
    return ",".join(value) if isinstance(value, list) else value


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


main()
