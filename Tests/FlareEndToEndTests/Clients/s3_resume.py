"""Uploads a large file in parts, is killed on the way, and goes on where it was. Arguments: endpoint, bytes."""

import hashlib
import os
import subprocess
import sys

import boto3
from botocore.config import Config

endpoint, size = sys.argv[1], int(sys.argv[2])
part_size = 8 * 1024 * 1024
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))
where = {"Bucket": "large", "Key": "file"}


def piece(number):
    """Part `number` of the file, which is the same in every process."""
    count = min(part_size, size - (number - 1) * part_size)
    block = hashlib.sha256(str(number).encode()).digest()
    return (block * (count // len(block) + 1))[:count]


count = (size + part_size - 1) // part_size

if len(sys.argv) > 3:
    # The one that is killed: tells of each part when it is there.
    upload = sys.argv[3]
    for number in range(1, count + 1):
        s3.upload_part(UploadId=upload, PartNumber=number, Body=piece(number), **where)
        print(number, flush=True)
    sys.exit()

s3.create_bucket(Bucket="large")
upload = s3.create_multipart_upload(**where)["UploadId"]
child = subprocess.Popen([sys.executable, *sys.argv, upload], stdout=subprocess.PIPE, text=True)
told = 0
while told < count // 2:
    told = int(child.stdout.readline())
child.kill()
child.wait()

# Nothing is visible yet, and what was acknowledged is there.
assert s3.list_objects_v2(Bucket="large")["KeyCount"] == 0
uploads = s3.list_multipart_uploads(Bucket="large")["Uploads"]
assert [each["UploadId"] for each in uploads] == [upload], uploads
parts = {}
for page in s3.get_paginator("list_parts").paginate(UploadId=upload, PaginationConfig={"PageSize": 5}, **where):
    parts.update({each["PartNumber"]: each for each in page.get("Parts", [])})
assert set(range(1, told + 1)) <= set(parts), (told, parts)
assert len(parts) < count, "the client was not killed on its way"
for number, part in parts.items():
    assert part["ETag"] == '"' + hashlib.md5(piece(number)).hexdigest() + '"', number
for number in range(1, count + 1):
    if number not in parts:
        parts[number] = s3.upload_part(UploadId=upload, PartNumber=number, Body=piece(number), **where)
tags = [{"PartNumber": number, "ETag": parts[number]["ETag"]} for number in range(1, count + 1)]
s3.complete_multipart_upload(UploadId=upload, MultipartUpload={"Parts": tags}, **where)

expected, arrived, length = hashlib.sha256(), hashlib.sha256(), 0
for number in range(1, count + 1):
    expected.update(piece(number))
body = s3.get_object(**where)["Body"]
while block := body.read(1 << 20):
    arrived.update(block)
    length += len(block)
assert (length, arrived.hexdigest()) == (size, expected.hexdigest()), length
print(f"{told} of {count} parts were there before the kill")
