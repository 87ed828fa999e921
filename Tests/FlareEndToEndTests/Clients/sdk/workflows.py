"""Each method of the group `workflows`."""

import json

from cloudflare import BadRequestError, ConflictError, NotFoundError
from harness import method, refused


@method("workflows.get")
def get(engine):
    found = engine.client.workflows.get("greet", account_id=engine.account)
    assert (found.name, found.script_name, found.class_name) == ("greet", "clerk", "Greet"), found
    refused(
        NotFoundError, lambda: engine.client.workflows.get("nothing", account_id=engine.account), code=10200
    )


@method("workflows.list")
def list_workflows(engine):
    engine.requests.clear()
    found = [each.name for each in engine.client.workflows.list(account_id=engine.account, per_page=1)]
    assert {"greet", "patient"} <= set(found) and len(found) == len(set(found)), found
    # One page for each, and the empty one behind them.
    assert len(engine.requests) == len(found) + 1, engine.requests
    named = [each.name for each in engine.client.workflows.list(account_id=engine.account, search="pati")]
    assert named == ["patient"], named


@method("workflows.update")
def update(engine):
    name = engine.name("made")
    made = engine.client.workflows.update(
        name,
        account_id=engine.account,
        script_name="clerk",
        class_name="Greet",
        limits={"steps": 500},
        default_retention={"success_retention": 86_400_000, "error_retention": "3 days"},
        schedules=[{"cron": "0 0 1 1 *"}],
    )
    assert (made.name, made.script_name, made.class_name) == (name, "clerk", "Greet"), made
    assert made.id and made.version_id and made.is_deleted == 0 and made.terminator_running == 0, made
    found = engine.client.workflows.get(name, account_id=engine.account)
    assert [each.cron for each in found.schedules] == ["0 0 1 1 *"], found
    assert found.schedules[0].next_instance, found
    version = engine.client.workflows.versions.get(
        made.version_id, account_id=engine.account, workflow_name=name
    )
    assert version.limits.steps == 500, version
    engine.client.workflows.delete(name, account_id=engine.account)


@method("workflows.delete")
def delete(engine):
    name = engine.name("made")
    engine.client.workflows.update(name, account_id=engine.account, script_name="clerk", class_name="Greet")
    answer = engine.client.workflows.delete(name, account_id=engine.account)
    assert answer.status == "ok" and answer.success is True, answer
    refused(
        NotFoundError, lambda: engine.client.workflows.delete(name, account_id=engine.account), code=10200
    )


@method("workflows.versions.list")
def list_versions(engine):
    found = list(engine.client.workflows.versions.list("greet", account_id=engine.account, per_page=1))
    workflow = engine.client.workflows.get("greet", account_id=engine.account)
    assert found and all(each.workflow_id == workflow.id for each in found), found
    assert all(each.class_name == "Greet" and each.language == "javascript" for each in found), found


@method("workflows.versions.get")
def get_version(engine):
    versions = engine.client.workflows.versions
    listed = next(iter(versions.list("greet", account_id=engine.account)))
    found = versions.get(listed.id, account_id=engine.account, workflow_name="greet")
    assert (found.id, found.class_name, found.has_dag) == (listed.id, "Greet", False), found
    refused(
        NotFoundError,
        lambda: versions.get("0" * 36, account_id=engine.account, workflow_name="greet"),
        code=10412,
    )


@method("workflows.versions.graph")
def version_graph(engine):
    versions = engine.client.workflows.versions
    listed = next(iter(versions.list("greet", account_id=engine.account)))
    found = versions.graph(listed.id, account_id=engine.account, workflow_name="greet")
    # No graph is made of the code; a version without one is what `has_dag` says.
    assert found.id == listed.id and found.graph is None and found.class_name == "Greet", found


@method("workflows.instances.create")
def create_instance(engine):
    name = engine.name("instance")
    made = engine.client.workflows.instances.create(
        "greet",
        account_id=engine.account,
        instance_id=name,
        params=json.dumps({"name": "Grace"}),
        instance_retention={"success_retention": "1 day", "error_retention": 86_400_000},
        location_hint="weur",
    )
    assert (made.id, made.status, made.trigger_source) == (name, "queued", "api"), made
    ended = engine.settled(name, "greet", "complete")
    assert ended.output == "Hello, Grace", ended
    refused(ConflictError, lambda: engine.instance(instance_id=name), says=[name])


@method("workflows.instances.bulk")
def bulk(engine):
    names = [engine.name("instance") for _ in range(3)]
    page = engine.client.workflows.instances.bulk(
        "greet",
        account_id=engine.account,
        body=[{"instance_id": name, "params": json.dumps({"name": name})} for name in names],
    )
    assert sorted(each.id for each in page) == sorted(names), page
    for name in names:
        assert engine.settled(name, "greet", "complete").output == f"Hello, {name}"


