"""Drives an engine with Cloudflare's own client library. Arguments: the base URL and a token."""

import sys

from cloudflare import Cloudflare, NotFoundError

client = Cloudflare(base_url=sys.argv[1], api_token=sys.argv[2])
account = "local"

# A queue: made, found, listed.
queue = client.queues.create(account_id=account, queue_name="from-python")
assert queue.queue_name == "from-python", queue
assert client.queues.get(queue.queue_id, account_id=account).queue_id == queue.queue_id
names = [each.queue_name for each in client.queues.list(account_id=account)]
assert names == ["from-python"], names

# Messages: pushed one by one and several at once, pulled, acknowledged.
client.queues.messages.push(queue.queue_id, account_id=account, body={"n": 1}, content_type="json")
client.queues.messages.push(queue.queue_id, account_id=account, body="two", content_type="text")
client.queues.messages.bulk_push(
    queue.queue_id,
    account_id=account,
    messages=[{"body": {"n": n}, "content_type": "json"} for n in (3, 4)],
)
pulled = client.queues.messages.pull(queue.queue_id, account_id=account, batch_size=10, visibility_timeout_ms=30_000)
assert len(pulled.messages) == 4, pulled
assert "two" in [message.body for message in pulled.messages], pulled
assert all(message.attempts == 1 for message in pulled.messages), pulled
acknowledged = client.queues.messages.ack(
    queue.queue_id,
    account_id=account,
    acks=[{"lease_id": message.lease_id} for message in pulled.messages[:3]],
    retries=[{"lease_id": pulled.messages[3].lease_id}],
)
assert (acknowledged.ack_count, acknowledged.retry_count) == (3, 1), acknowledged
again = client.queues.messages.pull(queue.queue_id, account_id=account, batch_size=10, visibility_timeout_ms=30_000)
assert [message.attempts for message in again.messages] == [2], again

# The end of the queue.
client.queues.delete(queue.queue_id, account_id=account)
assert [each.queue_name for each in client.queues.list(account_id=account)] == []
try:
    client.queues.get(queue.queue_id, account_id=account)
    raise AssertionError("the deleted queue is still there")
except NotFoundError as error:
    assert error.status_code == 404

# A workflow: an instance made and read; its parameters as JSON text, as this library types them.
created = client.workflows.instances.create("greet", account_id=account, params='{"name": "Ada"}')
assert created.id, created
status = client.workflows.instances.get(created.id, account_id=account, workflow_name="greet")
assert status.status in ("queued", "running", "waiting", "complete"), status
listed = [each.id for each in client.workflows.instances.list("greet", account_id=account)]
assert listed == [created.id], listed
print(created.id)
