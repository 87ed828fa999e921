"""Puts objects, uploads in parts, sends, leases, acknowledges and redrives without a pause, whether the engine is there
or not, until it is told to end; then takes what is left and checks that nothing was lost or doubled.

    store_chaos.py S3_URL ACCESS_KEY SECRET API_URL TOKEN STOP_FILE

Buckets and queues are there: bucket `things` tells queue `events` of each object; `work` has a pull consumer whose
messages die after one retry into `dead`. Ends when STOP_FILE exists. Prints one JSON object: what was done, and a list
of `faults`, which is empty when all is well.
"""

import base64
import hashlib
import http.client
import json
import os
import random
import sys
import threading
import time
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

s3_url, access_key, secret, api_url, token, stop_file = sys.argv[1:]
stopped = threading.Event()
lock = threading.Lock()
faults = []
PART = 5 * 1024 * 1024
# Bytes that many parts share; each begins with its own mark.
FILLER = random.Random(7).randbytes(PART)


def fault(text):
    with lock:
        faults.append(text)


class Away(Exception):
    """The engine gave no answer, or said that it cannot now: what was asked may have happened or not."""


class API:
    """One keep-alive connection to the REST API, of one thread."""

    def __init__(self):
        parts = urllib.parse.urlsplit(api_url)
        self.host, self.path = parts.netloc, parts.path
        self.connection = None

    def call(self, method, path, body=None):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, timeout=60)
            self.connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            raise Away() from error
        if answer.status >= 500:
            raise Away()
        envelope = json.loads(text)
        if not envelope["success"]:
            raise RuntimeError(f"{method} {path}: {envelope['errors']}")
        return envelope["result"]

    def messages(self, queue, verb, body):
        return self.call("POST", f"{self.path}/accounts/local/queues/{ids[queue]}/messages{verb}", body)


def client():
    return boto3.client(
        "s3",
        endpoint_url=s3_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        region_name="auto",
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=60,
            s3={"addressing_style": "path"},
        ),
    )


def away(error):
    """Whether an error of boto3 leaves open what has happened; everything else is the engine's fault."""
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    return True


def pause():
    stopped.wait(random.uniform(0, 0.02))


# What went out, and what was answered with yes.
put_keys, put_acknowledged = set(), {}
sent, send_acknowledged = set(), set()
settled = set()
# Acknowledged without an answer: they may be gone or not.
doubtful = set()
told = {}
counts = {"puts": 0, "uploads": 0, "sends": 0, "acks": 0, "redriven": 0, "away": 0}


def puts(name):
    s3 = client()
    number = 0
    while not stopped.is_set():
        number += 1
        key = f"put/{name}/{number}"
        body = random.randbytes(random.choice([0, 10, 1_000, 15_000, 40_000]))
        with lock:
            put_keys.add(key)
        try:
            s3.put_object(Bucket="things", Key=key, Body=body)
            with lock:
                put_acknowledged[key] = f'"{hashlib.md5(body).hexdigest()}"'
                counts["puts"] += 1
        except (BotoCoreError, ClientError) as error:
            if not away(error):
                fault(f"put {key}: {error}")
            counts["away"] += 1
            pause()


def patiently(action):
    """Asks until there is an answer, also after the others have stopped; None when an upload is gone."""
    for _ in range(10_000):
        try:
            return action()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                return None
            if not away(error):
                raise
        except BotoCoreError:
            pass
        time.sleep(0.02)
    raise RuntimeError("the engine did not come back")


def uploads(name):
    s3 = client()
    number = 0
    while not stopped.is_set():
        number += 1
        key = f"upload/{name}/{number}"
        with lock:
            put_keys.add(key)
        try:
            upload = patiently(lambda: s3.create_multipart_upload(Bucket="things", Key=key))["UploadId"]
            parts, digests = [], b""
            for part in (1, 2):
                size = PART if part == 1 else random.randint(1, 50_000)
                body = f"{key}/{part}/".encode() + FILLER[: size - len(key) - 3]
                etag = patiently(
                    lambda: s3.upload_part(Bucket="things", Key=key, UploadId=upload, PartNumber=part, Body=body)
                )["ETag"]
                if etag != f'"{hashlib.md5(body).hexdigest()}"':
                    fault(f"part {part} of {key} has another ETag")
                parts.append({"PartNumber": part, "ETag": etag})
                digests += hashlib.md5(body).digest()
            patiently(
                lambda: s3.complete_multipart_upload(
                    Bucket="things", Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
                )
            )
            with lock:
                put_acknowledged[key] = f'"{hashlib.md5(digests).hexdigest()}-2"'
                counts["uploads"] += 1
        except (ClientError, RuntimeError) as error:
            fault(f"upload {key}: {error}")


def sends():
    api = API()
    number = 0
    while not stopped.is_set():
        bodies = [f"message-{number + index}" for index in range(random.randint(1, 50))]
        number += len(bodies)
        with lock:
            sent.update(bodies)
        try:
            api.messages("work", "/batch", {"messages": [{"body": body, "content_type": "text"} for body in bodies]})
            with lock:
                send_acknowledged.update(bodies)
                counts["sends"] += len(bodies)
        except Away:
            pause()


