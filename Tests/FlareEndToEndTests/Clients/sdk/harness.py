"""What the checks share: how one is named and run, the two clients, and the calls that no client makes."""

import http.client
import inspect
import itertools
import json
import operator
import time
import traceback
import urllib.parse

import httpx
from cloudflare import AsyncCloudflare, Cloudflare
from cloudflare._resource import SyncAPIResource

GROUPS = ("queues", "r2", "workers.scripts", "workflows")

# Names of checks to what they run; the name of a check of a method is the method's.
METHODS = {}
PROMISES = {}
COMMANDS = {}


def method(name):
    """Marks the check of one method of the package; it passes only if it calls that method."""
    return _named(METHODS, name)


def promise(name):
    """Marks the check of a behaviour that no single method stands for."""
    return _named(PROMISES, name)


def command(name):
    """Marks the check of the calls that one command of wrangler makes."""
    return _named(COMMANDS, name)


def _named(checks, name):
    def register(body):
        assert name not in checks, f"two checks are named {name}"
        checks[name] = body
        return body

    return register


def package_methods(client):
    """Every method of the groups, as `group.resource.method`, with the class that has it."""

    def walk(path, resource):
        kind = type(resource)
        for name, _ in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{path}.{name}", kind, name
        for name in dir(kind):
            if name.startswith("_") or name.startswith("with_"):
                continue
            child = getattr(resource, name)
            if isinstance(child, SyncAPIResource):
                yield from walk(f"{path}.{name}", child)

    return [found for group in GROUPS for found in walk(group, operator.attrgetter(group)(client))]


class Engine:
    """The engine under test: its address, a token, and the clients."""

    account = "local"

    def __init__(self, base, token, access_key):
        self.base = base
        self.token = token
        self.access_key = access_key
        self.requests = []
        self.called = set()
        self._numbers = itertools.count(1)
        # Strict: an answer whose fields are not of the types that the package names is an error.
        self.client = self.make_client()
        # The package's own way: nothing of an answer is checked.
        self.lenient = self.make_client(strict=False)
        for name, kind, attribute in package_methods(self.client):
            setattr(kind, attribute, self._recording(name, getattr(kind, attribute)))

    def make_client(self, token=None, strict=True, **options):
        def note(request):
            self.requests.append((request.method, request.url.raw_path.decode()))

        return Cloudflare(
            base_url=self.base,
            api_token=token or self.token,
            http_client=httpx.Client(event_hooks={"request": [note]}),
            _strict_response_validation=strict,
            **options,
        )

    def make_async_client(self):
        return AsyncCloudflare(base_url=self.base, api_token=self.token, _strict_response_validation=True)

    def _recording(self, name, function):
        def recorded(*arguments, **named):
            self.called.add(name)
            return function(*arguments, **named)

        return recorded

    def name(self, kind):
        return f"{kind}-{next(self._numbers)}"

    def queue(self, **settings):
        """A queue of the check's own."""
        return self.client.queues.create(account_id=self.account, queue_name=self.name("queue"), **settings)

    def bucket(self, objects=()):
        """The name of a bucket of the check's own, with objects of these keys; each holds its key."""
        name = self.name("bucket")
        self.lenient.r2.buckets.create(account_id=self.account, name=name)
        for key in objects:
            self.lenient.r2.buckets.objects.upload(
                key, body=key.encode(), account_id=self.account, bucket_name=name
            )
        return name

    def instance(self, workflow="greet", params='{"name": "Ada"}', **named):
        """A new instance of a workflow."""
        return self.client.workflows.instances.create(
            workflow, account_id=self.account, params=params, **named
        )

    def settled(self, instance, workflow, *statuses):
        """The instance, once its status is one of these."""

        # Not strict: the package calls `output` text or a number, and it is null until there is one.
        def look():
            found = self.lenient.workflows.instances.get(
                instance, account_id=self.account, workflow_name=workflow
            )
            return found if found.status in statuses else None

        return eventually(look, f"instance {instance} of {workflow} is {' or '.join(statuses)}")

    def fetch(self, worker, path=""):
        """What a Worker answers over HTTP."""
        address = urllib.parse.urlsplit(self.base)
        with httpx.Client(timeout=30) as client:
            return client.get(f"http://{address.netloc}/workers/{worker}/{path}").text

    def send(self, verb, path, body=None, headers=None, token=None):
        """One request without a client library; the path begins after `/client/v4`."""
        address = urllib.parse.urlsplit(self.base)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        headers = dict(headers or {})
        headers.setdefault("Authorization", f"Bearer {token or self.token}")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(verb, address.path + path, body=data, headers=headers)
        answer = connection.getresponse()
        found = Answer(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read())
        connection.close()
        return found


class Answer:
    """The answer to a request without a client library."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def eventually(look, what, within=20):
    """The first answer of `look` that is not empty; the wait between two looks grows."""
    deadline, pause = time.monotonic() + within, 0.01
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    raise AssertionError(f"after {within} s it is not so that {what}")


def refused(kind, call, *, code=None, says=()):
    """The error of a call that must be refused; fails when it is not, or with another error."""
    try:
        answer = call()
    except kind as error:
        if code is not None:
            codes = [each.code for each in error.errors]
            assert codes == [code], f"the codes are {codes}: {error}"
        for word in says:
            assert word in str(error.body), f"{word!r} is not in {error.body}"
        return error
    raise AssertionError(f"not refused: {answer}")


def run(engine, checks, needs_call):
    """Runs checks and yields their names with what went wrong, None for nothing."""
    for name, body in checks.items():
        engine.called.clear()
        engine.requests.clear()
        try:
            body(engine)
            if needs_call and name not in engine.called:
                raise AssertionError(f"the check of {name} never called it")
            yield name, None
        except Exception:
            yield name, traceback.format_exc(limit=-4)
