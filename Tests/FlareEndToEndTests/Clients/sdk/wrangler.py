"""How wrangler calls the API, written after version 4.125.0.

Its commands are in command_*.py, each with the calls that it makes and the fields that it reads. A call succeeds for it
when the JSON of the answer says `success`, whatever the status; only calls of objects look at the status and want a
body. A body without a declared type travels as Node's fetch sends it: as text/plain.
"""

import urllib.parse


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
