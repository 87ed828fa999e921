"""What official clients rely on beyond single methods: errors, retries, pages, odd requests."""

import asyncio
import hashlib
import io
import json

from cloudflare import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Cloudflare,
    ConflictError,
    NotFoundError,
)
from harness import promise, refused

NOTHING = "0" * 32


def once(engine, kind, call, **expected):
    """The error of a call that the package must not send again."""
    engine.requests.clear()
    error = refused(kind, call, **expected)
    assert len(engine.requests) == 1, engine.requests
    return error


@promise("a token that is not known is an AuthenticationError")
def unknown_token(engine):
    stranger = engine.make_client(token="flare_nonsense")
    once(engine, AuthenticationError, lambda: stranger.queues.list(account_id=engine.account), code=10000)
    once(engine, AuthenticationError, lambda: stranger.r2.buckets.list(account_id=engine.account), code=10000)
    for header in ("", "Bearer", "Bearer ", "Basic eDp5"):
        answer = engine.send("GET", "/accounts/local/queues", headers={"Authorization": header})
        assert answer.status == 401 and answer.json()["errors"][0]["code"] == 10000, (header, answer)


@promise("the token also counts as an API key")
def token_as_key(engine):
    client = Cloudflare(base_url=engine.base, api_key=engine.token, api_email="someone@example.com")
    assert client.queues.list(account_id=engine.account).success is True
    wrong = Cloudflare(base_url=engine.base, api_key="flare_nonsense", api_email="someone@example.com")
    refused(AuthenticationError, lambda: wrong.queues.list(account_id=engine.account), code=10000)


@promise("an unknown queue is a NotFoundError of every method")
def unknown_queue(engine):
    queues, named = engine.client.queues, {"account_id": engine.account}
    for call in (
        lambda: queues.get(NOTHING, **named),
        lambda: queues.delete(NOTHING, **named),
        lambda: queues.edit(NOTHING, settings={"delivery_delay": 1}, **named),
        lambda: queues.update(NOTHING, queue_name="x", **named),
        lambda: queues.get_metrics(NOTHING, **named),
        lambda: list(queues.consumers.list(NOTHING, **named)),
        lambda: queues.consumers.create(NOTHING, type="http_pull", **named),
        lambda: queues.consumers.get(NOTHING, queue_id=NOTHING, **named),
        lambda: queues.consumers.update(NOTHING, queue_id=NOTHING, type="http_pull", **named),
        lambda: queues.consumers.delete(NOTHING, queue_id=NOTHING, **named),
        lambda: queues.messages.push(NOTHING, body="a", content_type="text", **named),
        lambda: queues.messages.bulk_push(NOTHING, messages=[{"body": "a", "content_type": "text"}], **named),
        lambda: queues.messages.pull(NOTHING, **named),
        lambda: queues.messages.peek(NOTHING, **named),
        lambda: queues.messages.ack(NOTHING, acks=[], **named),
        lambda: queues.messages.purge(NOTHING, refs=[], **named),
        lambda: queues.purge.start(NOTHING, delete_messages_permanently=True, **named),
        lambda: queues.purge.status(NOTHING, **named),
    ):
        once(engine, NotFoundError, call, code=10104)


@promise("an unknown bucket is a NotFoundError of every method")
def unknown_bucket(engine):
    buckets, named, gone = engine.client.r2.buckets, {"account_id": engine.account}, "no-such-bucket"
    queue = engine.queue().queue_id
    inside = {"bucket_name": gone, **named}
    for call in (
        lambda: buckets.get(gone, **named),
        lambda: buckets.edit(gone, storage_class="Standard", **named),
        lambda: buckets.delete(gone, **named),
        lambda: list(buckets.objects.list(gone, **named)),
        lambda: buckets.objects.get("a", **inside),
        lambda: buckets.objects.upload("a", body=b"1", **inside),
        lambda: buckets.objects.delete("a", **inside),
        lambda: buckets.cors.get(gone, **named),
        lambda: buckets.cors.update(gone, rules=[], **named),
        lambda: buckets.cors.delete(gone, **named),
        lambda: buckets.lifecycle.get(gone, **named),
        lambda: buckets.lifecycle.update(gone, rules=[], **named),
        lambda: buckets.locks.get(gone, **named),
        lambda: buckets.locks.update(gone, rules=[], **named),
        lambda: buckets.domains.managed.list(gone, **named),
        lambda: buckets.domains.managed.update(gone, enabled=True, **named),
        lambda: buckets.domains.custom.list(gone, **named),
        lambda: buckets.event_notifications.list(gone, **named),
        lambda: buckets.event_notifications.update(queue, rules=[{"actions": ["PutObject"]}], **inside),
        lambda: buckets.sippy.get(gone, **named),
        lambda: buckets.sippy.delete(gone, **named),
    ):
        once(engine, NotFoundError, call, code=10006)


