"""Each method of the group `workers.scripts`."""

import json

from cloudflare import APIStatusError, BadRequestError, ConflictError, NotFoundError
from harness import method, refused

ESM = "application/javascript+module"


def source(answer):
    """A Worker that answers every request with the value of an expression."""
    return f"""
        export default {{
          async fetch(request, env) {{ return new Response(String({answer})); }},
          async scheduled() {{}},
        }};
        """.encode()


def main(answer, name="index.js"):
    return (name, source(answer), ESM)


def make(engine, answer="1", name=None, files=None, **metadata):
    """The name of a Worker that was just uploaded."""
    name = name or engine.name("script")
    engine.lenient.workers.scripts.update(
        name,
        account_id=engine.account,
        metadata={"main_module": "index.js", "compatibility_date": "2026-01-01", **metadata},
        files=files or [main(answer)],
    )
    return name


def shared(engine):
    """The name of a Worker that no check changes."""
    if not hasattr(engine, "shared_script"):
        engine.shared_script = make(engine, "'what it is'")
    return engine.shared_script


def version(engine, name, answer, **metadata):
    """The id of a version that was uploaded and not deployed."""
    # The package fails to read any version that it has just made (in 5.7.0), so the answer is read as it came.
    answer = engine.lenient.workers.scripts.versions.with_raw_response.create(
        name,
        account_id=engine.account,
        metadata={"main_module": "index.js", **metadata},
        files=[main(answer)],
    )
    return json.loads(answer.read())["result"]


@method("workers.scripts.update")
def update(engine):
    scripts, name = engine.client.workers.scripts, engine.name("script")
    files = [
        ("index.js", b"import {a} from './lib/a.mjs'; import t from './t.txt'; import d from './d.bin';"
         b"import w from './w.wasm'; import j from './j.json'; import c from './c.cjs';"
         b"const x = () => new WebAssembly.Instance(w).exports.x?.() ?? w.constructor.name;"
         b"export default {fetch: () => new Response([a, t, new Uint8Array(d)[1], x(), j.k, c.c].join(' '))}", ESM),
        ("lib/a.mjs", b"export const a = 'a';", ESM),
        ("./t.txt", 'a "text"'.encode(), "text/plain"),
        ("d.bin", b"\x00\xff", "application/octet-stream"),
        ("w.wasm", b"\0asm\x01\0\0\0", "application/wasm"),
        ("j.json", b'{"k": "json"}', "application/json"),
        ("c.cjs", b"exports.c = 'common'", "application/javascript"),
    ]
    metadata = {"main_module": "index.js", "compatibility_flags": ["nodejs_compat"]}
    made = scripts.update(name, account_id=engine.account, metadata=metadata, files=files)
    assert made.id == name and made.startup_time_ms >= 0 and made.handlers == ["fetch"], made
    assert engine.fetch(name) == 'a a "text" 255 Module json common', engine.fetch(name)


@method("workers.scripts.list")
def listing(engine):
    name = shared(engine)
    found = [each for each in engine.client.workers.scripts.list(account_id=engine.account) if each.id == name]
    assert len(found) == 1 and found[0].created_on and found[0].etag, found


@method("workers.scripts.search")
def search(engine):
    name = shared(engine)
    (found,) = engine.client.workers.scripts.search(account_id=engine.account, name=name)
    assert (found.id, found.script_name) == (name, name), found
    assert engine.client.workers.scripts.search(account_id=engine.account, name=name, page=2) == []


@method("workers.scripts.get")
def get(engine):
    name = shared(engine)
    assert "'what it is'" in engine.client.workers.scripts.get(name, account_id=engine.account)
    refused(
        NotFoundError, lambda: engine.client.workers.scripts.get("nothing", account_id=engine.account), code=10007
    )


@method("workers.scripts.delete")
def delete(engine):
    scripts, name = engine.client.workers.scripts, make(engine)
    scripts.delete(name, account_id=engine.account)
    refused(NotFoundError, lambda: scripts.delete(name, account_id=engine.account), code=10007)


