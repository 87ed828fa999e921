import FlareModel
import FlareQueues

/// Subscriptions of queues to events over REST v4.
struct SubscriptionsRoutes {
    let queues: QueueService

    private static let path = "/client/v4/accounts/:account/event_subscriptions/subscriptions"

    func register(on routes: APIRoutes) {
        routes.get(Self.path) { try await list($0) }
        routes.post(Self.path) { request in
            let body = try await request.json(SubscriptionCreateBody.self)
            try body.destination.validate()
            let source = try SubscriptionSource.named(body.source.type)
            let new = NewSubscription(
                name: body.name ?? source.rawValue,
                isEnabled: body.enabled ?? true,
                source: source,
                subject: try body.source.subject(of: source),
                events: body.events
            )
            return .result(SubscriptionBody(try await queues.subscribe(new, queue: body.destination.queueID)))
        }
        routes.get("\(Self.path)/:subscription") { request in
            .result(SubscriptionBody(try await queues.subscription(request.parameter("subscription"))))
        }
        routes.patch("\(Self.path)/:subscription") { request in
            let body = try await request.json(SubscriptionUpdateBody.self)
            try body.destination?.validate()
            let change = SubscriptionChange(
                name: body.name,
                isEnabled: body.enabled,
                events: body.events,
                queue: body.destination?.queueID
            )
            let id = try request.parameter("subscription")
            return .result(SubscriptionBody(try await queues.updateSubscription(id, change)))
        }
        routes.delete("\(Self.path)/:subscription") { request in
            .result(SubscriptionBody(try await queues.unsubscribe(request.parameter("subscription"))))
        }
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        let queue = request.query("queue_id").flatMap { $0.isEmpty ? nil : $0 }
        var all = try await queues.subscriptions(of: queue)
        switch request.query("order") {
        case nil, "created_at": break
        case "name": all.sort { $0.name < $1.name }
        case "enabled": all.sort { !$0.isEnabled && $1.isEnabled }
        case "source": all.sort { $0.source.rawValue < $1.source.rawValue }
        case let other?:
            throw FlareError(
                .invalidArgument,
                "subscriptions are not ordered by \"\(other)\"",
                hint: "one of created_at, name, enabled and source"
            )
        }
        if request.query("direction") == "desc" { all.reverse() }
        let (page, perPage) = try request.page()
        let shown = all.dropFirst((page - 1) * perPage).prefix(perPage).map { SubscriptionBody($0) }
        let info = ResultInfo(
            page: page,
            perPage: perPage,
            count: shown.count,
            totalCount: all.count,
            totalPages: (all.count + perPage - 1) / perPage
        )
        return .result(shown, info: info)
    }
}

extension SubscriptionDestinationBody {
    fileprivate func validate() throws {
        guard type == "queues.queue" else {
            throw FlareError(
                .invalidArgument,
                "events do not go to a \"\(type)\"",
                hint: "the type of a destination is queues.queue"
            )
        }
    }
}

extension SubscriptionSourceBody {
    /// The Worker or workflow that is meant; throws `invalidArgument` for a field of another source.
    fileprivate func subject(of source: SubscriptionSource) throws -> String? {
        let given = [workflowName, scriptTag ?? workerName]
        let (own, other) =
            switch source {
            case .bucket: (String?.none, given[0] ?? given[1])
            case .worker: (given[1], given[0])
            case .workflow: (given[0], given[1])
            }
        if let other {
            throw FlareError(.invalidArgument, "the source \(type) does not tell of \"\(other)\" alone")
        }
        return own.flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension SubscriptionBody {
    init(_ record: SubscriptionRecord) {
        var source = SubscriptionSourceBody(type: record.source.rawValue)
        switch record.source {
        case .bucket: break
        case .worker: (source.scriptTag, source.workerName) = (record.subject, record.subject)
        case .workflow: source.workflowName = record.subject
        }
        self.init(
            id: record.id,
            createdAt: record.createdAt,
            modifiedAt: record.modifiedAt,
            name: record.name,
            enabled: record.isEnabled,
            source: source,
            destination: SubscriptionDestinationBody(queueID: record.queueID),
            events: record.events
        )
    }
}
