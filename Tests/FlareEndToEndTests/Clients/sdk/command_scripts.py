"""The calls of wrangler's commands for Workers, and what a hostile or unlucky upload is told."""

import json
import uuid

from harness import command, eventually, promise
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from wrangler import CommandError, Wrangler, failing

ESM = "application/javascript+module"

STARTER = b"""
    import { WorkflowEntrypoint } from "cloudflare:workers";

    export class Order extends WorkflowEntrypoint {
      async run(event, step) {
        const key = await step.do("store", async () => {
          await this.env.BUCKET.put(event.payload.key, "paid");
          return event.payload.key;
        });
        return `${key} ${this.env.WORD}`;
      }
    }

    export default {
      async fetch(request, env) {
        const id = new URL(request.url).searchParams.get("id");
        await env.ORDERS.send({ id, key: `orders/${id}` });
        return Response.json({ sent: id, version: env.VERSION.id });
      },
      async queue(batch, env) {
        for (const { body } of batch.messages) await env.ORDER.create({ id: body.id, params: body });
      },
      async scheduled() {},
    };
    """


def form(metadata, *modules):
    """A multipart body as wrangler's fetch writes it, and its headers."""
    boundary = f"----formdata-undici-{uuid.uuid4().int % 10**12:012}"
    parts = [f'Content-Disposition: form-data; name="metadata"\r\n\r\n{json.dumps(metadata)}'.encode()]
    for name, content, kind in modules:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content)
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def put(wrangler, name, metadata, *modules):
    path = f"/workers/scripts/{name}?excludeScript=true&bindings_inherit=strict"
    return wrangler.result("PUT", path, *form(metadata, *modules))


def simple(answer):
    return ("index.js", f"export default {{ fetch: (r, env) => new Response(`${{{answer}}}`) }};".encode(), ESM)


def made(engine, answer="1", **metadata):
    """The name of a Worker that was just deployed."""
    name = engine.name("script")
    put(Wrangler(engine), name, {"main_module": "index.js", "bindings": [], **metadata}, simple(answer))
    return name


def order(engine, name):
    """Sends an order through the Worker and returns what its workflow made of it, and the version that took it."""
    id = engine.name("order")
    answer = json.loads(engine.fetch(name, f"?id={id}"))
    # The queue's consumer starts it.
    wrangler = Wrangler(engine)

    def look():
        try:
            found = wrangler.result("GET", f"/workflows/{name}-order/instances/{id}")
        except CommandError:
            return None
        return found if found["status"] == "complete" else None

    output = eventually(look, f"{id} is complete")["output"]
    assert output.startswith(f"orders/{id} "), output
    return output.split()[1], answer["version"]


