"""Each method of the group `queues`: queues, consumers, messages, purges and event subscriptions."""

from cloudflare import NotFoundError
from harness import method, refused


@method("queues.create")
def create(engine):
    name = engine.name("queue")
    queue = engine.client.queues.create(account_id=engine.account, queue_name=name)
    assert queue.queue_name == name and queue.queue_id, queue
    assert queue.settings.message_retention_period == 345_600, queue.settings
    assert queue.settings.delivery_delay == 0 and queue.settings.delivery_paused is False, queue.settings
    assert queue.producers_total_count == 0 and queue.consumers_total_count == 0, queue


@method("queues.get")
def get(engine):
    made = engine.queue()
    queue = engine.client.queues.get(made.queue_id, account_id=engine.account)
    assert (queue.queue_id, queue.queue_name) == (made.queue_id, made.queue_name), queue
    assert queue.created_on == made.created_on and queue.modified_on, queue


@method("queues.list")
def list_queues(engine):
    made = {engine.queue().queue_name for _ in range(25)}
    engine.requests.clear()
    page = engine.client.queues.list(account_id=engine.account)
    # The package reads one page, so all queues must be in it.
    assert made <= {queue.queue_name for queue in page}, "a queue is missing"
    assert len(engine.requests) == 1, engine.requests


@method("queues.update")
def update(engine):
    made = engine.queue()
    engine.client.queues.edit(made.queue_id, account_id=engine.account, settings={"delivery_delay": 7})
    name = made.queue_name + "-new"
    queue = engine.client.queues.update(
        made.queue_id,
        account_id=engine.account,
        queue_name=name,
        settings={"message_retention_period": 3600},
    )
    # It replaces: what it does not name has its default again.
    assert queue.queue_name == name, queue
    assert (queue.settings.message_retention_period, queue.settings.delivery_delay) == (3600, 0), queue.settings


@method("queues.edit")
def edit(engine):
    made = engine.queue()
    engine.client.queues.edit(made.queue_id, account_id=engine.account, settings={"delivery_delay": 7})
    queue = engine.client.queues.edit(
        made.queue_id,
        account_id=engine.account,
        queue_name=made.queue_name,
        settings={"delivery_paused": True},
    )
    # It merges: what it does not name stays.
    assert queue.settings.delivery_paused is True and queue.settings.delivery_delay == 7, queue.settings


@method("queues.delete")
def delete(engine):
    made = engine.queue()
    answer = engine.client.queues.delete(made.queue_id, account_id=engine.account)
    # The whole envelope, not the result.
    assert answer.success is True and answer.errors == [] and answer.messages == [], answer
    refused(
        NotFoundError,
        lambda: engine.client.queues.get(made.queue_id, account_id=engine.account),
        code=10104,
    )


@method("queues.get_metrics")
def get_metrics(engine):
    made = engine.queue()
    empty = engine.client.queues.get_metrics(made.queue_id, account_id=engine.account)
    assert (empty.backlog_count, empty.backlog_bytes, empty.oldest_message_timestamp_ms) == (0, 0, 0), empty
    engine.client.queues.messages.push(
        made.queue_id, account_id=engine.account, body="12345", content_type="text"
    )
    full = engine.client.queues.get_metrics(made.queue_id, account_id=engine.account)
    assert full.backlog_count == 1 and full.backlog_bytes >= 5, full
    assert full.oldest_message_timestamp_ms > 1_000_000_000_000, full


PULL = {"batch_size": 25, "max_retries": 4, "retry_delay": 9, "visibility_timeout_ms": 60_000}
WORKER = {"batch_size": 50, "max_concurrency": 3, "max_retries": 2, "max_wait_time_ms": 3000, "retry_delay": 8}


def assert_settings(consumer, expected):
    found = {name: getattr(consumer.settings, name) for name in expected}
    assert found == expected, found


@method("queues.consumers.create")
def create_consumer(engine):
    pulled, pushed, dead = engine.queue(), engine.queue(), engine.queue()
    pull = engine.client.queues.consumers.create(
        pulled.queue_id,
        account_id=engine.account,
        type="http_pull",
        settings=PULL,
        dead_letter_queue=dead.queue_name,
    )
    assert pull.type == "http_pull" and pull.consumer_id and pull.queue_name == pulled.queue_name, pull
    assert pull.dead_letter_queue == dead.queue_name, pull
    assert_settings(pull, PULL)
    worker = engine.client.queues.consumers.create(
        pushed.queue_id,
        account_id=engine.account,
        type="worker",
        script_name="clerk",
        settings=WORKER,
    )
    assert worker.type == "worker" and worker.script_name == "clerk", worker
    assert_settings(worker, WORKER)


