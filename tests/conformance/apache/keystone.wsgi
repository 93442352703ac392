# Keystone for mod_wsgi, in the folder of a server that serve.py has prepared.
import os
import sys

os.environ["OS_KEYSTONE_CONFIG_FILES"] = os.path.join(os.path.dirname(__file__), "../keystone/v3.conf")
sys.argv = ["keystone"]  # Keystone reads them when it is imported.

from keystone.wsgi.api import application  # noqa: E402,F401
