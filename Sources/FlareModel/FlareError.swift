/// What every boundary of flare throws: what was tried on which thing and why it failed, and what to do next.
///
/// Callers switch on `code`, never on text. The command line prints `message` and `hint` to stderr and exits with
/// `code.exitStatus`; the API answers `code.httpStatus` with the same texts in its envelope.
package struct FlareError: Error, Sendable {
    package var code: Code
    /// One sentence, without a final full stop: `queue "orders" not found`.
    package var message: String
    /// The next thing to do, a command where there is one.
    ///
    /// Nil when nothing helps.
    package var hint: String?
    package var cause: (any Error)?
    /// The number in Cloudflare's envelope where it is a finer one than that of `code`.
    package var apiNumber: Int?

    package init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    /// The same failure under a number of its own in Cloudflare's envelope.
    package func numbered(_ number: Int) -> FlareError {
        var error = self
        error.apiNumber = number
        return error
    }
}

extension FlareError: CustomStringConvertible {
    package var description: String {
        hint.map { "\(message) (\($0))" } ?? message
    }
}

extension FlareError {
    /// A stable name for each kind of failure, with what it means on HTTP, in the shell and in Cloudflare's API.
    package enum Code: Sendable, Hashable {
        case invalidArgument
        case invalidName
        case invalidData
        case bodyTooLarge
        case recordTooLarge
        case unsupportedMediaType
        case methodNotAllowed
        case routeNotFound
        case unauthorized
        case permissionDenied
        case queueNotFound
        case consumerNotFound
        case bucketNotFound
        case objectNotFound
        case ruleNotFound
        case pipelineNotFound
        case workerNotFound
        case versionNotFound
        case secretNotFound
        case workflowNotFound
        case instanceNotFound
        case tokenNotFound
        case fileNotFound
        case rejectNotFound
        case uploadNotFound
        case accessKeyNotFound
        case subscriptionNotFound
        case domainNotFound
        case idempotencyKeyReused
        case sequenceGap
        case producerFenced
        case alreadyExists
        case inUse
        case bucketNotEmpty
        case ruleOverlap
        case preconditionFailed
        case invalidPart
        case partTooSmall
        case digestMismatch
        case rangeNotSatisfiable
        case signatureMismatch
        case objectLocked
        case cursorExpired
        case notImplemented
        case deliveryPaused
        case buildFailed
        case toolMissing
        case runFailed
        case deadlineExceeded
        case tooManyRequests
        case diskFull
        case storeFailed
        case corruptStore
        case stateInUse
        case versionMismatch
        case engineUnavailable
        case interrupted
        case internalError
        /// A code of a newer engine that this program does not know, kept as it was spelled.
        case unknown(String)
    }
}

extension FlareError.Code {
    private struct Traits {
        let spelling: String
        let httpStatus: Int
        let exitStatus: Int32
        let apiCode: Int
    }

    /// The wire spelling, such as `queue_not_found`.
    ///
    /// Never changes once released.
    package var spelling: String { traits.spelling }

    /// The HTTP status that the API answers.
    package var httpStatus: Int { traits.httpStatus }

    /// The exit status of the command line: 0 done, 1 ran and failed, 64 usage, 65 bad data, 66 not found,
    /// 69 engine unavailable, 70 internal, 73 conflict, 75 try later, 77 not permitted, 124 timed out, 130 interrupted.
    package var exitStatus: Int32 { traits.exitStatus }

    /// The number in `errors[].code` of Cloudflare's envelope, on which its own clients branch.
    package var apiCode: Int { traits.apiCode }

    package init(spelling: String) {
        self = Self.known.first { $0.spelling == spelling } ?? .unknown(spelling)
    }

    /// Every code but `unknown`.
    static let known: [Self] = [
        .invalidArgument, .invalidName, .invalidData, .bodyTooLarge, .recordTooLarge, .unsupportedMediaType,
        .methodNotAllowed, .routeNotFound, .unauthorized, .permissionDenied, .queueNotFound, .consumerNotFound,
        .bucketNotFound, .objectNotFound, .ruleNotFound, .pipelineNotFound, .workerNotFound, .workflowNotFound,
        .versionNotFound, .secretNotFound, .instanceNotFound, .tokenNotFound, .fileNotFound, .rejectNotFound,
        .uploadNotFound, .accessKeyNotFound, .subscriptionNotFound, .domainNotFound, .idempotencyKeyReused,
        .sequenceGap, .producerFenced, .alreadyExists, .inUse, .bucketNotEmpty, .ruleOverlap, .preconditionFailed,
        .invalidPart, .partTooSmall, .digestMismatch, .rangeNotSatisfiable, .signatureMismatch, .objectLocked,
        .cursorExpired, .notImplemented, .deliveryPaused, .buildFailed, .toolMissing, .runFailed, .deadlineExceeded,
        .tooManyRequests, .diskFull, .storeFailed, .corruptStore, .stateInUse, .versionMismatch, .engineUnavailable,
        .interrupted, .internalError,
    ]