@command("deploy")
def deploy(engine):
    wrangler, name = Wrangler(engine), engine.name("starter")
    queue, bucket, workflow = engine.queue().queue_name, engine.bucket(), f"{name}-order"
    bindings = [
        {"name": "WORD", "type": "plain_text", "text": "one"},
        {"name": "VERSION", "type": "version_metadata"},
        {"name": "ORDERS", "type": "queue", "queue_name": queue},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": bucket},
        {"name": "ORDER", "type": "workflow", "workflow_name": workflow, "class_name": "Order"},
    ]
    metadata = {
        "main_module": "index.js", "bindings": bindings, "compatibility_date": "2026-01-01",
        "compatibility_flags": [], "observability": {"enabled": True},
    }

    def triggers():
        found = wrangler.result("GET", f"/workers/scripts/{name}/subdomain")
        asked = {"enabled": True, "previews_enabled": False}
        assert wrangler.result("POST", f"/workers/scripts/{name}/subdomain", asked) == found == asked
        assert wrangler.result("PUT", f"/workers/scripts/{name}/schedules", [{"cron": "0 0 1 1 *"}])["schedules"]
        found, settings = wrangler.queue(queue), {"batch_size": 1, "max_wait_time_ms": 0}
        body = {"type": "worker", "script_name": name, "settings": settings}
        old = [each["consumer_id"] for each in found["consumers"] if each["script"] == name]
        path = f"/queues/{found['queue_id']}/consumers"
        assert wrangler.result("PUT" if old else "POST", "/".join([path, *old]), body)["consumer_id"]
        made = wrangler.result("PUT", f"/workflows/{workflow}", {"script_name": name, "class_name": "Order"})
        assert made["name"] == workflow and made["version_id"], made
        return bool(old)

    # The first deploy.
    assert failing(lambda: wrangler.result("GET", f"/workers/services/{name}")) == 10090
    assert failing(lambda: wrangler.result("GET", f"/workflows/{workflow}")) == 10200
    assert failing(lambda: wrangler.result("GET", f"/workers/scripts/{name}/deployments")) == 10007
    assert failing(lambda: wrangler.result("GET", f"/workers/scripts/{name}/settings")) == 10007
    assert wrangler.result("GET", "/workers/subdomain")["subdomain"]
    first = put(wrangler, name, metadata, ("index.js", STARTER, ESM))
    assert first["startup_time_ms"] >= 0 and len(uuid.UUID(first["deployment_id"]).hex) == 32, first
    assert not triggers()
    # wrangler prints the id with its hyphens.
    assert order(engine, name) == ("one", str(uuid.UUID(first["deployment_id"])))

    # The second one, by a version and a deployment.
    service = wrangler.result("GET", f"/workers/services/{name}")["default_environment"]
    assert service["environment"] and service["script"]["last_deployed_from"] == "wrangler", service
    assert wrangler.result("GET", f"/workflows/{workflow}")["script_name"] == name
    (deployment,) = wrangler.result("GET", f"/workers/scripts/{name}/deployments")["deployments"]
    (share,) = deployment["versions"]
    assert share["percentage"] == 100 and len(wrangler.result("GET", f"/workers/scripts/{name}/secrets")) == 0
    bindings[0]["text"] = "two"
    path = f"/workers/scripts/{name}/versions?bindings_inherit=strict"
    second = wrangler.result("POST", path, *form(metadata, ("index.js", STARTER, ESM)))["id"]
    assert order(engine, name) == ("one", share["version_id"])
    body = {"strategy": "percentage", "versions": [{"version_id": second, "percentage": 100}], "annotations": {}}
    assert wrangler.result("POST", f"/workers/scripts/{name}/deployments", body)["id"]
    wrangler.result("PATCH", f"/workers/scripts/{name}/script-settings", {"observability": {"enabled": False}})
    assert triggers(), "the consumer of the first deploy is gone"
    assert order(engine, name) == ("two", second)

    lacking = {"script_name": name, "class_name": "Lacking"}
    assert failing(lambda: wrangler.result("PUT", f"/workflows/{workflow}", lacking)) == 10021

    # A module that does not start leaves all of it as it is.
    broken = ("index.js", STARTER + b"throw new Error('from the top');", ESM)
    try:
        put(wrangler, name, metadata, broken)
        raise AssertionError("it was taken")
    except CommandError as error:
        assert error.code == 10021 and "from the top" in str(error), error
    assert order(engine, name) == ("two", second)

    # The same as by `wrangler rollback`.
    body["versions"][0]["version_id"] = share["version_id"]
    found = wrangler.result("GET", f"/workers/scripts/{name}/versions/{share['version_id']}")
    assert found["metadata"]["created_on"] and found["resources"]["bindings"], found
    wrangler.result("POST", f"/workers/scripts/{name}/deployments", body)
    assert order(engine, name) == ("one", share["version_id"])


