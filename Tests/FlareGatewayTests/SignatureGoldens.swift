// Made with botocore 1.44.8, which the AWS command line and boto3 sign with.

/// Requests as another implementation signed them, at 2013-05-24 00:00:00 with the keys of AWS's own examples.
enum SignatureGoldens {
    static let all: [SignatureGolden] = [
        SignatureGolden(
            name: "a list of all buckets",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=9243249f185ef2f6f18f74e\
                    93323339ad705e4540693f6c09d0d9898c2ef406e
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "an object in a region of AWS",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data/test.txt",
            headers: [
                ("range", "bytes=0-9"),
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=91b241cd84ab5fe08\
                    96f93723ff43c9e39ea161db307051265106f8d49c85845
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "the region auto",
            method: "HEAD",
            host: "127.0.0.1:8702",
            target: "/data/test.txt",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/auto/s3/aws4_request, Signe\
                    dHeaders=host;x-amz-content-sha256;x-amz-date, Signature=eff484803a7bb9a5197227d84deb\
                    59dec3c0dbf562ffa5cf33d1c6a4a6b00d27
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "an empty region",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data/test.txt",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524//s3/aws4_request, SignedHea\
                    ders=host;x-amz-content-sha256;x-amz-date, Signature=c8323a507b29e713bdebfbf3bc70ad33\
                    b9a1bae0ee51a9db991e3959bc3ac685
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "signs of every kind in a key",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data/a%20b%2Bc/%C3%BC~%281%29%21%27%2A%2525%26%3D%3F%23%5B%5D%40%3A%3B%2C%24.txt",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=88de35ac41430ca13656937\
                    635dbbbc7e7064320d18e648e36c8ee496d211328
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "slashes and dots that are not resolved",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data/a//b/../c/./d/",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=d7029ed2dd15c21e22ebc20\
                    0fcb0853d78f326bdd722f96c6e07af08cb31079e
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a query with prefix and delimiter",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data?list-type=2&delimiter=%2F&prefix=p%C3%A4th%2Fa%20b%2Bc&max-keys=5&start-after=",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=29e6484a13482ad8c8d07c2\
                    cdd92b58a41c4a003f042c9c52958e2bcaa55297d
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a query name without a value",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data?uploads",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=392898931af63cc5a45d6a3\
                    d074b99c22eed41081a2ee72b3d09ae94bbab0f82
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "names in a query that sort by their bytes",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data?b=2&a=1&B=3&a=0&aa=4&a-b=5",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=7392eb246df1e2bc63f71e7\
                    5a52cca2a56d9fa37ab6c67a7c786c5ed6d76d2ec
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a body with its digest",
            method: "PUT",
            host: "127.0.0.1:8702",
            target: "/data/a",
            headers: [
                ("content-type", "text/plain"),
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=b70867a0b4\
                    846ae4fcaeec47b9b729d93a6c7bdcc1c5774c093b7243612b29b3
                    """
                ),
            ],
            body: "hello world",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "metadata with spaces",
            method: "PUT",
            host: "127.0.0.1:8702",
            target: "/data/a",
            headers: [
                ("x-amz-meta-note", "  two   spaces  here "),
                ("x-amz-storage-class", "STANDARD"),
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-note;x-amz-storage-clas\
                    s, Signature=3bbf824ab93f928fbd1d8e4c1d2f2ee260069566560d5564cf4195e649095bd8
                    """
                ),
            ],
            body: "x",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a virtual host",
            method: "PUT",
            host: "data.localhost:8702",
            target: "/photos/1.jpg",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "41e5787e9f28562d07b891b1816b492309d646c0f2829743fa4963a9f9cc1d61"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=38727b8780599ba3e3425f9\
                    35496f8200af59203be834dd194da1c61da222d96
                    """
                ),
            ],
            body: "jpeg",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "the port of the scheme",
            method: "GET",
            host: "data.localhost",
            target: "/photos/1.jpg",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=3ceaa4c6fb56ca5cafc79ee\
                    09ed3df225b28436d64ce2ff86a471209b3e2b156
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a session token",
            method: "GET",
            host: "127.0.0.1:8702",
            target: "/data/a",
            headers: [
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-security-token", "a+token/of=the session"),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=f5\
                    f50164a9d8b8db3e4b5e32bb271464e47e9680f4fcb8a336f07793abc4e323
                    """
                ),
            ],
            body: "",
            sessionToken: "a+token/of=the session"
        ),
        SignatureGolden(
            name: "an upload with a checksum behind it",
            method: "PUT",
            host: "127.0.0.1:8702",
            target: "/data/a",
            headers: [
                ("x-amz-trailer", "x-amz-checksum-crc32"),
                ("x-amz-decoded-content-length", "5"),
                ("content-encoding", "aws-chunked"),
                ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
                (
                    "authorization",
                    """
                    AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                    SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-con\
                    tent-length;x-amz-trailer, Signature=5a82edd08cd29fbfaf11bdc5f69bfd636c4a0dd1f854bb02\
                    1dbfb9313d0e63fd
                    """
                ),
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a presigned read",
            method: "GET",
            host: "127.0.0.1:8702",
            target: """
                /data/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE\
                %2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires\
                =86400&X-Amz-SignedHeaders=host&X-Amz-Signature=a8f78410607dc5e6df66d164ecb9d81157816\
                f171679264c31fe987050ce7e75
                """,
            headers: [],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a presigned read with headers of the answer",
            method: "GET",
            host: "127.0.0.1:8702",
            target: """
                /data/a%20b/%C3%BC%2B.txt?response-content-disposition=attachment%3B%20filename%3D%22\
                a%20b.txt%22&partNumber=2&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFO\
                DNN7EXAMPLE%2F20130524%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-E\
                xpires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=f2dce8a01d70cf842f4a6ff08bc5a94\
                3269f58cf08f6eba21d9869938f24c692
                """,
            headers: [],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a presigned read of the region auto",
            method: "GET",
            host: "127.0.0.1:8702",
            target: """
                /data/a%20b/%C3%BC%2B.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFO\
                DNN7EXAMPLE%2F20130524%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-E\
                xpires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=3654c5d56e6d92383335b31ff7df8b16\
                a50b26f742edbe596aad031ecd95e2b2
                """,
            headers: [],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a presigned write",
            method: "PUT",
            host: "127.0.0.1:8702",
            target: """
                /data/new?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20\
                130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=6048\
                00&X-Amz-SignedHeaders=host&X-Amz-Signature=7c78819153c6639f7206a9870a3dfb239fc020f40\
                e33db5d7baf072bdf11278e
                """,
            headers: [],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a presigned write of one media type",
            method: "PUT",
            host: "127.0.0.1:8702",
            target: """
                /data/new?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20\
                130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X\
                -Amz-SignedHeaders=content-type%3Bhost&X-Amz-Signature=cdf4a20369c4e5d20c8f307b5e84df\
                4af81cc84308f21a7d2b8e8c195834a9c7
                """,
            headers: [
                ("content-type", "image/png")
            ],
            body: "",
            sessionToken: nil
        ),
        SignatureGolden(
            name: "a presigned read with a session token",
            method: "GET",
            host: "127.0.0.1:8702",
            target: """
                /data/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2013\
                0524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&\
                X-Amz-SignedHeaders=host&X-Amz-Security-Token=a%2Btoken%2Fof%3Dthe%20session&X-Amz-Si\
                gnature=bada7d0254a273d2b35fa57d3df6c5767734ef17127bbba876eba9d7fb711c3e
                """,
            headers: [],
            body: "",
            sessionToken: "a+token/of=the session"
        ),
    ]
}
