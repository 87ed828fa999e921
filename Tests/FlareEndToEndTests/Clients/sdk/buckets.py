"""Each method of the group `r2` but those of objects: buckets, their rules and domains, credentials."""

from cloudflare import APIStatusError, BadRequestError, ConflictError, NotFoundError
from harness import method, refused

DAY = 86_400


# Not strict where a bucket is answered: its location is "local", which is none of the places that the package names.


@method("r2.buckets.create")
def create(engine):
    buckets, name = engine.lenient.r2.buckets, engine.name("bucket")
    made = buckets.create(account_id=engine.account, name=name, storage_class="InfrequentAccess")
    assert (made.name, made.storage_class) == (name, "InfrequentAccess"), made
    assert made.creation_date.startswith("20"), made
    hinted = buckets.create(
        account_id=engine.account, name=engine.name("bucket"), location_hint="weur", jurisdiction="default"
    )
    assert (hinted.storage_class, hinted.jurisdiction) == ("Standard", "default"), hinted
    refused(ConflictError, lambda: buckets.create(account_id=engine.account, name=name), says=[name])
    refused(
        BadRequestError, lambda: buckets.create(account_id=engine.account, name="Not_A_Bucket"), code=10005
    )


@method("r2.buckets.get")
def get(engine):
    name = engine.bucket()
    found = engine.lenient.r2.buckets.get(name, account_id=engine.account)
    assert (found.name, found.storage_class) == (name, "Standard"), found
    refused(
        NotFoundError, lambda: engine.lenient.r2.buckets.get("no-such-one", account_id=engine.account), code=10006
    )


@method("r2.buckets.list")
def list_buckets(engine):
    names = sorted(engine.bucket() for _ in range(3))

    def listed(**named):
        found = engine.lenient.r2.buckets.list(account_id=engine.account, per_page=1000, **named)
        return [each.name for each in found.buckets]

    everything = listed()
    assert everything == sorted(everything) and set(names) <= set(everything), everything
    assert listed(order="name", direction="desc") == everything[::-1]
    assert listed(name_contains=names[1]) == [names[1]]
    assert listed(start_after=everything[-2]) == everything[-1:]
    # The package hands out no cursor here: what the answer carries is read from the raw one.
    raw = engine.send("GET", f"/accounts/{engine.account}/r2/buckets?per_page=2").json()
    assert [each["name"] for each in raw["result"]["buckets"]] == everything[:2], raw
    rest = listed(cursor=raw["result_info"]["cursor"])
    assert rest == everything[2:], rest


@method("r2.buckets.edit")
def edit(engine):
    name, buckets = engine.bucket(["standard"]), engine.lenient.r2.buckets
    changed = buckets.edit(name, account_id=engine.account, storage_class="InfrequentAccess")
    assert (changed.name, changed.storage_class) == (name, "InfrequentAccess"), changed
    assert buckets.get(name, account_id=engine.account).storage_class == "InfrequentAccess"
    # The class of a bucket is that of its new objects; those that are there keep theirs.
    buckets.objects.upload("new", body=b"1", account_id=engine.account, bucket_name=name)
    found = buckets.objects.list(name, account_id=engine.account)
    classes = {each.key: each.storage_class for each in found}
    assert classes == {"new": "InfrequentAccess", "standard": "Standard"}, classes


@method("r2.buckets.delete")
def delete(engine):
    name = engine.bucket(["a"])
    refused(
        ConflictError, lambda: engine.client.r2.buckets.delete(name, account_id=engine.account), code=10008
    )
    engine.client.r2.buckets.objects.delete("a", account_id=engine.account, bucket_name=name)
    engine.client.r2.buckets.delete(name, account_id=engine.account)
    refused(
        NotFoundError, lambda: engine.client.r2.buckets.delete(name, account_id=engine.account), code=10006
    )


CORS = {
    "id": "site",
    "allowed": {"methods": ["GET", "PUT"], "origins": ["https://a.example"], "headers": ["x-user"]},
    "expose_headers": ["ETag"],
    "max_age_seconds": 600,
}


@method("r2.buckets.cors.update")
def update_cors(engine):
    name, cors = engine.bucket(), engine.client.r2.buckets.cors
    cors.update(name, account_id=engine.account, rules=[CORS])
    cors.update(name, account_id=engine.account, rules=[{**CORS, "id": "other"}])
    assert [each.id for each in cors.get(name, account_id=engine.account).rules] == ["other"]


