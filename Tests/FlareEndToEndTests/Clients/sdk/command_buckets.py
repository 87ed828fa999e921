"""The calls of wrangler's commands for buckets and objects."""

import json

from harness import command
from wrangler import Wrangler, failing

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
