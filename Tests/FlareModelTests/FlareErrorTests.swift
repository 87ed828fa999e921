import Testing

@testable import FlareModel

@Suite struct FlareErrorTests {
    /// What programs outside branch on.
    ///
    /// A spelling never changes.
    private static let spellings: [String: FlareError.Code] = [
        "invalid_argument": .invalidArgument, "invalid_name": .invalidName, "invalid_data": .invalidData,
        "body_too_large": .bodyTooLarge, "record_too_large": .recordTooLarge,
        "unsupported_media_type": .unsupportedMediaType, "method_not_allowed": .methodNotAllowed,
        "route_not_found": .routeNotFound, "unauthorized": .unauthorized, "permission_denied": .permissionDenied,
        "queue_not_found": .queueNotFound, "consumer_not_found": .consumerNotFound,
        "bucket_not_found": .bucketNotFound, "object_not_found": .objectNotFound, "rule_not_found": .ruleNotFound,
        "pipeline_not_found": .pipelineNotFound, "worker_not_found": .workerNotFound,
        "workflow_not_found": .workflowNotFound, "instance_not_found": .instanceNotFound,
        "token_not_found": .tokenNotFound, "file_not_found": .fileNotFound, "already_exists": .alreadyExists,
        "in_use": .inUse, "bucket_not_empty": .bucketNotEmpty, "rule_overlap": .ruleOverlap,
        "precondition_failed": .preconditionFailed, "queue_delivery_paused": .deliveryPaused,
        "build_failed": .buildFailed, "tool_missing": .toolMissing, "run_failed": .runFailed,
        "deadline_exceeded": .deadlineExceeded, "too_many_requests": .tooManyRequests, "disk_full": .diskFull,
        "store_failed": .storeFailed, "corrupt_store": .corruptStore, "state_in_use": .stateInUse,
        "version_mismatch": .versionMismatch, "engine_unavailable": .engineUnavailable, "interrupted": .interrupted,
        "internal_error": .internalError,
    ]

    @Test("each code keeps its spelling, and is read back from it")
    func spelling() {
        for (text, code) in Self.spellings {
            #expect(code.spelling == text)
            #expect(FlareError.Code(spelling: text) == code)
        }
        #expect(Set(FlareError.Code.known.map(\.spelling)).count == FlareError.Code.known.count)
        for code in FlareError.Code.known { #expect(FlareError.Code(spelling: code.spelling) == code) }
    }

    @Test("a code of a newer engine keeps its name")
    func unknownCode() {
        let code = FlareError.Code(spelling: "from_the_future")
        #expect(code == .unknown("from_the_future"))
        #expect(code.spelling == "from_the_future")
        #expect(code.exitStatus == 70)
    }

    @Test("each code has an HTTP status of a failure and an exit status that is documented")
    func statuses() {
        let documented: Set<Int32> = [1, 64, 65, 66, 69, 70, 73, 75, 77, 124, 130]
        for code in FlareError.Code.known {
            #expect((400...599).contains(code.httpStatus), "\(code)")
            #expect(documented.contains(code.exitStatus), "\(code)")
            #expect(code.apiCode > 0, "\(code)")
        }
    }

    @Test("an error goes through the API's envelope unchanged")
    func envelope() throws {
        for code in FlareError.Code.known {
            let error = FlareError(code, "queue \"orders\" has no consumer", hint: "flare queues list")
            let bytes = FlareJSON.encode(Envelope<EmptyResult>(result: nil, errors: [EnvelopeError(error)]))
            let read = try FlareJSON.decode(Envelope<EmptyResult>.self, from: bytes)
            #expect(!read.success)
            let back = try #require(read.errors.first?.flareError)
            #expect(back.code == code)
            #expect(back.message == error.message)
            #expect(back.hint == error.hint)
        }
    }

    @Test("the error of another server has its number as its code")
    func foreignEnvelope() throws {
        let text = #"{"success":false,"errors":[{"code":7003,"message":"No route"}],"messages":[],"result":null}"#
        let read = try FlareJSON.decode(Envelope<EmptyResult>.self, from: text.utf8)
        #expect(read.errors.first?.flareError.code == .unknown("api_7003"))
    }
}