@method("r2.buckets.cors.get")
def get_cors(engine):
    name, cors = engine.bucket(), engine.client.r2.buckets.cors
    assert cors.get(name, account_id=engine.account).rules == []
    cors.update(name, account_id=engine.account, rules=[CORS])
    (rule,) = cors.get(name, account_id=engine.account).rules
    assert (rule.id, rule.expose_headers, rule.max_age_seconds) == ("site", ["ETag"], 600), rule
    assert rule.allowed.methods == ["GET", "PUT"] and rule.allowed.headers == ["x-user"], rule
    assert rule.allowed.origins == ["https://a.example"], rule


@method("r2.buckets.cors.delete")
def delete_cors(engine):
    name, cors = engine.bucket(), engine.client.r2.buckets.cors
    cors.update(name, account_id=engine.account, rules=[CORS])
    cors.delete(name, account_id=engine.account)
    assert cors.get(name, account_id=engine.account).rules == []


LIFECYCLE = [
    {
        "id": "logs",
        "enabled": True,
        "conditions": {"prefix": "logs/"},
        "delete_objects_transition": {"condition": {"type": "Age", "max_age": 7 * DAY}},
        "abort_multipart_uploads_transition": {"condition": {"type": "Age", "max_age": DAY}},
        "storage_class_transitions": [
            {"condition": {"type": "Age", "max_age": 3 * DAY}, "storage_class": "InfrequentAccess"}
        ],
    },
    {
        "id": "end",
        "enabled": False,
        "conditions": {"prefix": ""},
        "delete_objects_transition": {"condition": {"type": "Date", "date": "2099-01-01T00:00:00Z"}},
    },
]


@method("r2.buckets.lifecycle.get")
def get_lifecycle(engine):
    name, lifecycle = engine.bucket(), engine.client.r2.buckets.lifecycle
    fresh = lifecycle.get(name, account_id=engine.account).rules
    # Cloudflare gives a new bucket one rule, which ends uploads that nobody finishes.
    assert [each.id for each in fresh] in ([], ["Default Multipart Abort Rule"]), fresh
    lifecycle.update(name, account_id=engine.account, rules=LIFECYCLE)
    logs, end = lifecycle.get(name, account_id=engine.account).rules
    assert (logs.id, logs.enabled, logs.conditions.prefix) == ("logs", True, "logs/"), logs
    assert logs.delete_objects_transition.condition.max_age == 7 * DAY, logs
    assert logs.abort_multipart_uploads_transition.condition.max_age == DAY, logs
    assert logs.storage_class_transitions[0].storage_class == "InfrequentAccess", logs
    assert (end.enabled, end.conditions.prefix) == (False, ""), end
    assert end.delete_objects_transition.condition.date.year == 2099, end


@method("r2.buckets.lifecycle.update")
def update_lifecycle(engine):
    name, lifecycle = engine.bucket(), engine.client.r2.buckets.lifecycle
    lifecycle.update(name, account_id=engine.account, rules=LIFECYCLE)
    lifecycle.update(name, account_id=engine.account, rules=LIFECYCLE[:1])
    assert [each.id for each in lifecycle.get(name, account_id=engine.account).rules] == ["logs"]
    lifecycle.update(name, account_id=engine.account, rules=[])
    assert lifecycle.get(name, account_id=engine.account).rules == []
    refused(
        BadRequestError,
        lambda: lifecycle.update(name, account_id=engine.account, rules=[LIFECYCLE[0], LIFECYCLE[0]]),
        says=["logs"],
    )


LOCKS = [
    {"id": "age", "enabled": True, "prefix": "kept/", "condition": {"type": "Age", "max_age_seconds": DAY}},
    {"id": "date", "enabled": False, "condition": {"type": "Date", "date": "2099-01-01T00:00:00Z"}},
    {"id": "ever", "enabled": True, "prefix": "ever/", "condition": {"type": "Indefinite"}},
]


@method("r2.buckets.locks.get")
def get_locks(engine):
    name, locks = engine.bucket(), engine.client.r2.buckets.locks
    assert locks.get(name, account_id=engine.account).rules == []
    locks.update(name, account_id=engine.account, rules=LOCKS)
    age, date, ever = locks.get(name, account_id=engine.account).rules
    assert (age.id, age.enabled, age.prefix, age.condition.max_age_seconds) == ("age", True, "kept/", DAY), age
    assert date.enabled is False and date.condition.date.year == 2099, date
    assert ever.condition.type == "Indefinite", ever


