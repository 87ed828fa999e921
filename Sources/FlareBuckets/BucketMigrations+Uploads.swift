import FlareStore

extension BucketService {
    /// The schema of uploads in parts and of objects made of them.
    static let uploadMigrations: [Migration] = [
        Migration(
            "buckets-2",
            """
            -- Objects again, now with those that are made of parts. A file may be shared by copies of an object, so it
            -- is not unique any more. `inline` stays last, so that reading the other columns does not touch its pages.
            CREATE TABLE objects_2 (
                bucket TEXT NOT NULL REFERENCES buckets (name),
                key TEXT NOT NULL CHECK (key <> ''),
                version TEXT NOT NULL UNIQUE,
                size BIGINT NOT NULL CHECK (size >= 0),
                etag TEXT NOT NULL,
                uploaded_at BIGINT NOT NULL,
                storage_class TEXT NOT NULL CHECK (storage_class IN ('Standard', 'InfrequentAccess')),
                http_metadata TEXT NOT NULL,
                custom_metadata TEXT NOT NULL,
                checksum_algorithm TEXT CHECK (checksum_algorithm <> ''),
                checksum_type TEXT CHECK (checksum_type IN ('FULL_OBJECT', 'COMPOSITE')),
                checksum BLOB,
                part_count BIGINT CHECK (part_count > 0),
                file TEXT,
                inline BLOB,
                PRIMARY KEY (bucket, key),
                CHECK (CASE WHEN part_count IS NULL THEN (file IS NULL) <> (inline IS NULL)
                    ELSE file IS NULL AND inline IS NULL END),
                CHECK ((checksum IS NULL) = (checksum_algorithm IS NULL)),
                CHECK ((checksum IS NULL) = (checksum_type IS NULL))
            );
            INSERT INTO objects_2 (bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata,
                custom_metadata, file, inline)
            SELECT bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata, custom_metadata, file,
                inline
            FROM objects;
            DROP TABLE objects;
            ALTER TABLE objects_2 RENAME TO objects;
            CREATE INDEX objects_file ON objects (file) WHERE file IS NOT NULL;

            -- The bytes of an object with parts: those of the files, in the order of the numbers.
            CREATE TABLE object_parts (
                version TEXT NOT NULL REFERENCES objects (version),
                number BIGINT NOT NULL CHECK (number BETWEEN 1 AND 10000),
                start BIGINT NOT NULL CHECK (start >= 0),
                size BIGINT NOT NULL CHECK (size >= 0),
                etag TEXT NOT NULL,
                checksum BLOB,
                file TEXT NOT NULL,
                PRIMARY KEY (version, number)
            );
            CREATE INDEX object_parts_file ON object_parts (file);

            -- Open uploads, and for a while completed ones with what was answered; ids sort by time.
            CREATE TABLE uploads (
                id TEXT NOT NULL PRIMARY KEY,
                bucket TEXT NOT NULL REFERENCES buckets (name),
                key TEXT NOT NULL CHECK (key <> ''),
                created_at BIGINT NOT NULL,
                storage_class TEXT NOT NULL CHECK (storage_class IN ('Standard', 'InfrequentAccess')),
                http_metadata TEXT NOT NULL,
                custom_metadata TEXT NOT NULL,
                checksum_algorithm TEXT CHECK (checksum_algorithm <> ''),
                checksum_type TEXT CHECK (checksum_type IN ('FULL_OBJECT', 'COMPOSITE')),
                completed_at BIGINT,
                answer TEXT,
                CHECK ((checksum_algorithm IS NULL) = (checksum_type IS NULL)),
                CHECK ((completed_at IS NULL) = (answer IS NULL))
            );
            CREATE INDEX uploads_open ON uploads (bucket, key, id) WHERE completed_at IS NULL;
            CREATE INDEX uploads_completed ON uploads (completed_at) WHERE completed_at IS NOT NULL;

            CREATE TABLE upload_parts (
                upload TEXT NOT NULL REFERENCES uploads (id),
                number BIGINT NOT NULL CHECK (number BETWEEN 1 AND 10000),
                size BIGINT NOT NULL CHECK (size >= 0),
                etag TEXT NOT NULL,
                uploaded_at BIGINT NOT NULL,
                checksum_algorithm TEXT CHECK (checksum_algorithm <> ''),
                checksum BLOB,
                file TEXT NOT NULL UNIQUE,
                PRIMARY KEY (upload, number),
                CHECK ((checksum IS NULL) = (checksum_algorithm IS NULL))
            );
            """
        )
    ]
}