    private var traits: Traits {
        func of(_ spelling: String, _ http: Int, _ exit: Int32, _ api: Int) -> Traits {
            Traits(spelling: spelling, httpStatus: http, exitStatus: exit, apiCode: api)
        }
        return switch self {
        case .invalidArgument: of("invalid_argument", 400, 64, 10001)
        case .invalidName: of("invalid_name", 400, 64, 10005)
        case .invalidData: of("invalid_data", 400, 65, 10207)
        case .bodyTooLarge: of("body_too_large", 413, 65, 100100)
        case .recordTooLarge: of("record_too_large", 400, 65, 10204)
        case .unsupportedMediaType: of("unsupported_media_type", 415, 65, 10208)
        case .methodNotAllowed: of("method_not_allowed", 405, 64, 10405)
        case .routeNotFound: of("route_not_found", 404, 64, 7003)
        case .unauthorized: of("unauthorized", 401, 77, 10000)
        case .permissionDenied: of("permission_denied", 403, 77, 10003)
        case .queueNotFound: of("queue_not_found", 404, 66, 10104)
        case .consumerNotFound: of("consumer_not_found", 404, 66, 10109)
        case .bucketNotFound: of("bucket_not_found", 404, 66, 10006)
        case .objectNotFound: of("object_not_found", 404, 66, 10007)
        case .ruleNotFound: of("rule_not_found", 404, 66, 11015)
        case .pipelineNotFound: of("pipeline_not_found", 404, 66, 1000)
        case .workerNotFound: of("worker_not_found", 404, 66, 10007)
        case .versionNotFound: of("version_not_found", 404, 66, 10412)
        case .secretNotFound: of("secret_not_found", 404, 66, 10056)
        case .workflowNotFound: of("workflow_not_found", 404, 66, 10200)
        case .instanceNotFound: of("instance_not_found", 404, 66, 10400)
        case .tokenNotFound: of("token_not_found", 404, 66, 10404)
        case .fileNotFound: of("file_not_found", 404, 66, 10410)
        case .rejectNotFound: of("reject_not_found", 404, 66, 10411)
        case .uploadNotFound: of("upload_not_found", 404, 66, 10024)
        case .accessKeyNotFound: of("access_key_not_found", 404, 66, 10413)
        case .subscriptionNotFound: of("subscription_not_found", 404, 66, 10414)
        case .domainNotFound: of("domain_not_found", 404, 66, 10415)
        case .idempotencyKeyReused: of("idempotency_key_reused", 422, 65, 10209)
        case .sequenceGap: of("sequence_gap", 409, 65, 10211)
        case .producerFenced: of("producer_fenced", 409, 73, 10212)
        case .alreadyExists: of("already_exists", 409, 73, 10014)
        case .inUse: of("in_use", 409, 73, 10073)
        case .bucketNotEmpty: of("bucket_not_empty", 409, 73, 10008)
        case .ruleOverlap: of("rule_overlap", 409, 73, 11014)
        case .preconditionFailed: of("precondition_failed", 412, 73, 10031)
        case .invalidPart: of("invalid_part", 400, 65, 10025)
        case .partTooSmall: of("part_too_small", 400, 65, 10011)
        case .digestMismatch: of("digest_mismatch", 400, 65, 10037)
        case .rangeNotSatisfiable: of("range_not_satisfiable", 416, 65, 10039)
        case .signatureMismatch: of("signature_mismatch", 403, 77, 10035)
        case .objectLocked: of("object_locked", 403, 77, 10069)
        case .cursorExpired: of("cursor_expired", 410, 65, 10416)
        case .notImplemented: of("not_implemented", 501, 69, 10042)
        case .deliveryPaused: of("queue_delivery_paused", 409, 75, 10252)
        case .buildFailed: of("build_failed", 400, 65, 10021)
        case .toolMissing: of("tool_missing", 424, 69, 10424)
        case .runFailed: of("run_failed", 422, 1, 10422)
        case .deadlineExceeded: of("deadline_exceeded", 408, 124, 10408)
        case .tooManyRequests: of("too_many_requests", 429, 75, 10250)
        case .diskFull: of("disk_full", 507, 75, 10251)
        case .storeFailed: of("store_failed", 500, 70, 10500)
        case .corruptStore: of("corrupt_store", 500, 70, 10501)
        case .stateInUse: of("state_in_use", 409, 73, 10510)
        case .versionMismatch: of("version_mismatch", 409, 69, 10511)
        case .engineUnavailable: of("engine_unavailable", 503, 69, 10043)
        case .interrupted: of("interrupted", 499, 130, 10054)
        case .internalError: of("internal_error", 500, 70, 15000)
        case .unknown(let text): of(text, 500, 70, 15000)
        }
    }
}