@method("r2.buckets.locks.update")
def update_locks(engine):
    name, buckets = engine.bucket(["ever/a", "free"]), engine.client.r2.buckets
    buckets.locks.update(name, account_id=engine.account, rules=LOCKS)

    def erase(key):
        return buckets.objects.delete(key, account_id=engine.account, bucket_name=name)

    error = refused(APIStatusError, lambda: erase("ever/a"), code=10069)
    assert error.status_code == 403, error
    erase("free")
    buckets.locks.update(name, account_id=engine.account, rules=[])
    erase("ever/a")


@method("r2.buckets.domains.managed.list")
def list_managed(engine):
    name = engine.bucket()
    found = engine.client.r2.buckets.domains.managed.list(name, account_id=engine.account)
    assert found.enabled is False and found.domain and found.bucket_id, found


@method("r2.buckets.domains.managed.update")
def update_managed(engine):
    name, managed = engine.bucket(), engine.client.r2.buckets.domains.managed
    for enabled in (True, False):
        changed = managed.update(name, account_id=engine.account, enabled=enabled)
        assert changed.enabled is enabled and changed.domain and changed.bucket_id, changed
        assert managed.list(name, account_id=engine.account).enabled is enabled


def add_domain(engine, name, **changes):
    named = {"domain": f"{engine.name('files')}.localhost", "zone_id": "0" * 32, "enabled": True, **changes}
    return engine.client.r2.buckets.domains.custom.create(name, account_id=engine.account, **named)


@method("r2.buckets.domains.custom.create")
def create_domain(engine):
    name = engine.bucket()
    made = add_domain(engine, name, min_tls="1.2")
    assert made.domain.endswith(".localhost") and made.enabled is True and made.min_tls == "1.2", made
    refused(ConflictError, lambda: add_domain(engine, engine.bucket(), domain=made.domain), says=[made.domain])


@method("r2.buckets.domains.custom.list")
def list_domains(engine):
    name = engine.bucket()
    assert engine.client.r2.buckets.domains.custom.list(name, account_id=engine.account).domains == []
    made = [add_domain(engine, name).domain for _ in range(2)]
    found = engine.client.r2.buckets.domains.custom.list(name, account_id=engine.account).domains
    assert sorted(each.domain for each in found) == sorted(made), found
    assert all(each.enabled and each.status.ownership == "active" for each in found), found
    assert all(each.status.ssl == "active" for each in found), found


@method("r2.buckets.domains.custom.get")
def get_domain(engine):
    name, custom = engine.bucket(), engine.client.r2.buckets.domains.custom
    made = add_domain(engine, name)
    found = custom.get(made.domain, account_id=engine.account, bucket_name=name)
    assert (found.domain, found.enabled, found.zone_id) == (made.domain, True, "0" * 32), found
    refused(
        NotFoundError, lambda: custom.get("no.localhost", account_id=engine.account, bucket_name=name)
    )


@method("r2.buckets.domains.custom.update")
def update_domain(engine):
    name, custom = engine.bucket(), engine.client.r2.buckets.domains.custom
    made = add_domain(engine, name, min_tls="1.2")
    changed = custom.update(made.domain, account_id=engine.account, bucket_name=name, enabled=False)
    assert changed.domain == made.domain and changed.enabled is False, changed
    found = custom.get(made.domain, account_id=engine.account, bucket_name=name)
    # What an update does not name stays.
    assert found.enabled is False and found.min_tls == "1.2", found


@method("r2.buckets.domains.custom.delete")
def delete_domain(engine):
    name, custom = engine.bucket(), engine.client.r2.buckets.domains.custom
    made = add_domain(engine, name)
    gone = custom.delete(made.domain, account_id=engine.account, bucket_name=name)
    assert gone.domain == made.domain, gone
    assert custom.list(name, account_id=engine.account).domains == []


def notify(engine, bucket, queue, *rules):
    return engine.client.r2.buckets.event_notifications.update(
        queue.queue_id, account_id=engine.account, bucket_name=bucket, rules=rules
    )


JPEG = {"prefix": "in/", "suffix": ".jpeg", "actions": ["PutObject", "CopyObject"], "description": "pictures"}