@promise("a name in use is a ConflictError, sent once")
def name_in_use(engine):
    queue, bucket = engine.queue().queue_name, engine.bucket()
    once(
        engine,
        ConflictError,
        lambda: engine.client.queues.create(account_id=engine.account, queue_name=queue),
        says=[queue],
    )
    once(
        engine,
        ConflictError,
        lambda: engine.client.r2.buckets.create(account_id=engine.account, name=bucket),
        says=[bucket],
    )


@promise("a pull of a paused queue is a ConflictError, sent once")
def paused_pull(engine):
    queue = engine.queue()
    engine.client.queues.edit(queue.queue_id, account_id=engine.account, settings={"delivery_paused": True})
    engine.client.queues.messages.push(
        queue.queue_id, account_id=engine.account, body="a", content_type="text"
    )
    error = once(
        engine,
        ConflictError,
        lambda: engine.client.queues.messages.pull(queue.queue_id, account_id=engine.account),
        says=["queue_delivery_paused"],
    )
    assert error.response.headers["x-should-retry"] == "false", error.response.headers
    engine.client.queues.edit(queue.queue_id, account_id=engine.account, settings={"delivery_paused": False})
    pulled = engine.client.queues.messages.pull(queue.queue_id, account_id=engine.account)
    assert len(pulled.messages) == 1, pulled


@promise("more than a queue takes at once is a BadRequestError")
def too_much(engine):
    queue, messages = engine.queue().queue_id, engine.client.queues.messages
    one = {"body": "a", "content_type": "text"}
    for call in (
        lambda: messages.bulk_push(queue, account_id=engine.account, messages=[one] * 101),
        lambda: messages.bulk_push(
            queue, account_id=engine.account, messages=[{**one, "body": "a" * 100_000}] * 3
        ),
        lambda: messages.push(queue, account_id=engine.account, body="a" * 128_001, content_type="text"),
        lambda: messages.push(queue, account_id=engine.account, body="a", content_type="text", delay_seconds=86_401),
        lambda: messages.pull(queue, account_id=engine.account, batch_size=101),
        lambda: messages.pull(queue, account_id=engine.account, visibility_timeout_ms=43_200_001),
        lambda: messages.push(queue, account_id=engine.account, body={"a": 1}, content_type="text"),
    ):
        once(engine, BadRequestError, call)
    assert engine.client.queues.get_metrics(queue, account_id=engine.account).backlog_count == 0


@promise("a body that is too large is refused once, and the next request is answered")
def large_body(engine):
    queue = engine.queue().queue_id
    error = once(
        engine,
        APIStatusError,
        lambda: engine.client.queues.messages.push(
            queue, account_id=engine.account, body="a" * 100_000_100, content_type="text"
        ),
    )
    assert error.status_code == 413, error
    assert engine.client.queues.get(queue, account_id=engine.account).queue_id == queue


@promise("a large object comes back as it was")
def large_object(engine):
    bucket, objects = engine.bucket(), engine.client.r2.buckets.objects
    piece = hashlib.sha256(b"flare").digest() * 1024
    body = piece * 640
    made = objects.upload("large", body=io.BytesIO(body), account_id=engine.account, bucket_name=bucket)
    assert made.etag == hashlib.md5(body).hexdigest(), made
    digest = hashlib.sha256()
    with objects.with_streaming_response.get("large", account_id=engine.account, bucket_name=bucket) as answer:
        for part in answer.iter_bytes():
            digest.update(part)
    assert digest.hexdigest() == hashlib.sha256(body).hexdigest()