@command("versions list, view, deploy")
def versions(engine):
    wrangler, name = Wrangler(engine), made(engine)
    metadata = {"main_module": "index.js", "bindings": [], "annotations": {"workers/tag": "two"}}
    second = wrangler.result("POST", f"/workers/scripts/{name}/versions", *form(metadata, simple("2")))["id"]
    found = wrangler.result("GET", f"/workers/scripts/{name}/versions?deployable=true")["items"]
    assert [(each["id"], each["number"]) for each in found][0] == (second, 2), found
    assert found[0]["annotations"]["workers/tag"] == "two" and found[0]["metadata"]["source"], found
    runtime = wrangler.result("GET", f"/workers/scripts/{name}/versions/{second}")["resources"]["script_runtime"]
    assert runtime["usage_model"] == "standard", runtime
    shares = [{"version_id": found[0]["id"], "percentage": 10}, {"version_id": found[1]["id"], "percentage": 90}]
    body = {"strategy": "percentage", "versions": shares}
    assert failing(lambda: wrangler.result("POST", f"/workers/scripts/{name}/deployments", body)) == 10001
    assert engine.fetch(name) == "1"


@command("secret put, list, delete, bulk")
def secrets(engine):
    wrangler, name = Wrangler(engine), made(engine, "env.S")
    base = f"/workers/scripts/{name}"
    wrangler.result("PUT", f"{base}/secrets", {"name": "S", "text": "hidden", "type": "secret_text"})
    assert engine.fetch(name) == "hidden"
    assert wrangler.result("GET", f"{base}/secrets")[0]["type"] == "secret_text"
    wrangler.result("DELETE", f"{base}/secrets/S?url_encoded=true")
    assert engine.fetch(name) == "undefined"
    bulk = {"secrets": {"S": {"name": "S", "text": "many", "type": "secret_text"}}}
    wrangler.result("PATCH", f"{base}/secrets-bulk", bulk)
    assert engine.fetch(name) == "many"


@command("delete")
def delete(engine):
    wrangler, name = Wrangler(engine), made(engine)
    service = {"name": "OTHER", "type": "service", "service": name, "environment": "production"}
    user = made(engine, bindings=[service])
    found = wrangler.result("GET", f"/workers/scripts/{name}/references")["services"]
    assert [(each["name"], each["service"]) for each in found["incoming"]] == [("OTHER", user)], found
    assert wrangler.result("GET", f"/workers/tails/by-consumer/{name}") == []
    wrangler.result("DELETE", f"/workers/services/{user}?force=false")
    wrangler.result("DELETE", f"/workers/services/{name}?force=false")
    assert failing(lambda: wrangler.result("GET", f"/workers/services/{name}")) == 10090


@command("tail")
def tail(engine):
    wrangler, name = Wrangler(engine), made(engine, "console.log('was asked', r.method) ?? 1")
    filters = [{"method": ["POST", "GET"]}, {"outcome": ["ok"]}, {"sampling_rate": 1}, {"query": "asked"}]
    tail = wrangler.result("POST", f"/workers/scripts/{name}/tails", {"filters": filters})
    assert tail["id"] and tail["expires_at"], tail
    with connect(tail["url"], subprotocols=["trace-v1"]) as socket:
        assert socket.subprotocol == "trace-v1"
        socket.send(json.dumps({"debug": False}))
        # Whoever has a pong is told of what happens from then on.
        assert socket.ping().wait(20)
        engine.fetch(name, "some/path?a=b")
        event = json.loads(socket.recv(20))
        assert (event["outcome"], event["scriptName"]) == ("ok", name), event
        assert event["event"]["request"]["url"].endswith("/some/path?a=b") and event["eventTimestamp"], event
        assert event["event"]["response"]["status"] == 200 and event["exceptions"] == [], event
        (line,) = event["logs"]
        assert (line["message"], line["level"]) == (["was asked GET"], "log"), line
    wrangler.result("DELETE", f"/workers/scripts/{name}/tails/{tail['id']}")
    try:
        connect(tail["url"], subprotocols=["trace-v1"])
        raise AssertionError("a deleted tail can be followed")
    except InvalidStatus as error:
        assert error.response.status_code == 404, error
    refused = {"filters": [{"client_ip": ["self"]}]}
    assert failing(lambda: wrangler.result("POST", f"/workers/scripts/{name}/tails", refused)) == 10001


