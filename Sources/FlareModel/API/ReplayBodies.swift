/// A step as Cloudflare's API names it: the nth of a name and type.
package struct StepReferenceBody: Codable, Sendable {
    package var name: String
    /// From 1, which is the default.
    package var count: Int?
    /// `do`, which is the default, `sleep` or `waitForEvent`.
    package var type: String?

    package init(name: String, count: Int? = nil, type: String? = nil) {
        self.name = name
        self.count = count
        self.type = type
    }
}

/// One run of an instance, as its status lists them.
package struct InstanceRunBody: Codable, Sendable {
    package var run: Int
    package var status: InstanceStatus
    /// `first`, `restart` or `replay`.
    package var reason: String
    /// The step that a restart or a replay began from; absent when it began from the beginning.
    package var fromStep: String?
    package var created: Timestamp
    package var start: Timestamp?
    package var end: Timestamp?
    package var versionID: String

    package init(
        run: Int,
        status: InstanceStatus,
        reason: String,
        fromStep: String?,
        created: Timestamp,
        start: Timestamp?,
        end: Timestamp?,
        versionID: String
    ) {
        self.run = run
        self.status = status
        self.reason = reason
        self.fromStep = fromStep
        self.created = created
        self.start = start
        self.end = end
        self.versionID = versionID
    }

    enum CodingKeys: String, CodingKey {
        case run, status, reason, created, start, end
        case fromStep = "from_step"
        case versionID = "version_id"
    }
}

/// What `POST /flare/v1/workflows/{name}/replay` asks for: one instance by `id`, or many by `where`.
package struct ReplayBody: Codable, Sendable {
    /// A result that the replay takes instead of the recorded one.
    package struct Patch: Codable, Sendable {
        /// `NAME` or `NAME#n`.
        package var step: String
        /// JSON text, so that the order of its keys is kept.
        package var output: String

        package init(step: String, output: String) {
            self.step = step
            self.output = output
        }
    }

    package var id: String?
    /// Conditions as `--where` takes them.
    package var filter: String?
    /// `NAME` or `NAME#n`.
    package var fromStep: String?
    package var fromFailure: Bool?
    /// JSON text of new parameters.
    package var input: String?
    package var patches: [Patch]?
    /// A version of the workflow or of its Worker, or `latest`.
    package var version: String?
    package var asNew: Bool?
    package var dryRun: Bool?
    /// Terminates an instance that has not ended, instead of refusing it.
    package var force: Bool?
    /// Instances a second, at most.
    package var rate: Double?

    package init() {}

    enum CodingKeys: String, CodingKey {
        case id, input, patches, version, force, rate
        case filter = "where"
        case fromStep = "from_step"
        case fromFailure = "from_failure"
        case asNew = "as_new"
        case dryRun = "dry_run"
    }
}

/// What a replay does with one step.
package struct ReplayStepBody: Codable, Sendable {
    /// What becomes of the step.
    package enum Plan: String, Codable, Sendable {
        /// Its result is taken over.
        case kept
        /// Its result is the one that was given.
        case patched
        case again = "run again"
        /// The run before did not come to it; another one did.
        case new
    }

    package var name: String
    package var type: String
    /// `complete`, `failed`, `running` or `waiting` in the run before; absent for a new one.
    package var status: String?
    package var attempts: Int
    package var plan: Plan

    package init(name: String, type: String, status: String?, attempts: Int, plan: Plan) {
        self.name = name
        self.type = type
        self.status = status
        self.attempts = attempts
        self.plan = plan
    }
}

/// What became of one instance that was to be replayed.
package struct ReplayedBody: Codable, Sendable {
    package var id: String
    /// The instance that was replayed, when a new one was made of it.
    package var source: String?
    /// The status before.
    package var before: InstanceStatus?
    /// The new run; absent when nothing was done.
    package var run: Int?
    package var fromStep: String?
    package var kept: Int
    package var again: Int
    /// Step by step; of a dry run and of a single instance.
    package var steps: [ReplayStepBody]?
    /// Why the instance was left as it is.
    package var error: EnvelopeError?

    package init(id: String, kept: Int = 0, again: Int = 0) {
        self.id = id
        self.kept = kept
        self.again = again
    }

    enum CodingKeys: String, CodingKey {
        case id, source, before, run, kept, again, steps, error
        case fromStep = "from_step"
    }
}

/// The last line of a replay in bulk.
package struct ReplaySummaryBody: Codable, Sendable {
    package var matched: Int
    package var replayed: Int
    package var refused: Int
    package var isDryRun: Bool

    package init(matched: Int = 0, replayed: Int = 0, refused: Int = 0, isDryRun: Bool) {
        self.matched = matched
        self.replayed = replayed
        self.refused = refused
        self.isDryRun = isDryRun
    }

    enum CodingKeys: String, CodingKey {
        case matched, replayed, refused
        case isDryRun = "dry_run"
    }
}

/// One line of a replay in bulk: an instance, or at the end the summary.
package struct ReplayProgressBody: Codable, Sendable {
    package var instance: ReplayedBody?
    package var summary: ReplaySummaryBody?

    package init(instance: ReplayedBody) { self.instance = instance }

    package init(summary: ReplaySummaryBody) { self.summary = summary }
}

/// What a verification of one recorded history found.
package struct VerificationBody: Codable, Sendable {
    /// The first place where the code and the history part.
    package struct Difference: Codable, Sendable {
        /// `missing`, `renamed`, `out_of_order`, `extra`, `changed_type`, `output`, `error`, `threw` or `returned`.
        package var kind: String
        package var message: String
        /// The step as the history has it.
        package var expected: String?
        /// The step as the code asks for it.
        package var found: String?
        /// The file of the user's code, with line and column, of the call or of the error.
        package var source: String?
    }

    package var instance: String
    package var run: Int
    package var matches: Bool
    /// Recorded steps that the code asked for.
    package var verified: Int
    /// Recorded steps that it could have asked for.
    package var recorded: Int
    /// Whether the history reaches the end of the run, so that its result was compared too.
    package var isWhole: Bool
    package var versionID: String
    package var difference: Difference?

    package init(
        instance: String,
        run: Int,
        matches: Bool,
        verified: Int,
        recorded: Int,
        isWhole: Bool,
        versionID: String,
        difference: Difference?
    ) {
        self.instance = instance
        self.run = run
        self.matches = matches
        self.verified = verified
        self.recorded = recorded
        self.isWhole = isWhole
        self.versionID = versionID
        self.difference = difference
    }

    enum CodingKeys: String, CodingKey {
        case instance, run, matches, verified, recorded, difference
        case isWhole = "whole"
        case versionID = "version_id"
    }
}