@method("workers.scripts.content.get")
def content_get(engine):
    text = b"a text that stays as it was"
    files = [main("1"), ("note.txt", text, "text/plain")]
    name = make(engine, files=files)
    content = engine.client.workers.scripts.content
    found = content.get(name, account_id=engine.account)
    body = found.read()
    assert text in body and b'filename="index.js"' in body and source("1") in body, body
    assert found.headers["cf-entrypoint"] == "index.js"
    # wrangler asks for that of any version.
    second = version(engine, name, "2")["id"]
    assert source("2") in content.get(name, account_id=engine.account, extra_query={"version": second}).read()


@method("workers.scripts.content.update")
def content_update(engine):
    name = make(engine, bindings=[{"type": "plain_text", "name": "T", "text": "kept"}])
    made = engine.client.workers.scripts.content.update(
        name, account_id=engine.account, metadata={"main_module": "index.js"}, files=[main("env.T + 2")]
    )
    assert made.id == name and engine.fetch(name) == "kept2", made


@method("workers.scripts.settings.get")
def settings_get(engine):
    found = engine.client.workers.scripts.settings.get(shared(engine), account_id=engine.account)
    assert found.logpush is False and found.tail_consumers == [], found


@method("workers.scripts.settings.edit")
def settings_edit(engine):
    settings, name = engine.client.workers.scripts.settings, shared(engine)
    assert settings.edit(name, account_id=engine.account, logpush=False).logpush is False
    refused(
        BadRequestError,
        lambda: settings.edit(name, account_id=engine.account, tail_consumers=[{"service": "other"}]),
        says=["tail_consumers"],
    )


@method("workers.scripts.script_and_version_settings.get")
def version_settings_get(engine):
    name = make(engine, bindings=[{"type": "json", "name": "J", "json": {"a": 1}}], limits={"cpu_ms": 50})
    found = engine.lenient.workers.scripts.script_and_version_settings.get(name, account_id=engine.account)
    (binding,) = found.bindings
    assert (binding.name, binding.type, binding.json_) == ("J", "json", {"a": 1}), found
    assert found.compatibility_date == "2026-01-01" and found.limits.cpu_ms == 50, found


@method("workers.scripts.script_and_version_settings.edit")
def version_settings_edit(engine):
    name = make(engine, "env.B ?? env.A", bindings=[{"type": "plain_text", "name": "A", "text": "a"}])
    settings = engine.lenient.workers.scripts.script_and_version_settings
    found = settings.edit(
        name,
        account_id=engine.account,
        settings={"bindings": [{"type": "inherit", "name": "A"}, {"type": "plain_text", "name": "B", "text": "b"}]},
    )
    assert sorted(each.name for each in found.bindings) == ["A", "B"], found
    # The code is that of before, and so is what was not spoken of.
    assert engine.fetch(name) == "b" and found.compatibility_date == "2026-01-01", found


@method("workers.scripts.schedules.update")
def schedules_update(engine):
    schedules, name = engine.client.workers.scripts.schedules, make(engine)
    found = schedules.update(name, account_id=engine.account, body=[{"cron": "0 0 1 1 *"}])
    assert [each.cron for each in found.schedules] == ["0 0 1 1 *"], found
    # An upload leaves them.
    make(engine, "2", name)
    assert len(schedules.get(name, account_id=engine.account).schedules) == 1
    assert schedules.update(name, account_id=engine.account, body=[]).schedules == []


@method("workers.scripts.schedules.get")
def schedules_get(engine):
    assert engine.client.workers.scripts.schedules.get(shared(engine), account_id=engine.account).schedules == []