@promise("lists by page honour both numbers and are empty beyond their end")
def pages(engine):
    for _ in range(2):
        engine.instance("patient")
    queue = engine.queue()
    for _ in range(2):
        engine.client.queues.subscriptions.create(
            account_id=engine.account,
            name=engine.name("subscription"),
            enabled=True,
            source={"type": "r2"},
            destination={"type": "queues.queue", "queue_id": queue.queue_id},
            events=["bucket.created"],
        )
    account = f"/accounts/{engine.account}"
    for path, least in (
        ("/accounts", 1),
        ("/memberships", 1),
        (f"{account}/queues", 1),
        (f"{account}/workflows", 2),
        (f"{account}/workflows/greet/versions", 1),
        (f"{account}/workflows/patient/instances", 2),
        (f"{account}/event_subscriptions/subscriptions", 2),
    ):
        first = engine.send("GET", f"{path}?page=1&per_page=1").json()
        assert first["success"] and len(first["result"]) >= 1, (path, first)
        assert first["result_info"]["page"] == 1, (path, first)
        if least > 1:
            second = engine.send("GET", f"{path}?page=2&per_page=1").json()
            assert len(first["result"]) == len(second["result"]) == 1, (path, second)
            assert first["result"] != second["result"], path
        beyond = engine.send("GET", f"{path}?page=9999&per_page=1").json()
        assert beyond["success"] and beyond["result"] == [], (path, beyond)
        for odd in ("page=0", "page=-1", "page=x", "per_page=0"):
            answer = engine.send("GET", f"{path}?{odd}")
            assert answer.status == 400 and answer.json()["success"] is False, (path, odd, answer)


@promise("instances come by page and by cursor alike")
def page_and_cursor(engine):
    for _ in range(3):
        engine.instance("patient")
    path = f"/accounts/{engine.account}/workflows/patient/instances?per_page=2"
    first = engine.send("GET", path).json()
    by_page = engine.send("GET", f"{path}&page=2").json()
    by_cursor = engine.send("GET", f"{path}&cursor={first['result_info']['cursor']}").json()
    assert by_page["result"] and by_page["result"] == by_cursor["result"], (by_page, by_cursor)
    assert first["result_info"]["total_count"] >= 3, first


@promise("parameters of an instance are a value, or text that holds JSON, or plain text")
def parameters(engine):
    path = f"/accounts/{engine.account}/workflows/greet/instances"
    for given, kept in (
        ({"name": "Ada"}, {"name": "Ada"}),
        ('{"name": "Ada"}', {"name": "Ada"}),
        ("Ada", "Ada"),
        ([1, None], [1, None]),
        (None, None),
    ):
        made = engine.send("POST", path, {"params": given}).json()["result"]
        found = engine.send("GET", f"{path}/{made['id']}").json()["result"]
        assert found["params"] == kept or (given is None and found["params"] in (None, {})), (given, found)


@promise("queues are found by their exact names, several at once")
def by_name(engine):
    first, second = engine.queue().queue_name, engine.queue().queue_name
    path = f"/accounts/{engine.account}/queues"
    found = engine.send("GET", f"{path}?name={first}&name={second}").json()["result"]
    assert sorted(each["queue_name"] for each in found) == sorted([first, second]), found
    assert engine.send("GET", f"{path}?name={first[:-1]}").json()["result"] == []


@promise("JSON is read whatever its declared type, and an empty body is none")
def declared_types(engine):
    path = f"/accounts/{engine.account}/queues"
    for headers in ({}, {"Content-Type": "text/plain;charset=UTF-8"}, {"Content-Type": "application/octet-stream"}):
        name = engine.name("queue")
        answer = engine.send("POST", path, {"queue_name": name}, headers)
        assert answer.json()["result"]["queue_name"] == name, answer
    queue, bucket = engine.queue().queue_id, engine.bucket()
    typed = {"Content-Type": "application/json"}
    for verb, target in (
        ("PATCH", f"{path}/{queue}"),
        ("POST", f"{path}/{queue}/messages/pull"),
        ("DELETE", f"/accounts/{engine.account}/event_notifications/r2/{bucket}/configuration/queues/{queue}"),
        ("DELETE", f"/accounts/{engine.account}/r2/buckets/{bucket}"),
        ("DELETE", f"{path}/{queue}"),
        ("POST", f"/accounts/{engine.account}/workflows/patient/instances"),
    ):
        for body in (None, b""):
            answer = engine.send(verb, target, body, typed)
            if body is None:
                assert answer.status == 200 and answer.json()["success"], (verb, target, answer)
    broken = engine.send("POST", path, b'{"queue_name": ', typed)
    assert broken.status == 400 and broken.json()["success"] is False, broken