@promise("an upload keeps and inherits what it says, and nothing else")
def kept(engine):
    wrangler = Wrangler(engine)
    old = [{"name": "A", "type": "plain_text", "text": "a"}, {"name": "J", "type": "json", "json": [1]}]
    name = made(engine, "Object.keys(env).sort()", bindings=old)

    def again(bindings, **metadata):
        metadata = {"main_module": "index.js", "bindings": bindings, **metadata}
        put(wrangler, name, metadata, simple("Object.keys(env).sort()"))
        return engine.fetch(name)

    assert again([{"name": "B", "type": "inherit", "old_name": "A"}], keep_bindings=["json"]) == "B,J"
    assert again([], keep_bindings=["plain_text"]) == "B"
    assert again([]) == ""
    inherit = {"name": "A", "type": "inherit"}
    assert failing(lambda: again([inherit])) == 10057


@promise("an upload is refused with what is wrong and changes nothing")
def refused_uploads(engine):
    wrangler, name = Wrangler(engine), made(engine)
    index = simple("2")
    one = {"main_module": "index.js", "bindings": []}

    def check(code, words, metadata=one, *modules, body=None, headers=None):
        if body is None:
            body, headers = form(metadata, *(modules or [index]))
        try:
            wrangler.result("PUT", f"/workers/scripts/{name}", body, headers)
        except CommandError as error:
            assert error.code == code and words in str(error), error
        else:
            raise AssertionError(f"taken, although: {words}")
        assert engine.fetch(name) == "1"

    def bound(**binding):
        return {"main_module": "index.js", "bindings": [{"name": "X", **binding}]}

    kv = bound(type="kv_namespace", namespace_id="1")
    check(10021, 'the binding "X" is of the type "kv_namespace"', kv)
    check(10021, "queue_name is missing", bound(type="queue"))
    check(10104, 'the queue "nowhere"', bound(type="queue", queue_name="nowhere"))
    check(10085, 'the bucket "nowhere"', bound(type="r2_bucket", bucket_name="nowhere"))
    check(10143, "nowhere", bound(type="service", service="nowhere"))
    check(10200, "nowhere", bound(type="workflow", workflow_name="nowhere"))
    lacking = bound(type="workflow", workflow_name=f"{name}-lacking", class_name="Lacking")
    check(10021, 'needs the class "Lacking"', lacking)
    check(10021, "two entries", {**one, "bindings": 2 * [{"name": "X", "type": "plain_text", "text": ""}]})
    check(10021, "assets", {**one, "assets": {"jwt": "x"}})
    check(10021, "addEventListener", {"body_part": "index.js"})
    check(10021, "main_module is missing", {})
    check(10021, "no such module", {"main_module": "main.js"})
    check(10021, "text/plain", one, ("index.js", b"", "text/plain"))
    check(10021, "text/x-python", one, index, ("a.py", b"", "text/x-python"))
    check(10021, "two modules", one, index, ("./index.js", b"", ESM))
    check(10021, "as a directory", one, index, ("a", b"", ESM), ("a/b", b"", ESM))
    for path in ("../index.mjs", "/etc/flare", "a//b.js", "a/../../b.js", "a\\b.js"):
        check(10021, "cannot name a module", one, index, (path, b"", ESM))
    check(10021, "UTF-8", one, ("index.js", b"\xff", ESM))
    check(10021, "index.js", one, ("index.js", b"export default {", ESM))
    check(10021, "/etc/hostname", one, ("index.js", b"import x from '/etc/hostname'; export default {x}", ESM),
          ("a", b"", ESM))
    body, headers = form(one, index)
    check(10021, "cut off", body=body[:-30], headers=headers)
    check(10021, "multipart/form-data", body=body, headers={"Content-Type": "application/javascript"})
    check(10021, "boundary", body=body, headers={"Content-Type": "multipart/form-data"})
    check(10021, 'no part named "metadata"', body=body.replace(b'"metadata"', b'"meta"'), headers=headers)
    check(10021, "not a JSON object", body=body.replace(b'{"main', b'{main'), headers=headers)
    check(10208, "gzip", body=body, headers={**headers, "Content-Encoding": "gzip"})