def take(api, queue, chance):
    """Leases some messages and settles them; returns how many there were."""
    with lock:
        before = set(settled) if queue == "work" else set()
    batch = api.messages(queue, "/pull", {"batch_size": 50, "visibility_timeout_ms": 2_000})["messages"]
    acks, retries = [], []
    for message in batch:
        if queue == "work" and message["body"] in before:
            fault(f"{message['body']} was delivered after its acknowledgement was answered")
        (retries if random.random() < chance else acks).append(message)
    with lock:
        for message in batch:
            if queue == "events":
                # Before it is acknowledged: the answer to that may be lost. It comes again with the same id then.
                told.setdefault(json.loads(decoded(message))["object"]["key"], set()).add(message["id"])
        if queue == "work":
            doubtful.update(message["body"] for message in acks)
    if batch:
        answer = api.messages(
            queue,
            "/ack",
            {
                "acks": [{"lease_id": message["lease_id"]} for message in acks],
                "retries": [{"lease_id": message["lease_id"]} for message in retries],
            },
        )
        warned = answer.get("warnings") or {}
        done = [message for message in acks if message["lease_id"] not in warned]
        with lock:
            counts["acks"] += len(done)
            for message in done:
                if queue == "work":
                    if message["body"] in settled:
                        fault(f"{message['body']} was acknowledged twice")
                    settled.add(message["body"])
    return batch


def takes():
    api = API()
    while not stopped.is_set():
        try:
            if not take(api, "work", 0.2):
                pause()
        except Away:
            pause()


def notices(api):
    return take(api, "events", 0)


def decoded(message):
    is_json = message["metadata"]["CF-Content-Type"] == "json"
    return base64.b64decode(message["body"]) if is_json else message["body"]


def hears():
    api = API()
    while not stopped.is_set():
        try:
            if not notices(api):
                pause()
        except Away:
            pause()


def redrives():
    api = API()
    while not stopped.is_set():
        try:
            redrive(api)
        except Away:
            pass
        stopped.wait(0.1)


def redrive(api):
    answer = api.call("POST", "/flare/v1/queues/dead/redrive", {})
    with lock:
        counts["redriven"] += answer["count"]


def patient(action):
    for _ in range(3_000):
        try:
            return action()
        except Away:
            time.sleep(0.02)
    raise RuntimeError("the engine did not come back")


def drain():
    """Takes what is left, until nothing waits, is leased or is dead."""
    api = API()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        patient(lambda: redrive(api))
        while patient(lambda: take(api, "work", 0)):
            pass
        while patient(lambda: notices(api)):
            pass
        backlogs = [
            patient(lambda: api.call("GET", f"{api.path}/accounts/local/queues/{ids[queue]}/metrics"))["backlog_count"]
            for queue in ("work", "events", "dead")
        ]
        if backlogs == [0, 0, 0]:
            return
        time.sleep(0.2)
    fault(f"messages are left: {backlogs}")


def check():
    s3 = client()
    objects = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="things"):
        objects.update({item["Key"]: item["ETag"] for item in page.get("Contents", [])})
    for key, etag in put_acknowledged.items():
        if objects.get(key) != etag:
            fault(f"{key} was acknowledged with {etag} and is {objects.get(key)}")
    for key in objects:
        if key not in put_keys:
            fault(f"{key} was never put")
        if len(told.get(key, ())) != 1:
            fault(f"{key} was told of {len(told.get(key, ()))} times")
    for key in told:
        if key not in objects:
            fault(f"{key} was told of and is not there")
    # Some whole bodies: what an ETag says of an upload is not what its bytes are.
    for key in random.sample([key for key in objects if key.startswith("upload/")], min(5, counts["uploads"])):
        digests = b""
        body = s3.get_object(Bucket="things", Key=key)["Body"].read()
        for part in (body[:PART], body[PART:]):
            digests += hashlib.md5(part).digest()
        if objects[key] != f'"{hashlib.md5(digests).hexdigest()}-2"':
            fault(f"{key} has other bytes than were put")
    lost = send_acknowledged - settled - doubtful
    if lost:
        fault(f"{len(lost)} of {len(send_acknowledged)} messages are lost, such as {sorted(lost)[:3]}")
    if settled - sent:
        fault("messages came that were never sent")


ids = {}
for queue in patient(lambda: API().call("GET", urllib.parse.urlsplit(api_url).path + "/accounts/local/queues")):
    ids[queue["queue_name"]] = queue["queue_id"]
threads = [threading.Thread(target=puts, args=(name,)) for name in ("a", "b")]
threads += [threading.Thread(target=uploads, args=("a",)), threading.Thread(target=sends)]
threads += [threading.Thread(target=takes) for _ in range(2)]
threads += [threading.Thread(target=hears), threading.Thread(target=redrives)]
for thread in threads:
    thread.start()
while not os.path.exists(stop_file):
    time.sleep(0.05)
stopped.set()
for thread in threads:
    thread.join()
drain()
check()
json.dump({**counts, "faults": faults[:20], "fault_count": len(faults)}, sys.stdout)
