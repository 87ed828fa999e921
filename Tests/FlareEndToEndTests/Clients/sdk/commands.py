"""The calls of wrangler's commands for queues, buckets, objects and workflows, with the fields that it reads.

Written after wrangler 4.125.0. A call succeeds for it when the JSON of the answer says `success`, whatever the status;
only calls of objects look at the status and want a body. A body without a declared type travels as Node's fetch sends
it: as text/plain.
"""

import json
import urllib.parse

from harness import command

QUEUE_SETTINGS = {"delivery_delay": 5, "message_retention_period": 3600}


class CommandError(Exception):
    """What wrangler's commands branch on: the code of the first error."""

    def __init__(self, code, message):
        super().__init__(f"{message} [code: {code}]")
        self.code = code


class Wrangler:
    def __init__(self, engine):
        self.engine = engine
        self.account = f"/accounts/{engine.account}"

    def send(self, verb, path, body=None, headers=None):
        headers = {"User-Agent": "wrangler/4.125.0", **(headers or {})}
        if body is not None and "Content-Type" not in headers:
            headers["Content-Type"] = "text/plain;charset=UTF-8"
        return self.engine.send(verb, path, body, headers)

    def envelope(self, verb, path, body=None, headers=None):
        answer = self.send(verb, path, body, headers)
        if answer.status in (204, 205):
            return {"success": True, "result": None}
        envelope = answer.json()
        assert envelope["success"] == (answer.status < 400), answer
        if not envelope["success"]:
            first = envelope["errors"][0]
            raise CommandError(first["code"], first["message"])
        return envelope

    def result(self, verb, path, body=None, headers=None):
        return self.envelope(verb, self.account + path, body, headers)["result"]

    def pages(self, path, per_page=100):
        """All pages of a list, as long as the totals promise more."""
        found, page = [], 1
        while True:
            envelope = self.envelope("GET", f"{path}?page={page}&per_page={per_page}")
            found += envelope["result"]
            info = envelope["result_info"]
            if page * info["per_page"] >= info["total_count"]:
                return found
            page += 1

    def queue(self, name):
        found = self.result("GET", f"/queues?page=1&name={urllib.parse.quote(name)}")
        assert [each["queue_name"] for each in found] == [name], found
        return found[0]


def failing(call):
    try:
        call()
    except CommandError as error:
        return error.code
    raise AssertionError("the command did not fail")


@command("whoami")
def whoami(engine):
    wrangler = Wrangler(engine)
    user = wrangler.envelope("GET", "/user")["result"]
    assert user["id"] and "@" in user["email"], user
    token = wrangler.envelope("GET", "/user/tokens/verify")["result"]
    assert token["id"] and token["status"] == "active", token
    accounts = wrangler.pages("/accounts")
    assert [sorted(each) for each in accounts] == [["id", "name", "type"]], accounts
    memberships = wrangler.pages("/memberships")
    assert [each["account"]["id"] for each in memberships] == [accounts[0]["id"]], memberships
    assert wrangler.result("GET", "")["id"] == engine.account
    assert wrangler.result("GET", "/tokens/verify")["status"] == "active"


@command("queues create")
def queues_create(engine):
    wrangler, name = Wrangler(engine), engine.name("queue")
    made = wrangler.result("POST", "/queues", {"queue_name": name, "settings": QUEUE_SETTINGS})
    assert made["queue_name"] == name and made["queue_id"], made
    assert QUEUE_SETTINGS.items() <= made["settings"].items(), made
    bare = wrangler.result("POST", "/queues", {"queue_name": engine.name("queue")})
    assert bare["settings"]["message_retention_period"] == 345_600, bare
    # On this code it explains its own flags.
    for settings in ({"delivery_delay": 86_401}, {"message_retention_period": 59}):
        body = {"queue_name": engine.name("queue"), "settings": settings}
        assert failing(lambda: wrangler.result("POST", "/queues", body)) == 100128


@command("queues list")
def queues_list(engine):
    engine.queue()
    for queue in Wrangler(engine).result("GET", "/queues?page=1"):
        for field in ("queue_id", "queue_name", "created_on", "modified_on"):
            assert isinstance(queue[field], str), queue
        assert queue["producers_total_count"] == len(queue["producers"]), queue
        assert queue["consumers_total_count"] == len(queue["consumers"]), queue