@method("queues.consumers.get")
def get_consumer(engine):
    queue = engine.queue()
    made = engine.client.queues.consumers.create(
        queue.queue_id, account_id=engine.account, type="http_pull", settings=PULL
    )
    found = engine.client.queues.consumers.get(
        made.consumer_id, account_id=engine.account, queue_id=queue.queue_id
    )
    assert found == made, (found, made)
    refused(
        NotFoundError,
        lambda: engine.client.queues.consumers.get(
            "0" * 32, account_id=engine.account, queue_id=queue.queue_id
        ),
    )


@method("queues.consumers.list")
def list_consumers(engine):
    queue = engine.queue()
    page = engine.client.queues.consumers.list(queue.queue_id, account_id=engine.account)
    assert list(page) == [], page
    made = engine.client.queues.consumers.create(queue.queue_id, account_id=engine.account, type="http_pull")
    page = engine.client.queues.consumers.list(queue.queue_id, account_id=engine.account)
    assert [each.consumer_id for each in page] == [made.consumer_id], page


@method("queues.consumers.update")
def update_consumer(engine):
    queue = engine.queue()
    made = engine.client.queues.consumers.create(
        queue.queue_id, account_id=engine.account, type="worker", script_name="clerk"
    )
    changed = engine.client.queues.consumers.update(
        made.consumer_id,
        account_id=engine.account,
        queue_id=queue.queue_id,
        type="worker",
        script_name="clerk",
        settings=WORKER,
    )
    assert changed.consumer_id == made.consumer_id, changed
    assert_settings(changed, WORKER)


@method("queues.consumers.delete")
def delete_consumer(engine):
    queue = engine.queue()
    made = engine.client.queues.consumers.create(queue.queue_id, account_id=engine.account, type="http_pull")
    answer = engine.client.queues.consumers.delete(
        made.consumer_id, account_id=engine.account, queue_id=queue.queue_id
    )
    assert answer.success is True, answer
    assert engine.client.queues.get(queue.queue_id, account_id=engine.account).consumers == []


@method("queues.messages.push")
def push(engine):
    queue = engine.queue()
    sent = engine.client.queues.messages.push(
        queue.queue_id, account_id=engine.account, body={"n": [1, "ü"]}, content_type="json"
    )
    assert sent.metadata.metrics.backlog_count == 1, sent
    engine.client.queues.messages.push(
        queue.queue_id, account_id=engine.account, body="plain ☃", content_type="text"
    )
    engine.client.queues.messages.push(
        queue.queue_id, account_id=engine.account, body="later", content_type="text", delay_seconds=600
    )
    found = pull_all(engine, queue)
    # Text comes as it is, JSON as base64; what is delayed does not come.
    bodies = {each.metadata["CF-Content-Type"]: each.body for each in found.messages}
    assert bodies == {"json": base64_json({"n": [1, "ü"]}), "text": "plain ☃"}, bodies


@method("queues.messages.bulk_push")
def bulk_push(engine):
    queue = engine.queue()
    sent = engine.client.queues.messages.bulk_push(
        queue.queue_id,
        account_id=engine.account,
        delay_seconds=0,
        messages=[{"body": {"n": n}, "content_type": "json"} for n in range(99)]
        + [{"body": "text", "content_type": "text", "delay_seconds": 600}],
    )
    assert sent.metadata.metrics.backlog_count == 100, sent
    assert len(pull_all(engine, queue).messages) == 99


@method("queues.messages.pull")
def pull(engine):
    queue = engine.queue()
    empty = engine.client.queues.messages.pull(queue.queue_id, account_id=engine.account)
    assert empty.messages == [] and empty.message_backlog_count == 0, empty
    push_texts(engine, queue, ["a", "b", "c"])
    found = engine.client.queues.messages.pull(
        queue.queue_id, account_id=engine.account, batch_size=2, visibility_timeout_ms=30_000
    )
    assert [each.body for each in found.messages] == ["a", "b"], found
    assert all(each.attempts == 1 and each.lease_id and each.id for each in found.messages), found
    assert all(each.timestamp_ms > 1_000_000_000_000 for each in found.messages), found
    assert found.message_backlog_count == 3 and found.metadata.metrics.backlog_count == 3, found
    # Leased messages are not handed out twice.
    again = engine.client.queues.messages.pull(queue.queue_id, account_id=engine.account, batch_size=10)
    assert [each.body for each in again.messages] == ["c"], again


@method("queues.messages.ack")
def ack(engine):
    queue = engine.queue()
    push_texts(engine, queue, ["a", "b"])
    first, second = pull_all(engine, queue).messages
    answer = engine.client.queues.messages.ack(
        queue.queue_id,
        account_id=engine.account,
        acks=[{"lease_id": first.lease_id}],
        retries=[{"lease_id": second.lease_id, "delay_seconds": 0}],
    )
    assert (answer.ack_count, answer.retry_count) == (1, 1), answer
    # A lease that is spent is a warning, not an error.
    late = engine.client.queues.messages.ack(
        queue.queue_id, account_id=engine.account, acks=[{"lease_id": first.lease_id}]
    )
    assert late.ack_count == 0 and first.lease_id in late.warnings, late
    again = pull_all(engine, queue).messages
    assert [(each.body, each.attempts) for each in again] == [("b", 2)], again