@method("r2.buckets.event_notifications.update")
def update_notifications(engine):
    bucket, queue = engine.bucket(), engine.queue()
    notify(engine, bucket, queue, JPEG)
    # A second update adds to the rules that are there.
    notify(engine, bucket, queue, {"prefix": "", "suffix": ".png", "actions": ["DeleteObject"]})
    found = engine.client.r2.buckets.event_notifications.list(bucket, account_id=engine.account)
    assert sorted(rule.suffix for rule in found.queues[0].rules) == [".jpeg", ".png"], found
    error = refused(ConflictError, lambda: notify(engine, bucket, queue, {**JPEG, "prefix": "in/x"}))
    assert error.errors[0].message, error
    engine.client.r2.buckets.objects.upload(
        "in/cat.jpeg", body=b"meow", account_id=engine.account, bucket_name=bucket
    )
    metrics = engine.client.queues.get_metrics(queue.queue_id, account_id=engine.account)
    assert metrics.backlog_count == 1, metrics
    producers = engine.client.queues.get(queue.queue_id, account_id=engine.account).producers
    assert [(each.type, each.bucket_name) for each in producers] == [("r2_bucket", bucket)], producers


@method("r2.buckets.event_notifications.list")
def list_notifications(engine):
    bucket, first, second = engine.bucket(), engine.queue(), engine.queue()
    notify(engine, bucket, first, JPEG)
    notify(engine, bucket, second, {"actions": ["DeleteObject", "LifecycleDeletion"]})
    found = engine.client.r2.buckets.event_notifications.list(bucket, account_id=engine.account)
    assert found.bucket_name == bucket, found
    queues = {each.queue_id: each for each in found.queues}
    assert set(queues) == {first.queue_id, second.queue_id}, found
    (rule,) = queues[first.queue_id].rules
    assert (rule.prefix, rule.suffix, rule.description) == ("in/", ".jpeg", "pictures"), rule
    assert rule.rule_id and rule.created_at.startswith("20"), rule
    assert sorted(rule.actions) == ["CopyObject", "PutObject"], rule


@method("r2.buckets.event_notifications.get")
def get_notifications(engine):
    bucket, queue = engine.bucket(), engine.queue()
    notify(engine, bucket, queue, JPEG)
    found = engine.client.r2.buckets.event_notifications.get(
        queue.queue_id, account_id=engine.account, bucket_name=bucket
    )
    assert (found.queue_id, found.queue_name) == (queue.queue_id, queue.queue_name), found
    assert [each.suffix for each in found.rules] == [".jpeg"], found


@method("r2.buckets.event_notifications.delete")
def delete_notifications(engine):
    bucket, queue = engine.bucket(), engine.queue()
    notify(engine, bucket, queue, JPEG)
    notify(engine, bucket, queue, {"actions": ["DeleteObject"]})
    engine.client.r2.buckets.event_notifications.delete(
        queue.queue_id, account_id=engine.account, bucket_name=bucket
    )
    found = engine.client.r2.buckets.event_notifications.list(bucket, account_id=engine.account)
    assert all(each.rules == [] for each in found.queues), found


@method("r2.buckets.metrics.list")
def list_metrics(engine):
    metrics = engine.client.r2.buckets.metrics
    before = metrics.list(account_id=engine.account)
    name = engine.bucket(["12345"])
    engine.client.r2.buckets.objects.upload(
        "cold",
        body=b"123",
        account_id=engine.account,
        bucket_name=name,
        cf_r2_storage_class="InfrequentAccess",
    )
    after = metrics.list(account_id=engine.account)

    def growth(part):
        old, new = getattr(before, part).published, getattr(after, part).published
        return new.objects - old.objects, new.payload_size - old.payload_size

    assert growth("standard") == (1, 5), (before, after)
    assert growth("infrequent_access") == (1, 3), (before, after)
    assert after.standard.published.metadata_size > before.standard.published.metadata_size, after
    assert after.standard.uploaded.objects == before.standard.uploaded.objects, after


@method("r2.temporary_credentials.create")
def create_credentials(engine):
    bucket, key = engine.bucket(["kept/a"]), engine.access_key
    made = engine.client.r2.temporary_credentials.create(
        account_id=engine.account,
        bucket=bucket,
        parent_access_key_id=key,
        permission="object-read-only",
        ttl_seconds=3600,
        prefixes=["kept/"],
    )
    assert made.access_key_id and made.secret_access_key and made.session_token, made
    refused(
        NotFoundError,
        lambda: engine.client.r2.temporary_credentials.create(
            account_id=engine.account,
            bucket=bucket,
            parent_access_key_id="no-such-key",
            permission="object-read-only",
            ttl_seconds=3600,
        ),
        says=["no-such-key"],
    )