@method("workers.scripts.secrets.update")
def secrets_update(engine):
    name = make(engine, "env.S")
    made = engine.lenient.workers.scripts.secrets.update(
        name, account_id=engine.account, name="S", text="hidden", type="secret_text"
    )
    assert (made.name, made.type) == ("S", "secret_text") and engine.fetch(name) == "hidden", made
    # Uploads keep it.
    make(engine, "env.S + 2", name)
    assert engine.fetch(name) == "hidden2"


@method("workers.scripts.secrets.bulk_update")
def secrets_bulk_update(engine):
    name = make(engine, "env.S")
    engine.lenient.workers.scripts.secrets.bulk_update(
        name, account_id=engine.account, secrets={"S": {"name": "S", "text": "bulk", "type": "secret_text"}}
    )
    assert engine.fetch(name) == "bulk"


@method("workers.scripts.secrets.list")
def secrets_list(engine):
    name = make(engine, bindings=[{"type": "secret_text", "name": "S", "text": "hidden"}])
    found = engine.lenient.workers.scripts.secrets.list(name, account_id=engine.account).result
    assert [(each.name, each.type) for each in found] == [("S", "secret_text")], found


@method("workers.scripts.secrets.get")
def secrets_get(engine):
    name = make(engine, bindings=[{"type": "secret_text", "name": "S", "text": "hidden"}])
    secrets = engine.lenient.workers.scripts.secrets
    assert secrets.get("S", account_id=engine.account, script_name=name).name == "S"
    refused(
        NotFoundError, lambda: secrets.get("T", account_id=engine.account, script_name=name), code=10056
    )


@method("workers.scripts.secrets.delete")
def secrets_delete(engine):
    name = make(engine, "env.S", bindings=[{"type": "secret_text", "name": "S", "text": "hidden"}])
    engine.client.workers.scripts.secrets.delete("S", account_id=engine.account, script_name=name)
    assert engine.fetch(name) == "undefined"


@method("workers.scripts.subdomain.get")
def subdomain_get(engine):
    found = engine.client.workers.scripts.subdomain.get(shared(engine), account_id=engine.account)
    assert found.enabled is True and found.previews_enabled is False, found


@method("workers.scripts.subdomain.create")
def subdomain_create(engine):
    found = engine.client.workers.scripts.subdomain.create(shared(engine), account_id=engine.account, enabled=True)
    assert found.enabled is True, found


@method("workers.scripts.subdomain.delete")
def subdomain_delete(engine):
    # It stays, and the answer says so.
    found = engine.client.workers.scripts.subdomain.delete(shared(engine), account_id=engine.account)
    assert found.enabled is True, found


@method("workers.scripts.versions.create")
def versions_create(engine):
    name = make(engine, "'first'")
    made = version(engine, name, "'second'", annotations={"workers/message": "why", "workers/tag": "v2"})
    assert made["number"] == 2 and made["annotations"]["workers/tag"] == "v2" and made["startup_time_ms"] >= 0, made
    assert made["resources"]["script"]["handlers"] == ["fetch", "scheduled"], made
    # It is there, and the one before is still current.
    assert engine.fetch(name) == "first"
    refused(NotFoundError, lambda: version(engine, "nothing", "1"), code=10007)


@method("workers.scripts.versions.list")
def versions_list(engine):
    name = make(engine)
    version(engine, name, "2")
    found = list(engine.lenient.workers.scripts.versions.list(name, account_id=engine.account, per_page=1))
    assert [each.number for each in found] == [2, 1] and found[0].metadata.created_on, found


@method("workers.scripts.versions.get")
def versions_get(engine):
    name = make(engine, bindings=[{"type": "plain_text", "name": "T", "text": "x"}])
    (only,) = engine.lenient.workers.scripts.versions.list(name, account_id=engine.account)
    versions = engine.lenient.workers.scripts.versions
    answer = versions.with_raw_response.get(only.id, account_id=engine.account, script_name=name)
    found = json.loads(answer.read())["result"]
    assert found["id"] == only.id and found["resources"]["script_runtime"]["usage_model"] == "standard", found
    assert found["resources"]["bindings"] == [{"name": "T", "type": "plain_text", "text": "x"}], found
    refused(
        NotFoundError,
        lambda: versions.get("00000000-0000-4000-8000-000000000000", account_id=engine.account, script_name=name),
    )