@command("queues update")
def queues_update(engine):
    wrangler, made = Wrangler(engine), engine.queue()
    queue = wrangler.queue(made.queue_name)
    body = {"queue_name": queue["queue_name"], "settings": {**queue["settings"], "delivery_delay": 9}}
    changed = wrangler.result("PATCH", f"/queues/{queue['queue_id']}", body)
    assert changed["settings"] == {**queue["settings"], "delivery_delay": 9}, changed
    body["settings"]["message_retention_period"] = 1_209_601
    assert failing(lambda: wrangler.result("PATCH", f"/queues/{queue['queue_id']}", body)) == 100128


@command("queues delete")
def queues_delete(engine):
    wrangler, made = Wrangler(engine), engine.queue()
    assert wrangler.result("DELETE", f"/queues/{wrangler.queue(made.queue_name)['queue_id']}") is None
    assert wrangler.result("GET", f"/queues?page=1&name={made.queue_name}") == []


@command("queues info")
def queues_info(engine):
    wrangler, made, bucket = Wrangler(engine), engine.queue(), engine.bucket()
    path = f"/queues/{made.queue_id}/consumers"
    wrangler.result("POST", path, {"type": "worker", "script_name": "clerk", "environment_name": "", "settings": {}})
    configuration = f"/event_notifications/r2/{bucket}/configuration/queues/{made.queue_id}"
    wrangler.result("PUT", configuration, {"rules": [{"prefix": "", "suffix": "", "actions": ["PutObject"]}]})
    queue = wrangler.queue(made.queue_name)
    producers = [f"{each['type']}:{each.get('bucket_name') or each.get('script')}" for each in queue["producers"]]
    assert producers == [f"r2_bucket:{bucket}"], producers
    consumers = [f"{each['type']}:{each['script']}:{each['script_name']}" for each in queue["consumers"]]
    assert consumers == ["worker:clerk:clerk"], consumers


@command("queues pause-delivery, resume-delivery")
def queues_pause(engine):
    wrangler, made = Wrangler(engine), engine.queue()
    for paused in (True, False):
        body = {"queue_name": made.queue_name, "settings": {"delivery_paused": paused}}
        wrangler.result("PATCH", f"/queues/{made.queue_id}", body)
        assert wrangler.queue(made.queue_name)["settings"]["delivery_paused"] is paused


@command("queues purge")
def queues_purge(engine):
    wrangler, made = Wrangler(engine), engine.queue()
    engine.client.queues.messages.push(
        made.queue_id, account_id=engine.account, body="a", content_type="text"
    )
    wrangler.result("POST", f"/queues/{made.queue_id}/purge", {"delete_messages_permanently": True})
    assert engine.client.queues.get_metrics(made.queue_id, account_id=engine.account).backlog_count == 0


@command("queues consumer worker add, list, remove")
def queues_consumer_worker(engine):
    wrangler, made, dead = Wrangler(engine), engine.queue(), engine.queue()
    path = f"/queues/{made.queue_id}/consumers"
    settings = {"batch_size": 20, "max_retries": 4, "max_wait_time_ms": 2000, "max_concurrency": 2, "retry_delay": 3}
    body = {
        "type": "worker",
        "script_name": "clerk",
        "environment_name": "",
        "settings": settings,
        "dead_letter_queue": dead.queue_name,
    }
    wrangler.result("POST", path, body)
    (consumer,) = wrangler.result("GET", path)
    assert (consumer["type"], consumer["script"], consumer["script_name"]) == ("worker", "clerk", "clerk"), consumer
    assert settings.items() <= consumer["settings"].items(), consumer
    assert consumer["dead_letter_queue"] == dead.queue_name and consumer["queue_name"] == made.queue_name, consumer
    # It finds the consumer in the queue by its script.
    (found,) = [each for each in wrangler.queue(made.queue_name)["consumers"] if each["script"] == "clerk"]
    assert wrangler.result("DELETE", f"{path}/{found['consumer_id']}") is None
    assert wrangler.result("GET", path) == []
    # On this code it explains its own flags.
    wrong = {**body, "settings": {"batch_size": 101}}
    assert failing(lambda: wrangler.result("POST", path, wrong)) == 100127


@command("queues consumer http add, list, remove")
def queues_consumer_http(engine):
    wrangler, made = Wrangler(engine), engine.queue()
    path = f"/queues/{made.queue_id}/consumers"
    settings = {"batch_size": 20, "max_retries": 4, "visibility_timeout_ms": 45_000, "retry_delay": 3}
    wrangler.result("POST", path, {"type": "http_pull", "settings": settings, "dead_letter_queue": ""})
    (consumer,) = wrangler.result("GET", path)
    assert consumer["type"] == "http_pull" and settings.items() <= consumer["settings"].items(), consumer
    found = wrangler.queue(made.queue_name)["consumers"][0]
    assert found["type"] == "http_pull", found
    wrangler.result("DELETE", f"{path}/{found['consumer_id']}")
    assert wrangler.queue(made.queue_name)["consumers"] == []