@promise("status and success agree, and what is missing is 404 with the code of its kind")
def envelopes(engine):
    account, bucket, queue = f"/accounts/{engine.account}", engine.bucket(), engine.queue().queue_id
    for verb, path, status, code in (
        ("GET", f"{account}/queues", 200, None),
        ("GET", f"{account}/queues/{NOTHING}", 404, 10104),
        ("GET", f"{account}/queues/{queue}/consumers/{NOTHING}", 404, 10109),
        ("GET", f"{account}/r2/buckets/{bucket}", 200, None),
        ("GET", f"{account}/r2/buckets/nothing", 404, 10006),
        ("GET", f"{account}/r2/buckets/{bucket}/objects/nothing", 404, 10007),
        ("GET", f"{account}/r2/buckets/{bucket}/sippy", 404, 10007),
        ("GET", f"{account}/r2/buckets/{bucket}/domains/custom/x.example", 404, None),
        ("GET", f"{account}/slurper/jobs/nothing", 404, 10417),
        ("GET", f"{account}/event_subscriptions/subscriptions/{NOTHING}", 404, None),
        ("GET", f"{account}/workflows/nothing", 404, 10200),
        ("GET", f"{account}/workflows/greet/versions/nothing", 404, 10412),
        ("GET", f"{account}/workflows/greet/instances/nothing", 404, 10400),
        ("PATCH", f"{account}/workflows/greet/instances/nothing/status", 404, 10400),
        ("POST", f"{account}/workflows/greet/instances/nothing/events/x", 404, 10400),
        ("GET", f"{account}/no/such/route", 404, 7003),
        ("PUT", "/accounts", 404, 7003),
        ("PATCH", f"{account}/r2/buckets/{bucket}", 400, 10001),
        ("PUT", f"{account}/r2/buckets/{bucket}/sippy", 501, 10042),
    ):
        body = {"status": "pause"} if verb == "PATCH" else {} if verb in ("PUT", "POST") else None
        answer = engine.send(verb, path, body)
        envelope = answer.json()
        assert answer.status == status, (verb, path, answer)
        assert envelope["success"] is (status < 400), (verb, path, answer)
        assert answer.headers["content-type"].startswith("application/json"), (verb, path, answer.headers)
        codes = [each["code"] for each in envelope["errors"]]
        assert len(codes) == (0 if status < 400 else 1) and (code is None or codes == [code]), (verb, path, answer)
        assert all(each["message"] for each in envelope["errors"]), (verb, path, answer)
        assert isinstance(envelope["messages"], list) and "result" in envelope, (verb, path, answer)
        if status in (409, 501):
            assert answer.headers["x-should-retry"] == "false", (verb, path, answer.headers)


@promise("a slash in a key is the same, literal or encoded")
def slashes(engine):
    bucket = engine.bucket()
    path = f"/accounts/{engine.account}/r2/buckets/{bucket}/objects"
    for written, read, key in (
        ("a/b c".replace(" ", "%20"), "a%2Fb%20c", "a/b c"),
        ("x%2fy", "x/y", "x/y"),
        ("%252F", "%252F", "%2F"),
        ("d//e", "d%2F%2Fe", "d//e"),
        ("..%2F..%2Fup", "..%2f..%2fup", "../../up"),
    ):
        put = engine.send("PUT", f"{path}/{written}", key.encode())
        assert put.status == 200 and put.json()["result"]["key"] == key, (written, put)
        get = engine.send("GET", f"{path}/{read}")
        assert get.status == 200 and get.body == key.encode(), (read, get)
        head = engine.send("HEAD", f"{path}/{read}")
        assert head.status == 200 and head.body == b"", head
        assert head.headers["etag"] == get.headers["etag"], head.headers
        assert head.headers["content-length"] == str(len(key.encode())), head.headers
    assert engine.send("HEAD", f"{path}/nothing").status == 404


