import FlareModel
import FlarePipelines

extension BodyForm {
    /// What kind of body a content type announces; nil announces nothing.
    ///
    /// Throws `unsupportedMediaType` with those that are taken.
    init(contentType: String?) throws {
        let type = (contentType ?? "").prefix { $0 != ";" && $0 != " " }.lowercased()
        switch type {
        case "application/json", "text/plain", "application/x-www-form-urlencoded", "":
            // The form's type is what curl sends with --data unless told otherwise; a body that is a form is no JSON.
            self = .detect
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
            self = .lines
        default:
            throw FlareError(
                .unsupportedMediaType,
                "the content type \"\(type)\" is not supported",
                hint: "send application/json or application/x-ndjson: curl -H 'Content-Type: application/json' …"
            )
        }
    }
}