@command("queues subscription create, list, get, update, delete")
def queues_subscription(engine):
    wrangler, made = Wrangler(engine), engine.queue()
    path = "/event_subscriptions/subscriptions"
    body = {
        "name": f"{made.queue_name} workflows.workflow",
        "enabled": True,
        "source": {"type": "workflows.workflow", "workflow_name": "greet"},
        "destination": {"type": "queues.queue", "queue_id": made.queue_id},
        "events": ["instance.started", "instance.completed"],
    }
    created = wrangler.result("POST", path, body)
    assert created["id"] and body.items() <= created.items(), created
    listed = wrangler.result("GET", f"{path}?page=1&per_page=20&queue_id={made.queue_id}")
    assert [each["id"] for each in listed] == [created["id"]], listed
    assert wrangler.result("GET", f"{path}?page=2&per_page=20&queue_id={made.queue_id}") == []
    found = wrangler.result("GET", f"{path}/{created['id']}")
    assert found["source"] == body["source"] and found["created_at"], found
    changed = wrangler.result("PATCH", f"{path}/{created['id']}", {"enabled": False})
    assert changed["enabled"] is False and changed["events"] == body["events"], changed
    wrangler.result("DELETE", f"{path}/{created['id']}")
    assert wrangler.result("GET", f"{path}?page=1&per_page=20&queue_id={made.queue_id}") == []


JURISDICTION = {"cf-r2-jurisdiction": "eu"}


@command("r2 bucket create")
def bucket_create(engine):
    wrangler, name = Wrangler(engine), engine.name("bucket")
    wrangler.result("POST", "/r2/buckets", {"name": name, "storageClass": "Standard", "locationHint": "weur"})
    assert wrangler.result("GET", f"/r2/buckets/{name}")["name"] == name
    second = engine.name("bucket")
    wrangler.result("POST", "/r2/buckets", {"name": second}, JURISDICTION)
    assert wrangler.result("GET", f"/r2/buckets/{second}", headers=JURISDICTION)["name"] == second
    assert failing(lambda: wrangler.result("GET", "/r2/buckets/no-such-one")) == 10006


@command("r2 bucket list")
def bucket_list(engine):
    name = engine.bucket()
    buckets = Wrangler(engine).result("GET", "/r2/buckets")["buckets"]
    assert name in [each["name"] for each in buckets], buckets
    assert all(each["creation_date"] for each in buckets), buckets


STORAGE = """query getR2StorageMetrics($accountTag: string, $filter: R2StorageAdaptiveGroupsFilter_InputObject) {
  viewer {
    accounts(filter: { accountTag: $accountTag }) {
      r2StorageAdaptiveGroups(limit: 1, filter: $filter, orderBy: [datetime_DESC]) {
        max { objectCount, payloadSize, metadataSize }
        dimensions { datetime }
      }
    }
  }
}"""


@command("r2 bucket info")
def bucket_info(engine):
    wrangler, name = Wrangler(engine), engine.bucket(["1234", "12"])
    bucket = wrangler.result("GET", f"/r2/buckets/{name}")
    for field in ("name", "location", "storage_class", "creation_date"):
        assert bucket[field], bucket
    variables = {
        "accountTag": engine.account,
        "filter": {
            "datetime_geq": "2026-01-01T00:00:00Z",
            "datetime_leq": "2099-01-01T00:00:00Z",
            "bucketName": name,
        },
    }
    body = {"query": STORAGE, "operationName": "getR2StorageMetrics", "variables": variables}
    answer = wrangler.send("POST", "/graphql", body).json()
    assert answer["errors"] is None, answer
    (group,) = answer["data"]["viewer"]["accounts"][0]["r2StorageAdaptiveGroups"]
    assert (group["max"]["objectCount"], group["max"]["payloadSize"]) == (2, 6), group
    assert group["max"]["metadataSize"] >= 0, group