@method("workers.scripts.deployments.create")
def deployments_create(engine):
    name = make(engine, "'first'")
    deployments = engine.client.workers.scripts.deployments

    def deploy(*shares):
        versions = [{"version_id": id, "percentage": percentage} for id, percentage in shares]
        return deployments.create(name, account_id=engine.account, strategy="percentage", versions=versions)

    first = deployments.list(name, account_id=engine.account).deployments[0].versions[0].version_id
    second = version(engine, name, "env.S", bindings=[{"type": "secret_text", "name": "S", "text": "second"}])["id"]
    secrets = engine.lenient.workers.scripts.secrets
    assert secrets.list(name, account_id=engine.account).result == []
    assert deploy((second, 100)).versions[0].version_id == second
    # The secret that came with the version is the Worker's from now on.
    assert engine.fetch(name) == "second" and len(secrets.list(name, account_id=engine.account).result) == 1
    # Again changes nothing, and back is a rollback.
    assert deploy((second, 100)).versions[0].version_id == second
    assert deploy((first, 100)).versions[0].version_id == first
    assert engine.fetch(name) == "first"
    refused(BadRequestError, lambda: deploy((first, 90), (second, 10)), says=["90", "10", "not divided"])
    refused(NotFoundError, lambda: deploy(("00000000-0000-4000-8000-000000000000", 100)))
    assert engine.fetch(name) == "first"


@method("workers.scripts.deployments.list")
def deployments_list(engine):
    found = engine.client.workers.scripts.deployments.list(shared(engine), account_id=engine.account)
    assert [each.percentage for each in found.deployments[0].versions] == [100], found


@method("workers.scripts.deployments.get")
def deployments_get(engine):
    name, deployments = shared(engine), engine.client.workers.scripts.deployments
    current = deployments.list(name, account_id=engine.account).deployments[0]
    assert deployments.get(current.id, account_id=engine.account, script_name=name) == current
    refused(NotFoundError, lambda: deployments.get("nothing", account_id=engine.account, script_name=name))


@method("workers.scripts.deployments.delete")
def deployments_delete(engine):
    name, deployments = shared(engine), engine.client.workers.scripts.deployments
    current = deployments.list(name, account_id=engine.account).deployments[0]
    refused(
        ConflictError, lambda: deployments.delete(current.id, account_id=engine.account, script_name=name)
    )


@method("workers.scripts.tail.create")
def tail_create(engine):
    made = engine.client.workers.scripts.tail.create(shared(engine), account_id=engine.account)
    assert made.id and made.expires_at and made.url.endswith(made.id), made
    refused(
        NotFoundError, lambda: engine.client.workers.scripts.tail.create("nothing", account_id=engine.account)
    )


@method("workers.scripts.tail.get")
def tail_get(engine):
    name, tail = make(engine), engine.client.workers.scripts.tail
    refused(NotFoundError, lambda: tail.get(name, account_id=engine.account))
    made = tail.create(name, account_id=engine.account)
    assert tail.get(name, account_id=engine.account).id == made.id


@method("workers.scripts.tail.delete")
def tail_delete(engine):
    name, tail = make(engine), engine.client.workers.scripts.tail
    id = tail.create(name, account_id=engine.account).id
    assert tail.delete(id, account_id=engine.account, script_name=name).success
    refused(NotFoundError, lambda: tail.delete(id, account_id=engine.account, script_name=name))


@method("workers.scripts.assets.upload.create")
def assets_upload_create(engine):
    upload, name = engine.client.workers.scripts.assets.upload, shared(engine)
    error = refused(APIStatusError, lambda: upload.create(name, account_id=engine.account, manifest={}))
    assert error.status_code == 501, error
