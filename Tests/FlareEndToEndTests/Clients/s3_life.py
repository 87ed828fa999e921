"""The common life of buckets and objects with boto3, unchanged. Argument: the endpoint; AWS_* tell the key."""

import base64
import hashlib
import http.client
import io
import os
import socket
import sys
import urllib.parse
import urllib.request
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
port = urllib.parse.urlsplit(endpoint).port


def client(url=endpoint, style="path", **more):
    config = Config(s3={"addressing_style": style}, signature_version="s3v4", retries={"max_attempts": 1}, **more)
    return boto3.client("s3", endpoint_url=url, config=config)


def fails(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response
    raise AssertionError(f"{code} was expected of {arguments}")


s3 = client()
names = lambda page: [each["Key"] for each in page.get("Contents", [])]

# Buckets.
s3.create_bucket(Bucket="life")
s3.create_bucket(Bucket="life-2", CreateBucketConfiguration={"LocationConstraint": "auto"})
fails("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="life")
fails("InvalidBucketName", s3.create_bucket, Bucket="no..dots")
assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["life", "life-2"]
first = s3.list_buckets(MaxBuckets=1)
assert [each["Name"] for each in first["Buckets"]] == ["life"], first
assert s3.list_buckets(ContinuationToken=first["ContinuationToken"])["Buckets"][0]["Name"] == "life-2"
assert s3.head_bucket(Bucket="life")["BucketRegion"] == "us-east-1"
assert s3.get_bucket_location(Bucket="life")["LocationConstraint"] is None
assert "Status" not in s3.get_bucket_versioning(Bucket="life")
assert s3.get_bucket_acl(Bucket="life")["Grants"][0]["Permission"] == "FULL_CONTROL"
error = fails("NoSuchBucket", s3.list_objects_v2, Bucket="lifee")["Error"]
assert "life" in error["Message"], error
# What clients look for first is answered as for a bucket that has none of it.
fails("NoSuchTagSet", s3.get_bucket_tagging, Bucket="life")
fails("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket="life")
fails("NoSuchWebsiteConfiguration", s3.get_bucket_website, Bucket="life")
fails("ReplicationConfigurationNotFoundError", s3.get_bucket_replication, Bucket="life")
fails("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, Bucket="life")
fails("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket="life")
fails("OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, Bucket="life")
assert s3.get_bucket_request_payment(Bucket="life")["Payer"] == "BucketOwner"
assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="life")
assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket="life")
fails("NoSuchBucket", s3.get_bucket_tagging, Bucket="lifee")
fails("NotImplemented", s3.put_bucket_policy, Bucket="life", Policy="{}")
fails("NotImplemented", s3.put_bucket_tagging, Bucket="life", Tagging={"TagSet": []})
fails("NotImplemented", s3.put_object, Bucket="life", Key="x", Body=b"", ACL="public-read")

# Objects: metadata and headers come back as they were given.
put = s3.put_object(
    Bucket="life",
    Key="docs/one.txt",
    Body=b"hello, world",
    ContentType="text/plain; charset=utf-8",
    CacheControl="max-age=60",
    ContentDisposition='attachment; filename="one.txt"',
    ContentEncoding="identity",
    ContentLanguage="de",
    Metadata={"colour": "green", "empty": ""},
    StorageClass="STANDARD_IA",
)
assert put["ETag"] == '"' + hashlib.md5(b"hello, world").hexdigest() + '"', put
got = s3.get_object(Bucket="life", Key="docs/one.txt", ChecksumMode="ENABLED")
assert got["Body"].read() == b"hello, world"
for name, value in {
    "ContentType": "text/plain; charset=utf-8",
    "CacheControl": "max-age=60",
    "ContentDisposition": 'attachment; filename="one.txt"',
    "ContentEncoding": "identity",
    "ContentLanguage": "de",
    "Metadata": {"colour": "green", "empty": ""},
    "StorageClass": "STANDARD_IA",
    "ChecksumCRC32": put["ChecksumCRC32"],
}.items():
    assert got[name] == value, (name, got[name])
assert s3.head_object(Bucket="life", Key="docs/one.txt")["ContentLength"] == 12
assert s3.get_object_tagging(Bucket="life", Key="docs/one.txt")["TagSet"] == []
fails("NoSuchKey", s3.get_object_tagging, Bucket="life", Key="docs/two.txt")
assert s3.get_object(Bucket="life", Key="docs/one.txt", VersionId="null")["ContentLength"] == 12
fails("NoSuchVersion", s3.get_object, Bucket="life", Key="docs/one.txt", VersionId="older")
fails("NoSuchKey", s3.get_object, Bucket="life", Key="docs/two.txt")
fails("404", s3.head_object, Bucket="life", Key="docs/two.txt")
changed = s3.get_object(Bucket="life", Key="docs/one.txt", ResponseContentType="text/html")
assert changed["ContentType"] == "text/html"

# Checksums of every kind, sent and asked for, and a wrong one.
for algorithm in ("CRC32", "SHA1", "SHA256"):
    s3.put_object(Bucket="life", Key="sum", Body=algorithm.encode(), ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket="life", Key="sum", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"], head
# boto3 has no CRC32C and CRC64NVME without another package: their check values, of "123456789".
for algorithm, value, size in (("CRC32C", 0xE3069283, 4), ("CRC64NVME", 0xAE8B14860A799888, 8)):
    sent = {f"Checksum{algorithm}": base64.b64encode(value.to_bytes(size, "big")).decode()}
    s3.put_object(Bucket="life", Key="sum", Body=b"123456789", **sent)
    head = s3.head_object(Bucket="life", Key="sum", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == sent[f"Checksum{algorithm}"], head
    fails("BadDigest", s3.put_object, Bucket="life", Key="bad", Body=b"12345678", **sent)
fails("BadDigest", s3.put_object, Bucket="life", Key="bad", Body=b"1", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")
fails("InvalidDigest", s3.put_object, Bucket="life", Key="bad", Body=b"1", ContentMD5="AAAA")
fails("BadDigest", s3.put_object, Bucket="life", Key="bad", Body=b"1", ChecksumCRC32="AAAAAA==")
fails("404", s3.head_object, Bucket="life", Key="bad")

# Ranges.
part = s3.get_object(Bucket="life", Key="docs/one.txt", Range="bytes=7-")
assert (part["Body"].read(), part["ContentRange"]) == (b"world", "bytes 7-11/12"), part
assert s3.get_object(Bucket="life", Key="docs/one.txt", Range="bytes=-5")["Body"].read() == b"world"
whole = s3.get_object(Bucket="life", Key="docs/one.txt", Range="lines=1")
assert (whole["Body"].read(), "ContentRange" in whole) == (b"hello, world", False), whole
error = fails("InvalidRange", s3.get_object, Bucket="life", Key="docs/one.txt", Range="bytes=12-")
assert error["Error"]["ActualObjectSize"] == "12", error

# Conditions of reads and writes.
tag = put["ETag"]
fails("304", s3.get_object, Bucket="life", Key="docs/one.txt", IfNoneMatch=tag)
fails("PreconditionFailed", s3.get_object, Bucket="life", Key="docs/one.txt", IfMatch='"other"')
fails("304", s3.head_object, Bucket="life", Key="docs/one.txt", IfModifiedSince=got["LastModified"])
fails("PreconditionFailed", s3.put_object, Bucket="life", Key="docs/one.txt", Body=b"", IfNoneMatch="*")
fails("PreconditionFailed", s3.put_object, Bucket="life", Key="docs/one.txt", Body=b"", IfMatch='"other"')
fails("NoSuchKey", s3.put_object, Bucket="life", Key="docs/none", Body=b"", IfMatch=tag)
s3.put_object(Bucket="life", Key="docs/new", Body=b"", IfNoneMatch="*")
assert s3.get_object(Bucket="life", Key="docs/new")["Body"].read() == b""
s3.put_object(Bucket="life", Key="docs/one.txt", Body=b"hello, world", IfMatch=tag)

# Copies keep or replace what is known of the object.
s3.copy_object(Bucket="life-2", Key="copy", CopySource="life/docs/one.txt")
s3.copy_object(
    Bucket="life-2",
    Key="copy 2+%2F/ü",
    CopySource={"Bucket": "life-2", "Key": "copy"},
    MetadataDirective="REPLACE",
    Metadata={"new": "yes"},
)
head = s3.head_object(Bucket="life-2", Key="copy 2+%2F/ü")
assert (head["Metadata"], head["ETag"]) == ({"new": "yes"}, tag), head
s3.copy_object(Bucket="life-2", Key="copy 3", CopySource={"Bucket": "life-2", "Key": "copy 2+%2F/ü"})
assert s3.head_object(Bucket="life-2", Key="copy 3")["Metadata"] == {"new": "yes"}
fails("InvalidRequest", s3.copy_object, Bucket="life-2", Key="copy", CopySource="life-2/copy")
fails("NoSuchKey", s3.copy_object, Bucket="life-2", Key="copy", CopySource="life-2/none")
fails(
    "PreconditionFailed", s3.copy_object, Bucket="life-2", Key="c", CopySource="life-2/copy", CopySourceIfNoneMatch=tag
)

# Odd keys are kept as they are: nothing is resolved, folded or normalised.
odd = [
    "..", "../up", "a//b", "/lead", "trail/", "50%", "%2F", "a+b c", "é", "e\u0301", "\U0001f600", "a&b<c>\"d'",
    "q?x=1", "tab\tline\nreturn\r", "bell\x07", "k" * 1024,
]
s3.create_bucket(Bucket="odd")
for key in odd:
    s3.put_object(Bucket="odd", Key=key, Body=key.encode())
for key in odd:
    assert s3.get_object(Bucket="odd", Key=key)["Body"].read() == key.encode(), key
assert names(s3.list_objects_v2(Bucket="odd")) == sorted(odd, key=str.encode)
fails("KeyTooLongError", s3.put_object, Bucket="odd", Key="k" * 1025, Body=b"")
deleted = s3.delete_objects(Bucket="odd", Delete={"Objects": [{"Key": key} for key in odd] + [{"Key": "none"}]})
assert len(deleted["Deleted"]) == len(odd) + 1 and "Errors" not in deleted, deleted
s3.delete_bucket(Bucket="odd")

# Lists, in both versions, by pages and rolled up.
for key in ["a/1", "a/2", "b", "c/1", "d"]:
    s3.put_object(Bucket="life-2", Key="list/" + key, Body=b"1")
for version in ("list_objects", "list_objects_v2"):
    what = {"Bucket": "life-2", "Prefix": "list/", "Delimiter": "/", "PaginationConfig": {"PageSize": 1}}
    pages = list(s3.get_paginator(version).paginate(**what))
    found = [key for page in pages for key in names(page) + [each["Prefix"] for each in page.get("CommonPrefixes", [])]]
    assert found == ["list/a/", "list/b", "list/c/", "list/d"], (version, found)
assert names(s3.list_objects_v2(Bucket="life-2", Prefix="list/", StartAfter="list/b")) == ["list/c/1", "list/d"]
assert names(s3.list_objects(Bucket="life-2", Prefix="list/", Marker="list/b")) == ["list/c/1", "list/d"]
assert s3.list_objects_v2(Bucket="life-2", MaxKeys=0)["KeyCount"] == 0
assert s3.list_objects_v2(Bucket="life-2", FetchOwner=True)["Contents"][0]["Owner"]["ID"] == "flare"

# An upload in parts, one of them a copy, by hand.
five = os.urandom(5 * 1024 * 1024)
s3.put_object(Bucket="life", Key="five", Body=five)
upload = s3.create_multipart_upload(Bucket="life", Key="parts", Metadata={"in": "parts"})["UploadId"]
where = {"Bucket": "life", "Key": "parts", "UploadId": upload}
one = s3.upload_part(PartNumber=1, Body=five, **where)["ETag"]
two = s3.upload_part_copy(PartNumber=2, CopySource="life/five", CopySourceRange="bytes=0-99", **where)
two = two["CopyPartResult"]["ETag"]
assert [each["UploadId"] for each in s3.list_multipart_uploads(Bucket="life")["Uploads"]] == [upload]
listed = s3.list_parts(MaxParts=1, **where)
assert (listed["Parts"][0]["Size"], listed["NextPartNumberMarker"]) == (len(five), 1), listed
parts = lambda *tags: {"MultipartUpload": {"Parts": [{"PartNumber": n, "ETag": tag} for n, tag in tags]}}
fails("InvalidPart", s3.complete_multipart_upload, **where, **parts((1, one), (3, two)))
fails("InvalidPartOrder", s3.complete_multipart_upload, **where, **parts((2, two), (1, one)))
whole = s3.complete_multipart_upload(**where, **parts((1, one), (2, two)))
assert whole["ETag"].endswith('-2"'), whole
assert s3.complete_multipart_upload(**where, **parts((1, one), (2, two)))["ETag"] == whole["ETag"]
assert s3.get_object(Bucket="life", Key="parts")["Body"].read() == five + five[:100]
every = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
known = s3.get_object_attributes(Bucket="life", Key="parts", ObjectAttributes=every, MaxParts=1)
assert (known["ETag"], known["ObjectSize"]) == (whole["ETag"].strip('"'), len(five) + 100), known
assert (known["StorageClass"], known["ObjectParts"]["TotalPartsCount"]) == ("STANDARD", 2), known
assert [each["Size"] for each in known["ObjectParts"]["Parts"]] == [len(five)], known
marker = known["ObjectParts"]["NextPartNumberMarker"]
more = {"ObjectAttributes": ["ObjectParts"], "PartNumberMarker": marker}
last = s3.get_object_attributes(Bucket="life", Key="parts", **more)
assert "ETag" not in last and last["ObjectParts"]["Parts"] == [{"PartNumber": 2, "Size": 100}], last
assert not last["ObjectParts"]["IsTruncated"] and known["ObjectParts"]["IsTruncated"], last
known = s3.get_object_attributes(Bucket="life", Key="docs/one.txt", ObjectAttributes=every)
assert "ObjectParts" not in known and known["Checksum"]["ChecksumType"] == "FULL_OBJECT", known
fails("NoSuchKey", s3.get_object_attributes, Bucket="life", Key="none", ObjectAttributes=every)
fails("InvalidArgument", s3.get_object_attributes, Bucket="life", Key="parts", ObjectAttributes=["Colour"])
second = s3.get_object(Bucket="life", Key="parts", PartNumber=2)
assert (second["Body"].read(), second["PartsCount"]) == (five[:100], 2), second
assert s3.head_object(Bucket="life", Key="parts", PartNumber=1)["ContentLength"] == len(five)
fails("416", s3.head_object, Bucket="life", Key="parts", PartNumber=3)
# The checksum that ends an upload is of the object, not of the request.
crc = lambda text: base64.b64encode(zlib.crc32(text).to_bytes(4, "big")).decode()
for kind in ("FULL_OBJECT", "COMPOSITE"):
    begun = s3.create_multipart_upload(Bucket="life", Key="sums", ChecksumAlgorithm="CRC32", ChecksumType=kind)
    where = {"Bucket": "life", "Key": "sums", "UploadId": begun["UploadId"]}
    send = lambda n, body: s3.upload_part(PartNumber=n, Body=body, ChecksumAlgorithm="CRC32", **where)
    done = [send(1, five), send(2, b"x")]
    named = parts(*((n + 1, each["ETag"]) for n, each in enumerate(done)))
    made = b"".join(base64.b64decode(each["ChecksumCRC32"]) for each in done)
    right = crc(five + b"x") if kind == "FULL_OBJECT" else crc(made) + "-2"
    fails("BadDigest", s3.complete_multipart_upload, ChecksumCRC32="AAAAAA==", ChecksumType=kind, **where, **named)
    ended = s3.complete_multipart_upload(ChecksumCRC32=right, ChecksumType=kind, **where, **named)
    assert (ended["ChecksumCRC32"], ended["ChecksumType"]) == (right, kind), ended
# Its own default goes with each part of an upload that was begun with another one.
where["UploadId"] = s3.create_multipart_upload(Bucket="life", Key="sums", ChecksumAlgorithm="SHA256")["UploadId"]
tag = s3.upload_part(PartNumber=1, Body=b"x", **where)["ETag"]
assert s3.complete_multipart_upload(**where, **parts((1, tag)))["ChecksumSHA256"].endswith("-1")
fails("InvalidRequest", s3.put_object, Bucket="life", Key="sum", Body=b"1", ChecksumSHA512="A" * 86 + "==")
gone = s3.create_multipart_upload(Bucket="life", Key="gone")["UploadId"]
s3.abort_multipart_upload(Bucket="life", Key="gone", UploadId=gone)
fails("NoSuchUpload", s3.list_parts, Bucket="life", Key="gone", UploadId=gone)
s3.upload_fileobj(io.BytesIO(five * 3), "life", "managed")
assert s3.get_object(Bucket="life", Key="managed")["Body"].read() == five * 3

# Rules in S3's words.
fails("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="life")
cors = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"], "AllowedHeaders": ["x-*"],
        "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}
s3.put_bucket_cors(Bucket="life", CORSConfiguration={"CORSRules": [cors]})
assert s3.get_bucket_cors(Bucket="life")["CORSRules"] == [cors]
page = http.client.HTTPConnection("127.0.0.1", port)
page.request("OPTIONS", "/life/x", headers={
    "Origin": "https://a.example.com", "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "x-amz-date",
})
answer = page.getresponse()
assert (answer.status, answer.getheader("access-control-allow-origin")) == (200, "https://a.example.com"), answer.status
answer.read()
page.request("OPTIONS", "/life/x", headers={"Origin": "https://other.org", "Access-Control-Request-Method": "PUT"})
assert page.getresponse().status == 403
page.close()
s3.delete_bucket_cors(Bucket="life")
rules = [
    {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}},
    {"ID": "halves", "Status": "Disabled", "Filter": {"Prefix": ""},
     "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
]
s3.put_bucket_lifecycle_configuration(Bucket="life", LifecycleConfiguration={"Rules": rules})
assert s3.get_bucket_lifecycle_configuration(Bucket="life")["Rules"] == rules
s3.delete_bucket_lifecycle(Bucket="life")
fails("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket="life")

# Presigned URLs by a client that knows nothing of S3.
url = s3.generate_presigned_url("put_object", Params={"Bucket": "life", "Key": "pre signed"}, ExpiresIn=60)
urllib.request.urlopen(urllib.request.Request(url, data=b"by url", method="PUT")).read()
url = s3.generate_presigned_url("get_object", Params={"Bucket": "life", "Key": "pre signed"}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b"by url"
try:
    urllib.request.urlopen(url.replace("pre%20signed", "parts"))
    raise AssertionError("a URL opened another object")
except urllib.error.HTTPError as error:
    assert error.code == 403 and b"SignatureDoesNotMatch" in error.read()

# The bucket in the host's name. Not every resolver knows that all of localhost is this machine.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: resolve(
    "127.0.0.1" if str(host).endswith("localhost") else host, *more, **named
)
for base in ("localhost", "s3.localhost"):
    by_host = client(f"http://{base}:{port}", style="virtual")
    by_host.put_object(Bucket="life", Key="by host/" + base, Body=base.encode())
    assert s3.get_object(Bucket="life", Key="by host/" + base)["Body"].read() == base.encode()
    assert names(by_host.list_objects_v2(Bucket="life", Prefix="by host/"))[-1] == "by host/" + base

# The end; one bucket is emptied as by clients that look for versions.
fails("BucketNotEmpty", s3.delete_bucket, Bucket="life")
versions = s3.get_paginator("list_object_versions").paginate(Bucket="life", PaginationConfig={"PageSize": 2})
versions = [each for page in versions for each in page["Versions"]]
assert [each["Key"] for each in versions] == names(s3.list_objects_v2(Bucket="life")), versions
assert all(each["IsLatest"] and each["VersionId"] == "null" for each in versions), versions
what = {"Objects": [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]}
assert "Errors" not in s3.delete_objects(Bucket="life", Delete=what)
s3.delete_bucket(Bucket="life")
for bucket in ("life-2",):
    keys = names(s3.list_objects_v2(Bucket=bucket))
    what = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
    assert "Errors" not in s3.delete_objects(Bucket=bucket, Delete=what)
    s3.delete_object(Bucket=bucket, Key="never there")
    s3.delete_bucket(Bucket=bucket)
assert s3.list_buckets()["Buckets"] == []
print("done")