@command("r2 bucket update storage-class")
def bucket_update(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    headers = {"cf-r2-storage-class": "InfrequentAccess"}
    changed = wrangler.result("PATCH", f"/r2/buckets/{name}", headers=headers)
    assert changed["storage_class"] == "InfrequentAccess", changed


@command("r2 bucket delete")
def bucket_delete(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    wrangler.result("DELETE", f"/r2/buckets/{name}")
    assert failing(lambda: wrangler.result("DELETE", f"/r2/buckets/{name}")) == 10006


@command("r2 bucket notification create, list, delete")
def bucket_notification(engine):
    wrangler, name, first, second = Wrangler(engine), engine.bucket(), engine.queue(), engine.queue()
    path = f"/event_notifications/r2/{name}/configuration"
    created = {"prefix": "", "suffix": "", "actions": ["PutObject", "CompleteMultipartUpload", "CopyObject"]}
    deleted = {"prefix": "a/", "suffix": ".x", "actions": ["DeleteObject", "LifecycleDeletion"], "description": "d"}
    wrangler.result("PUT", f"{path}/queues/{first.queue_id}", {"rules": [created]})
    wrangler.result("PUT", f"{path}/queues/{second.queue_id}", {"rules": [deleted]}, JURISDICTION)
    found = wrangler.result("GET", path, headers=JURISDICTION)
    assert found["bucketName"] == name, found
    queues = {each["queueId"]: each for each in found["queues"]}
    assert queues[first.queue_id]["queueName"] == first.queue_name, found
    (rule,) = queues[second.queue_id]["rules"]
    assert rule["ruleId"] and rule["createdAt"] and rule["prefix"] == "a/" and rule["suffix"] == ".x", rule
    assert sorted(rule["actions"]) == sorted(deleted["actions"]), rule
    (rule,) = queues[first.queue_id]["rules"]
    assert not rule.get("prefix") and not rule.get("suffix"), rule
    wrangler.result("DELETE", f"{path}/queues/{first.queue_id}", {"ruleIds": [rule["ruleId"]]})
    wrangler.result("DELETE", f"{path}/queues/{second.queue_id}")
    assert all(each["rules"] == [] for each in wrangler.result("GET", path)["queues"])


@command("r2 bucket lifecycle list, add, remove, set")
def bucket_lifecycle(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path, typed = f"/r2/buckets/{name}/lifecycle", {"Content-Type": "application/json"}
    rules = wrangler.result("GET", path)["rules"]
    added = {
        "id": "old",
        "enabled": True,
        "conditions": {"prefix": "logs/"},
        "deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 86_400}},
        "storageClassTransitions": [
            {"condition": {"type": "Date", "date": "2099-01-01T00:00:00.000Z"}, "storageClass": "InfrequentAccess"}
        ],
        "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 86_400}},
    }
    wrangler.result("PUT", path, {"rules": [*rules, added]}, typed)
    found = wrangler.result("GET", path)["rules"]
    assert found[:-1] == rules, found
    expected = json.loads(json.dumps(added))
    # The same moment, in a spelling of its own.
    for each in (found[-1], expected):
        date = each["storageClassTransitions"][0]["condition"]
        date["date"] = date["date"].replace(".000", "")
    assert found[-1] == expected, found
    # A rule for the whole bucket has no prefix at all.
    everything = {"id": "all", "enabled": True, "conditions": {}}
    everything["deleteObjectsTransition"] = {"condition": {"type": "Age", "maxAge": 864_000}}
    wrangler.result("PUT", path, {"rules": [everything]}, typed)
    assert [each["id"] for each in wrangler.result("GET", path)["rules"]] == ["all"]


@command("r2 bucket lock list, add, remove, set")
def bucket_lock(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path, typed = f"/r2/buckets/{name}/lock", {"Content-Type": "application/json"}
    assert wrangler.result("GET", path)["rules"] == []
    rules = [
        {"id": "a", "enabled": True, "prefix": "a/", "condition": {"type": "Age", "maxAgeSeconds": 86_400}},
        {"id": "b", "enabled": True, "condition": {"type": "Indefinite"}},
    ]
    wrangler.result("PUT", path, {"rules": rules}, typed)
    found = wrangler.result("GET", path)["rules"]
    assert [(each["id"], each["condition"]) for each in found] == [(x["id"], x["condition"]) for x in rules], found
    wrangler.result("PUT", path, {"rules": []}, typed)
    assert wrangler.result("GET", path)["rules"] == []


@command("r2 bucket cors set, list, delete")
def bucket_cors(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path = f"/r2/buckets/{name}/cors"
    assert wrangler.result("GET", path) == {"rules": []}
    rule = {
        "id": "site",
        "allowed": {"origins": ["https://a.example"], "methods": ["GET", "PUT"], "headers": ["*"]},
        "exposeHeaders": ["ETag"],
        "maxAgeSeconds": 8640,
    }
    wrangler.result("PUT", path, {"rules": [rule]}, {"Content-Type": "application/json"})
    assert wrangler.result("GET", path) == {"rules": [rule]}
    wrangler.result("DELETE", path)
    assert wrangler.result("GET", path) == {"rules": []}


@command("r2 bucket dev-url get, enable, disable")
def bucket_dev_url(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path = f"/r2/buckets/{name}/domains/managed"
    assert wrangler.result("GET", path)["enabled"] is False
    for enabled in (True, False):
        changed = wrangler.result("PUT", path, {"enabled": enabled})
        assert changed["enabled"] is enabled and changed["domain"] and changed["bucketId"], changed


@command("r2 bucket domain add, list, get, update, remove")
def bucket_domain(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path, domain = f"/r2/buckets/{name}/domains/custom", f"{engine.name('files')}.localhost"
    wrangler.result("POST", path, {"domain": domain, "zoneId": "z" * 32, "enabled": True, "minTLS": "1.1"})
    (found,) = wrangler.result("GET", path)["domains"]
    assert found["domain"] == domain and found["enabled"] is True, found
    assert set(found["status"]) == {"ownership", "ssl"}, found
    assert found["minTLS"] == "1.1" and found["zoneId"] == "z" * 32 and "zoneName" in found, found
    wrangler.result("PUT", f"{path}/{domain}", {"domain": domain, "minTLS": "1.3"})
    found = wrangler.result("GET", f"{path}/{domain}")
    assert found["minTLS"] == "1.3" and found["enabled"] is True, found
    wrangler.result("DELETE", f"{path}/{domain}")
    assert wrangler.result("GET", path)["domains"] == []


@command("r2 bucket sippy get, enable, disable")
def bucket_sippy(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path = f"/r2/buckets/{name}/sippy"
    # On this code it says that there is no configuration.
    assert failing(lambda: wrangler.result("GET", path)) == 10007
    body = {
        "source": {"provider": "aws", "bucket": "b", "region": "r", "accessKeyId": "a", "secretAccessKey": "s"},
        "destination": {"provider": "r2", "accessKeyId": "a", "secretAccessKey": "s"},
    }
    assert failing(lambda: wrangler.result("PUT", path, body)) == 10042
    wrangler.result("DELETE", path)


@command("r2 bucket local-uploads get, enable, disable")
def bucket_local_uploads(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    path = f"/r2/buckets/{name}/local-uploads"
    assert wrangler.result("GET", path) == {"enabled": True}
    wrangler.result("PUT", path, {"enabled": True})
    assert failing(lambda: wrangler.result("PUT", path, {"enabled": False})) == 10042


OBJECT_HEADERS = {
    "Content-Type": "text/x-test",
    "Content-Disposition": 'attachment; filename="a.txt"',
    "Content-Encoding": "identity",
    "Content-Language": "de",
    "Cache-Control": "max-age=5",
    "Expires": "Fri, 01 Jan 2100 00:00:00 GMT",
    "cf-r2-storage-class": "InfrequentAccess",
    "cf-r2-data-catalog-check": "true",
}


@command("r2 object put, get, delete")
def object_put(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    # The key as it is: slashes literal, nothing escaped.
    path = f"{wrangler.account}/r2/buckets/{name}/objects/a/b+c@d=e/f,g.txt"
    put = wrangler.send("PUT", path, b"hello", OBJECT_HEADERS)
    assert put.status == 200, put
    body = put.json()
    assert body["success"] is True, body
    made = body["result"]
    assert (made["key"], made["size"], made["storage_class"]) == ("a/b+c@d=e/f,g.txt", "5", "InfrequentAccess"), made
    assert made["etag"] and made["version"] and made["uploaded"], made
    get = wrangler.send("GET", path)
    assert get.status == 200 and get.body == b"hello", get
    for header in list(OBJECT_HEADERS)[:6]:
        assert get.headers[header.lower()] == OBJECT_HEADERS[header], (header, get.headers)
    gone = wrangler.send("DELETE", path)
    assert gone.status == 200 and gone.body, gone
    missing = wrangler.send("GET", path)
    assert missing.status == 404 and missing.json()["errors"][0]["code"] == 10007, missing
    again = wrangler.send("DELETE", path)
    assert again.status in (200, 404) and again.body, again
    elsewhere = wrangler.send("PUT", f"{wrangler.account}/r2/buckets/no-such-one/objects/a", b"hello")
    assert elsewhere.status == 404 and elsewhere.json()["errors"][0]["code"] == 10006, elsewhere


@command("r2 bulk put")
def bulk_put(engine):
    wrangler, name = Wrangler(engine), engine.bucket()
    for n in range(20):
        path = f"{wrangler.account}/r2/buckets/{name}/objects/bulk/{n}.bin"
        assert wrangler.send("PUT", path, bytes(n), {"Content-Type": "application/x-test"}).status == 200
    assert wrangler.result("GET", f"/r2/buckets/{name}")["object_count"] == 20


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
