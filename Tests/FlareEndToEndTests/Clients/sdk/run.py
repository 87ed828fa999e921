"""Drives an engine with Cloudflare's own Python package and with the calls that wrangler makes.

Arguments: the base URL and a token. The engine runs the Worker of ClientLibraryRun.swift. Prints one JSON line for each
check, `{"group", "name", "problem"}`, and one `{"group": "package", "name"}` for each method that the package has.
"""

import json
import sys

import buckets  # noqa: F401 (each of these modules registers its checks)
import commands
import behaviour
import objects
import queues
import workflows
from harness import COMMANDS, METHODS, PROMISES, Engine, package_methods, run


def report(group, name, problem=None):
    print(json.dumps({"group": group, "name": name, "problem": problem}), flush=True)


engine = Engine(sys.argv[1], sys.argv[2])
for found, _, _ in package_methods(engine.client):
    report("package", found)
for group, checks in (("method", METHODS), ("promise", PROMISES), ("command", COMMANDS)):
    for checked, problem in run(engine, checks, needs_call=group == "method"):
        report(group, checked, problem)