@promise("a put and a delete of an object answer 200 with a body")
def object_bodies(engine):
    path = f"/accounts/{engine.account}/r2/buckets/{engine.bucket()}/objects/a"
    for verb, body in (("PUT", b""), ("DELETE", None), ("DELETE", None)):
        answer = engine.send(verb, path, body)
        assert answer.status == 200 and answer.json()["result"]["key"] == "a", (verb, answer)


@promise("a name of a jurisdiction is accepted and changes nothing")
def jurisdictions(engine):
    named = {"account_id": engine.account, "jurisdiction": "eu"}
    name = engine.name("bucket")
    engine.lenient.r2.buckets.create(name=name, **named)
    engine.client.r2.buckets.objects.upload("a", body=b"1", bucket_name=name, **named)
    found = engine.client.r2.buckets.objects.get("a", account_id=engine.account, bucket_name=name)
    assert found.read() == b"1"
    engine.client.r2.buckets.objects.delete("a", bucket_name=name, **named)
    engine.client.r2.buckets.delete(name, **named)


@promise("every account of a path is the local one")
def any_account(engine):
    name = engine.name("queue")
    made = engine.client.queues.create(account_id="0" * 32, queue_name=name)
    assert engine.client.queues.get(made.queue_id, account_id="my_account").queue_name == name
    assert engine.client.accounts.get(account_id="my_account").id == "my_account"


@promise("GraphQL that is not about storage gets GraphQL's own error")
def graphql(engine):
    for body in ({"query": "{ viewer { accounts { d1AnalyticsAdaptiveGroups { sum { x } } } } }"}, {}):
        answer = engine.send("POST", "/graphql", body)
        found = answer.json()
        assert answer.status == 200 and found["data"] is None, answer
        assert "r2StorageAdaptiveGroups" in found["errors"][0]["message"], answer
    query = "query x { viewer { accounts { r2StorageAdaptiveGroups(limit: 1) { max { objectCount } } } } }"
    unknown = {"query": query, "variables": {"filter": {"bucketName": "nothing"}}}
    found = engine.send("POST", "/graphql", unknown).json()
    assert found["data"]["viewer"]["accounts"][0]["r2StorageAdaptiveGroups"] == [], found
    assert engine.send("POST", "/graphql", {"query": query}, token="nonsense").status == 401


@promise("the asynchronous client does the same")
def asynchronous(engine):
    async def everything():
        async with engine.make_async_client() as client:
            named = {"account_id": engine.account}
            queue = await client.queues.create(queue_name=engine.name("queue"), **named)
            pushes = (
                client.queues.messages.push(queue.queue_id, body={"n": n}, content_type="json", **named)
                for n in range(20)
            )
            await asyncio.gather(*pushes)
            pulled = await client.queues.messages.pull(queue.queue_id, batch_size=50, **named)
            assert len(pulled.messages) == 20, pulled
            acks = [{"lease_id": each.lease_id} for each in pulled.messages]
            answer = await client.queues.messages.ack(queue.queue_id, acks=acks, **named)
            assert answer.ack_count == 20, answer
            bucket = engine.bucket()
            objects = client.r2.buckets.objects
            await asyncio.gather(
                *(objects.upload(f"k/{n}", body=b"1" * n, bucket_name=bucket, **named) for n in range(20))
            )
            keys = [each.key async for each in objects.list(bucket, per_page=7, **named)]
            assert keys == sorted(f"k/{n}" for n in range(20)), keys
            names = [each.name async for each in client.workflows.list(per_page=1, **named)]
            assert {"greet", "patient"} <= set(names), names
            try:
                await client.queues.get(NOTHING, **named)
                raise AssertionError("the queue is there")
            except NotFoundError as error:
                assert json.loads(error.response.content)["errors"][0]["code"] == 10104, error

    asyncio.run(everything())


@promise("identity is told to whoever asks first")
def identity(engine):
    client = engine.lenient
    assert [each.id for each in client.accounts.list()] == ["local"]
    assert [each.account.id for each in client.memberships.list()] == ["local"]
    assert client.user.get().id == "local"
    assert client.user.tokens.verify().status == "active"
    assert client.accounts.tokens.verify(account_id=engine.account).status == "active"
