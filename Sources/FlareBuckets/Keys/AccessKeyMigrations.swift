package import FlareStore

extension AccessKeyService {
    /// The schema of access keys.
    package static let migrations: [Migration] = [
        Migration(
            "buckets-4-keys",
            """
            -- Lists are JSON arrays; `buckets` is NULL for all of them.
            CREATE TABLE access_keys (
                id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
                secret TEXT NOT NULL CHECK (secret <> ''),
                name TEXT NOT NULL,
                kind TEXT NOT NULL CHECK (kind IN ('named', 'environment', 'temporary')),
                permission TEXT NOT NULL CHECK (permission IN ('read', 'write')),
                objects_only INTEGER NOT NULL CHECK (objects_only IN (0, 1)),
                buckets TEXT,
                prefixes TEXT NOT NULL,
                objects TEXT NOT NULL,
                parent TEXT REFERENCES access_keys (id) ON DELETE CASCADE,
                session_token TEXT,
                created_at BIGINT NOT NULL,
                expires_at BIGINT,
                CHECK ((kind = 'temporary') = (parent IS NOT NULL)),
                CHECK ((kind = 'temporary') = (session_token IS NOT NULL)),
                CHECK (kind <> 'temporary' OR expires_at IS NOT NULL)
            );
            CREATE INDEX access_keys_parent ON access_keys (parent);
            CREATE UNIQUE INDEX access_keys_environment ON access_keys (kind) WHERE kind = 'environment';
            """
        )
    ]
}
