"""Each method of `r2` that brings objects over from other providers: Sippy and Super Slurper.

flare does not offer them; it says so, and what to do instead.
"""

from cloudflare import APIStatusError, NotFoundError
from harness import method, refused


@method("r2.buckets.sippy.get")
def get_sippy(engine):
    name = engine.bucket()
    refused(
        NotFoundError,
        lambda: engine.client.r2.buckets.sippy.get(name, account_id=engine.account),
        code=10007,
        says=[name],
    )


@method("r2.buckets.sippy.update")
def update_sippy(engine):
    name = engine.bucket()
    engine.requests.clear()
    error = refused(
        APIStatusError,
        lambda: engine.client.r2.buckets.sippy.update(
            name,
            account_id=engine.account,
            source={"provider": "aws", "bucket": "old", "region": "eu-west-1"},
            destination={"provider": "r2", "access_key_id": "a", "secret_access_key": "b"},
        ),
        says=[name, "rclone"],
    )
    # Refused once and for all: the package does not ask again.
    assert error.status_code == 501 and len(engine.requests) == 1, (error, engine.requests)


@method("r2.buckets.sippy.delete")
def delete_sippy(engine):
    answer = engine.client.r2.buckets.sippy.delete(engine.bucket(), account_id=engine.account)
    assert answer.enabled is False, answer


def refused_slurper(engine, call):
    engine.requests.clear()
    error = refused(APIStatusError, call, says=["rclone"])
    assert error.status_code == 501 and len(engine.requests) == 1, (error, engine.requests)


def missing_job(call):
    refused(NotFoundError, call, code=10417, says=["7d0c6b6e"])


JOB = "7d0c6b6e-0000-0000-0000-000000000000"
SECRET = {"access_key_id": "a", "secret_access_key": "b"}


@method("r2.super_slurper.connectivity_precheck.source")
def precheck_source(engine):
    check = engine.client.r2.super_slurper.connectivity_precheck
    refused_slurper(
        engine, lambda: check.source(account_id=engine.account, bucket="old", vendor="s3", secret=SECRET)
    )


@method("r2.super_slurper.connectivity_precheck.target")
def precheck_target(engine):
    check = engine.client.r2.super_slurper.connectivity_precheck
    bucket = engine.bucket()
    refused_slurper(
        engine, lambda: check.target(account_id=engine.account, bucket=bucket, vendor="r2", secret=SECRET)
    )


@method("r2.super_slurper.jobs.create")
def create_job(engine):
    refused_slurper(
        engine,
        lambda: engine.client.r2.super_slurper.jobs.create(
            account_id=engine.account,
            overwrite=True,
            source={"vendor": "s3", "bucket": "old", "secret": SECRET},
            target={"vendor": "r2", "bucket": "new", "secret": SECRET},
        ),
    )


@method("r2.super_slurper.jobs.list")
def list_jobs(engine):
    page = engine.client.r2.super_slurper.jobs.list(account_id=engine.account, limit=10, offset=0)
    assert list(page) == [], page


@method("r2.super_slurper.jobs.abort_all")
def abort_all_jobs(engine):
    assert engine.client.r2.super_slurper.jobs.abort_all(account_id=engine.account) == "0 jobs aborted"


@method("r2.super_slurper.jobs.get")
def get_job(engine):
    missing_job(lambda: engine.client.r2.super_slurper.jobs.get(JOB, account_id=engine.account))


@method("r2.super_slurper.jobs.progress")
def job_progress(engine):
    missing_job(lambda: engine.client.r2.super_slurper.jobs.progress(JOB, account_id=engine.account))


@method("r2.super_slurper.jobs.pause")
def pause_job(engine):
    missing_job(lambda: engine.client.r2.super_slurper.jobs.pause(JOB, account_id=engine.account))


@method("r2.super_slurper.jobs.resume")
def resume_job(engine):
    missing_job(lambda: engine.client.r2.super_slurper.jobs.resume(JOB, account_id=engine.account))


@method("r2.super_slurper.jobs.abort")
def abort_job(engine):
    missing_job(lambda: engine.client.r2.super_slurper.jobs.abort(JOB, account_id=engine.account))


@method("r2.super_slurper.jobs.logs.list")
def job_logs(engine):
    missing_job(
        lambda: list(engine.client.r2.super_slurper.jobs.logs.list(JOB, account_id=engine.account, limit=5))
    )
