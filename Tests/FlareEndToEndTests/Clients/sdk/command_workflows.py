"""The calls of wrangler's commands for workflows."""

import urllib.parse

from harness import command
from wrangler import Wrangler, failing


@command("workflows list")
def workflows_list(engine):
    found = Wrangler(engine).result("GET", "/workflows?page=1&per_page=100")
    (greet,) = [each for each in found if each["name"] == "greet"]
    for field in ("name", "script_name", "class_name", "created_on", "modified_on"):
        assert greet[field], greet


@command("workflows describe")
def workflows_describe(engine):
    wrangler = Wrangler(engine)
    found = wrangler.result("GET", "/workflows/greet")
    assert found["id"] and found["script_name"] == "clerk" and found["class_name"] == "Greet", found
    # It crashes on an empty list.
    newest = wrangler.result("GET", "/workflows/greet/versions")[0]
    assert newest["id"] and newest["created_on"] and newest["modified_on"], newest
    assert failing(lambda: wrangler.result("GET", "/workflows/nothing")) == 10200


@command("workflows delete")
def workflows_delete(engine):
    wrangler, name = Wrangler(engine), engine.name("made")
    wrangler.result("PUT", f"/workflows/{name}", {"script_name": "clerk", "class_name": "Greet"})
    assert wrangler.result("DELETE", f"/workflows/{name}")["status"] == "ok"
    assert failing(lambda: wrangler.result("DELETE", f"/workflows/{name}")) == 10200


@command("workflows trigger")
def workflows_trigger(engine):
    wrangler, name = Wrangler(engine), engine.name("instance")
    # Parameters as a value, not as text.
    body = {"instance_id": name, "params": {"name": "Ada"}}
    made = wrangler.result("POST", "/workflows/greet/instances", body)
    assert (made["id"], made["status"]) == (name, "queued"), made
    assert engine.settled(name, "greet", "complete").output == "Hello, Ada"
    assert wrangler.result("POST", "/workflows/patient/instances", {})["id"]


@command("workflows instances list")
def instances_list(engine):
    wrangler = Wrangler(engine)
    names = [engine.instance("patient").id for _ in range(3)]
    path = "/accounts/local/workflows/patient/instances"
    found, cursor, pages = [], "", 0
    while True:
        # It walks by cursor to the page that is asked for.
        more = f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""
        envelope = wrangler.envelope("GET", f"{path}?per_page=2&direction=asc{more}")
        found += envelope["result"]
        pages += 1
        cursor = envelope["result_info"].get("cursor")
        if not cursor:
            break
    assert pages >= 2 and set(names) <= {each["id"] for each in found}, found
    for field in ("id", "version_id", "created_on", "modified_on", "status"):
        assert all(each[field] for each in found), found
    assert wrangler.envelope("GET", f"{path}?status=complete&per_page=1")["success"]


@command("workflows instances describe latest")
def instances_describe(engine):
    wrangler = Wrangler(engine)
    made = engine.instance()
    engine.settled(made.id, "greet", "complete")
    # With a slash at the end and in no order.
    found = wrangler.result("GET", "/workflows/greet/instances/")
    latest = max(found, key=lambda each: each["created_on"])
    assert latest["id"] == made.id, latest
    instance = wrangler.result("GET", f"/workflows/greet/instances/{latest['id']}")
    for field in ("status", "versionId", "queued", "start", "end", "success", "steps", "output", "params"):
        assert field in instance, field
    assert instance["trigger"]["source"] == "api" and instance["error"] is None, instance
    step, sleep = instance["steps"]
    assert (step["type"], step["name"], step["success"], step["output"]) == ("step", "greet-1", True, "Hello, Ada")
    assert step["start"] and step["end"] and step["config"]["retries"]["limit"] == 5, step
    (attempt,) = step["attempts"]
    assert attempt["start"] and attempt["end"] and attempt["success"] is True and attempt["error"] is None, attempt
    assert sleep["type"] == "sleep" and sleep["finished"] is True and sleep["start"] and sleep["end"], sleep
    assert failing(lambda: wrangler.result("GET", "/workflows/greet/instances/nothing")) == 10400


@command("workflows instances pause, resume, restart, terminate")
def instances_change(engine):
    wrangler, name = Wrangler(engine), engine.instance("patient").id
    engine.settled(name, "patient", "waiting")

    def change(status, **more):
        return wrangler.result("PATCH", f"/workflows/patient/instances/{name}/status", {"status": status, **more})

    change("pause")
    engine.settled(name, "patient", "paused")
    change("resume")
    engine.settled(name, "patient", "waiting")
    change("restart", **{"from": {"name": "permission", "count": 1, "type": "waitForEvent"}})
    engine.settled(name, "patient", "waiting")
    changed = change("terminate", rollback=True)
    assert changed["status"] in ("terminated", "rollingBack") and changed["timestamp"], changed
    engine.settled(name, "patient", "terminated")


@command("workflows instances send-event")
def instances_send_event(engine):
    wrangler, name = Wrangler(engine), engine.instance("patient").id
    wrangler.result("POST", f"/workflows/patient/instances/{name}/events/may%20go", {"n": 5})
    assert engine.settled(name, "patient", "complete").output == 5
    # Without a payload there is no body.
    bare = engine.instance("patient").id
    wrangler.result("POST", f"/workflows/patient/instances/{bare}/events/other")


@command("workflows instances delete")
def instances_delete(engine):
    wrangler, name = Wrangler(engine), engine.instance().id
    engine.settled(name, "greet", "complete")
    body = {"instances": [name, "nothing"]}
    found = wrangler.result("POST", "/workflows/greet/instances/batch/delete", body)
    assert found["deleted"] == [{"id": name}], found
    (error,) = found["errors"]
    assert (error["id"], error["code"]) == ("nothing", 10400) and error["message"], error


@command("workflows instances terminate-all")
def instances_terminate_all(engine):
    wrangler, name = Wrangler(engine), engine.instance("patient").id
    engine.settled(name, "patient", "waiting")
    found = wrangler.result("PUT", "/workflows/patient/instances/terminate?status=waiting")
    assert found["status"] in ("ok", "already_running"), found
    engine.settled(name, "patient", "terminated")
