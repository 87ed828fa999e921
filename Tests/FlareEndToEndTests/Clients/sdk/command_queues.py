"""The calls of wrangler's commands for queues, and of `whoami`."""

from harness import command
from wrangler import Wrangler, failing

QUEUE_SETTINGS = {"delivery_delay": 5, "message_retention_period": 3600}


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
