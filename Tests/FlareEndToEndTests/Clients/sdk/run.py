"""Drives an engine with Cloudflare's own Python package and with the calls that wrangler makes.

Arguments: the base URL, a token and the id of an access key of the S3 door. The engine runs the Worker of
ClientLibraryRun.swift. Prints one JSON line for each check, `{"group", "name", "problem"}`, and one
`{"group": "package", "name"}` for each method that the package has.
"""

import json
import sys

# Each of these modules registers its checks.
import behaviour  # noqa: F401
import buckets  # noqa: F401
import command_buckets  # noqa: F401
import command_queues  # noqa: F401
import command_scripts  # noqa: F401
import command_workflows  # noqa: F401
import migrations  # noqa: F401
import objects  # noqa: F401
import queues  # noqa: F401
import scripts  # noqa: F401
import workflows  # noqa: F401
from harness import COMMANDS, METHODS, PROMISES, Engine, package_methods, run


def report(group, name, problem=None):
    print(json.dumps({"group": group, "name": name, "problem": problem}), flush=True)


engine = Engine(*sys.argv[1:])
for found, _, _ in package_methods(engine.client):
    report("package", found)
for group, checks in (("method", METHODS), ("promise", PROMISES), ("command", COMMANDS)):
    for checked, problem in run(engine, checks, needs_call=group == "method"):
        report(group, checked, problem)
