"""Each method of `r2.buckets.objects`."""

import hashlib

from cloudflare import APIStatusError, NotFoundError
from harness import method, refused

KEYS = ["plain", "a/b c", "%41", "ü/ö", "trailing/", "q?x=1&y#z", "+plus"]


@method("r2.buckets.objects.upload")
def upload(engine):
    bucket, objects = engine.bucket(), engine.client.r2.buckets.objects
    body = bytes(range(256)) * 4096
    made = objects.upload(
        "a/b c",
        body=body,
        account_id=engine.account,
        bucket_name=bucket,
        cf_r2_storage_class="InfrequentAccess",
        extra_headers={"Content-Type": "image/x-test", "Cache-Control": "max-age=5", "Content-Language": "de"},
    )
    assert made.key == "a/b c" and made.etag == hashlib.md5(body).hexdigest(), made
    (found,) = objects.list(bucket, account_id=engine.account)
    assert found.storage_class == "InfrequentAccess" and found.size == len(body), found
    assert found.http_metadata.content_type == "image/x-test", found
    assert found.http_metadata.cache_control == "max-age=5", found
    assert found.http_metadata.content_language == "de", found
    refused(
        NotFoundError,
        lambda: objects.upload("a", body=b"", account_id=engine.account, bucket_name="no-such-one"),
        code=10006,
    )


@method("r2.buckets.objects.get")
def get(engine):
    bucket, objects = engine.bucket(KEYS), engine.client.r2.buckets.objects
    for key in KEYS:
        answer = objects.get(key, account_id=engine.account, bucket_name=bucket)
        assert answer.read() == key.encode(), key
    etag = answer.headers["etag"]
    assert etag == f'"{hashlib.md5(KEYS[-1].encode()).hexdigest()}"', etag
    # 304 is an error of this package.
    error = refused(
        APIStatusError,
        lambda: objects.get(KEYS[-1], account_id=engine.account, bucket_name=bucket, if_none_match=etag),
    )
    assert error.status_code == 304, error
    error = refused(
        APIStatusError,
        lambda: objects.get(
            KEYS[-1],
            account_id=engine.account,
            bucket_name=bucket,
            if_modified_since="Fri, 01 Jan 2100 00:00:00 GMT",
        ),
    )
    assert error.status_code == 304, error
    refused(
        NotFoundError,
        lambda: objects.get("nothing", account_id=engine.account, bucket_name=bucket),
        code=10007,
    )


@method("r2.buckets.objects.list")
def list_objects(engine):
    bucket, objects = engine.bucket(KEYS), engine.client.r2.buckets.objects
    engine.requests.clear()
    found = [each.key for each in objects.list(bucket, account_id=engine.account, per_page=2)]
    assert found == sorted(KEYS, key=lambda key: key.encode()), found
    # By cursor, to the end.
    assert len(engine.requests) == 4, engine.requests
    page = objects.list(bucket, account_id=engine.account, prefix="a/")
    assert [each.key for each in page] == ["a/b c"], page
    page = objects.list(bucket, account_id=engine.account, start_after="q?x=1&y#z")
    assert [each.key for each in page] == ["trailing/", "ü/ö"], page
    top = objects.list(bucket, account_id=engine.account, delimiter="/")
    assert [each.key for each in top.result] == ["%41", "+plus", "plain", "q?x=1&y#z"], top
    raw = engine.send("GET", f"/accounts/{engine.account}/r2/buckets/{bucket}/objects?delimiter=%2F").json()
    assert raw["result_info"]["delimited"] == ["a/", "trailing/", "ü/"], raw
    assert raw["result_info"]["is_truncated"] is False, raw


@method("r2.buckets.objects.delete")
def delete(engine):
    bucket, objects = engine.bucket(KEYS), engine.client.r2.buckets.objects
    for key in KEYS:
        gone = objects.delete(key, account_id=engine.account, bucket_name=bucket)
        assert gone.key == key, gone
    assert list(objects.list(bucket, account_id=engine.account)) == []
    # A key that is not there is no error.
    assert objects.delete("nothing", account_id=engine.account, bucket_name=bucket).key == "nothing"