@method("workflows.instances.get")
def get_instance(engine):
    made = engine.instance()
    found = engine.settled(made.id, "greet", "complete")
    assert found.success is True and found.error is None and found.output == "Hello, Ada", found
    assert found.params == {"name": "Ada"} and found.trigger.source == "api", found
    assert found.version_id == made.version_id and found.queued <= found.start <= found.end, found
    assert found.step_count == 2, found
    assert [each.name for each in found.steps] == ["greet-1", "rest-1"], found.steps
    step, sleep = found.steps
    assert (step.type, step.success, step.output) == ("step", True, "Hello, Ada"), step
    assert len(step.attempts) == 1 and step.attempts[0].success is True, step
    assert step.config.retries.limit == 5 and step.config.retries.backoff == "exponential", step
    assert (sleep.type, sleep.finished) == ("sleep", True), sleep
    turned = engine.client.workflows.instances.get(
        made.id, account_id=engine.account, workflow_name="greet", order="desc"
    )
    assert [each.name for each in turned.steps] == ["rest-1", "greet-1"], turned.steps
    simple = engine.lenient.workflows.instances.get(
        made.id, account_id=engine.account, workflow_name="greet", simple="true"
    )
    assert (simple.status, simple.output) == ("complete", "Hello, Ada") and not simple.steps, simple
    refused(
        NotFoundError,
        lambda: engine.client.workflows.instances.get(
            "nothing", account_id=engine.account, workflow_name="greet"
        ),
        code=10400,
    )


@method("workflows.instances.list")
def list_instances(engine):
    made = [engine.instance("patient").id for _ in range(5)]
    instances = engine.client.workflows.instances
    engine.requests.clear()
    found = [each.id for each in instances.list("patient", account_id=engine.account, per_page=2)]
    assert [name for name in found if name in made] == made[::-1], found
    assert len(engine.requests) >= 4 and len(found) == len(set(found)), engine.requests
    oldest = [
        each.id
        for each in instances.list("patient", account_id=engine.account, per_page=100, direction="asc")
    ]
    assert oldest == found[::-1], oldest
    first = engine.lenient.workflows.instances.get(
        made[0], account_id=engine.account, workflow_name="patient"
    )
    later = instances.list("patient", account_id=engine.account, date_start=first.queued, per_page=100)
    assert set(made) <= {each.id for each in later}, later
    assert list(instances.list("patient", account_id=engine.account, status="errored")) == []
    for name in made:
        instances.status.edit(
            name, account_id=engine.account, workflow_name="patient", status="terminate"
        )
    ended = instances.list("patient", account_id=engine.account, status="terminated", per_page=100)
    assert set(made) <= {each.id for each in ended}, ended


@method("workflows.instances.step")
def step(engine):
    made = engine.instance()
    engine.settled(made.id, "greet", "complete")
    found = engine.client.workflows.instances.step(
        made.id, account_id=engine.account, workflow_name="greet", name="greet-1", type="step", attempt=1
    )
    assert (found.status, found.output, found.error) == ("complete", "Hello, Ada", None), found
    refused(
        NotFoundError,
        lambda: engine.client.workflows.instances.step(
            made.id, account_id=engine.account, workflow_name="greet", name="nothing-1", type="step"
        ),
        says=["nothing-1"],
    )


@method("workflows.instances.events.create")
def create_event(engine):
    made = engine.instance("patient")
    # Before the instance waits for it, which is kept; with a name that a path cannot hold as it is.
    sent = engine.client.workflows.instances.events.create(
        "may go", account_id=engine.account, workflow_name="patient", instance_id=made.id, body={"n": 7}
    )
    assert sent.instance_id == made.id and sent.timestamp, sent
    ended = engine.settled(made.id, "patient", "complete")
    assert ended.output == 7, ended
    (wait,) = [each for each in ended.steps if each.type == "waitForEvent"]
    assert wait.finished is True and wait.name == "permission-1", wait


@method("workflows.instances.status.edit")
def edit_status(engine):
    instances = engine.client.workflows.instances

    def change(name, status, **named):
        return instances.status.edit(
            name, account_id=engine.account, workflow_name="patient", status=status, **named
        )

    name = engine.instance("patient").id
    engine.settled(name, "patient", "waiting")
    paused = change(name, "pause")
    assert paused.status in ("paused", "waitingForPause") and paused.timestamp, paused
    engine.settled(name, "patient", "paused")
    change(name, "resume")
    engine.settled(name, "patient", "waiting")
    assert change(name, "restart").status == "queued"
    engine.settled(name, "patient", "waiting")
    assert change(name, "terminate", rollback=False).status == "terminated"
    ended = engine.settled(name, "patient", "terminated")
    assert ended.success is False, ended
    refused(ConflictError, lambda: change(name, "terminate"), says=[name])
    refused(BadRequestError, lambda: change(name, "explode"), says=["explode"])
    done = engine.instance()
    engine.settled(done.id, "greet", "complete")
    again = instances.status.edit(
        done.id,
        account_id=engine.account,
        workflow_name="greet",
        status="restart",
        from_={"name": "rest", "count": 1, "type": "sleep"},
    )
    assert again.status == "queued", again
    engine.settled(done.id, "greet", "complete")
