/// Media types by the ending of a file's name.
enum MediaType {
    private static let types = [
        "avif": "image/avif", "css": "text/css", "csv": "text/csv", "gif": "image/gif", "gz": "application/gzip",
        "htm": "text/html", "html": "text/html", "ico": "image/vnd.microsoft.icon", "jpeg": "image/jpeg",
        "jpg": "image/jpeg", "js": "text/javascript", "json": "application/json", "jsonl": "application/x-ndjson",
        "md": "text/markdown", "mjs": "text/javascript", "mp3": "audio/mpeg", "mp4": "video/mp4",
        "ndjson": "application/x-ndjson", "parquet": "application/vnd.apache.parquet", "pdf": "application/pdf",
        "png": "image/png", "svg": "image/svg+xml", "tar": "application/x-tar", "txt": "text/plain",
        "wasm": "application/wasm", "webm": "video/webm", "webp": "image/webp", "xml": "application/xml",
        "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip", "zst": "application/zstd",
    ]

    /// The type of a file or key, nil for endings that say nothing.
    static func guess(_ name: String) -> String? {
        guard let dot = name.lastIndex(of: "."), !name[dot...].hasSlash else { return nil }
        return types[name[name.index(after: dot)...].lowercased()]
    }
}