@method("queues.messages.peek")
def peek(engine):
    queue = engine.queue()
    push_texts(engine, queue, ["a", "b", "c"])
    for _ in range(2):
        found = engine.client.queues.messages.peek(queue.queue_id, account_id=engine.account, batch_size=2)
        assert [each.body for each in found.messages] == ["a", "b"], found
        assert all(each.ref and each.attempts == 0 for each in found.messages), found
    assert [each.attempts for each in pull_all(engine, queue).messages] == [1, 1, 1]


@method("queues.messages.purge")
def purge_messages(engine):
    queue = engine.queue()
    push_texts(engine, queue, ["a", "b", "c"])
    found = engine.client.queues.messages.peek(queue.queue_id, account_id=engine.account, batch_size=2)
    answer = engine.client.queues.messages.purge(
        queue.queue_id, account_id=engine.account, refs=[{"ref": each.ref} for each in found.messages]
    )
    assert not answer.errors, answer
    assert [each.body for each in pull_all(engine, queue).messages] == ["c"]


@method("queues.purge.start")
def purge_start(engine):
    queue = engine.queue()
    push_texts(engine, queue, ["a", "b"])
    engine.client.queues.purge.start(
        queue.queue_id, account_id=engine.account, delete_messages_permanently=True
    )
    assert engine.client.queues.get_metrics(queue.queue_id, account_id=engine.account).backlog_count == 0


@method("queues.purge.status")
def purge_status(engine):
    queue = engine.queue()
    engine.client.queues.purge.start(
        queue.queue_id, account_id=engine.account, delete_messages_permanently=True
    )
    status = engine.client.queues.purge.status(queue.queue_id, account_id=engine.account)
    assert status.completed == "true" and status.started_at.startswith("20"), status


def subscribe(engine, queue, **changes):
    named = {
        "name": engine.name("subscription"),
        "enabled": True,
        "source": {"type": "r2"},
        "destination": {"type": "queues.queue", "queue_id": queue.queue_id},
        "events": ["bucket.created", "bucket.deleted"],
        **changes,
    }
    return engine.client.queues.subscriptions.create(account_id=engine.account, **named)


@method("queues.subscriptions.create")
def create_subscription(engine):
    queue = engine.queue()
    made = subscribe(engine, queue)
    assert made.id and made.enabled is True and made.source.type == "r2", made
    assert made.destination.queue_id == queue.queue_id, made
    assert sorted(made.events) == ["bucket.created", "bucket.deleted"], made
    bucket = engine.bucket()
    found = [each for each in pull_all(engine, queue).messages if bucket in base64_text(each.body)]
    assert len(found) == 1, found


@method("queues.subscriptions.get")
def get_subscription(engine):
    made = subscribe(engine, engine.queue())
    found = engine.client.queues.subscriptions.get(made.id, account_id=engine.account)
    assert found.id == made.id and found.name == made.name and found.created_at == made.created_at, found


@method("queues.subscriptions.list")
def list_subscriptions(engine):
    queue = engine.queue()
    made = [subscribe(engine, queue).id for _ in range(5)]
    engine.requests.clear()
    found = [
        each.id
        for each in engine.client.queues.subscriptions.list(account_id=engine.account, per_page=2)
        if each.destination.queue_id == queue.queue_id
    ]
    # The package asks until a page is empty.
    assert sorted(found) == sorted(made), found
    assert len(engine.requests) >= 4, engine.requests


@method("queues.subscriptions.update")
def update_subscription(engine):
    made = subscribe(engine, engine.queue())
    name = engine.name("renamed")
    changed = engine.client.queues.subscriptions.update(
        made.id, account_id=engine.account, name=name, enabled=False, events=["bucket.deleted"]
    )
    assert (changed.name, changed.enabled, changed.events) == (name, False, ["bucket.deleted"]), changed
    assert changed.destination.queue_id == made.destination.queue_id, changed


@method("queues.subscriptions.delete")
def delete_subscription(engine):
    made = subscribe(engine, engine.queue())
    gone = engine.client.queues.subscriptions.delete(made.id, account_id=engine.account)
    assert gone.id == made.id, gone
    refused(
        NotFoundError,
        lambda: engine.client.queues.subscriptions.get(made.id, account_id=engine.account),
    )


def push_texts(engine, queue, bodies):
    engine.client.queues.messages.bulk_push(
        queue.queue_id,
        account_id=engine.account,
        messages=[{"body": body, "content_type": "text"} for body in bodies],
    )


def pull_all(engine, queue):
    return engine.client.queues.messages.pull(
        queue.queue_id, account_id=engine.account, batch_size=100, visibility_timeout_ms=60_000
    )


def base64_text(text):
    import base64

    return base64.b64decode(text).decode()


def base64_json(value):
    import base64
    import json

    return base64.b64encode(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).decode()
