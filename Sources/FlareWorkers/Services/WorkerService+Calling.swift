import FlareModel
package import FlareStore

extension WorkerService {
    /// Calls a Worker's `fetch` handler.
    ///
    /// Returns with the head of its response; the rest of the body follows. The code may go on afterwards with what it
    /// left to `waitUntil`. Throws as `invoke` does; with `MissingHandler` as the cause when there is no such handler;
    /// `tooManyRequests`; `interrupted` when the calling task is cancelled, of which the code is told by
    /// `request.signal`.
    package func fetch(_ request: WorkerRequest) async throws -> WorkerResponse {
        try await begin(request).fetched()
    }

    /// As `fetch`, for callers that may have to cancel the call at any time until the body's end.
    package func begin(_ request: WorkerRequest) throws -> WorkerCall {
        try start(request.invocation, request: request.body)
    }

    /// Begins a call that is answered before it ends.
    func start(_ invocation: Invocation, request: BodyPipe? = nil) throws -> WorkerCall {
        let call = WorkerCall(request: request)
        var invocation = invocation
        invocation.call = call
        let timeout = settings.answerTimeout
        // First its code is told; a process that does not listen is killed.
        invocation.deadline = timeout + settings.drainTimeout
        let (called, worker, end) = (invocation, invocation.worker, time.now() + timeout)
        try calls.begin(worker) { [self] in
            await withTaskGroup(of: Bool.self) { group in
                group.addTask { [self] in
                    await run(called, call)
                    return true
                }
                group.addTask { [time] in
                    await time.sleep(until: end)
                    let text = "the Worker \"\(worker)\" did not answer within \(timeout.components.seconds) seconds"
                    if !Task.isCancelled { call.expire(FlareError(.deadlineExceeded, text)) }
                    return false
                }
                for await isOver in group where isOver { group.cancelAll() }
            }
        }
        return call
    }

    private func run(_ invocation: Invocation, _ call: WorkerCall) async {
        do {
            _ = try await invoke(invocation)
            call.end(nil)
        } catch let error as FlareError {
            call.end(error)
        } catch {
            call.end(FlareError(.engineUnavailable, "the engine is stopping", cause: error))
        }
    }

    /// Checks what a service binding of a Worker names, before it becomes current.
    ///
    /// Throws `workerNotFound` or `invalidArgument`, with the nearest name.
    package static func checkService(_ declaration: BindingDeclaration, in tx: Transaction) throws {
        let target = declaration.target
        let record: WorkerRecord
        do {
            record = try WorkerRecord.named(target, in: tx)
        } catch var error as FlareError {
            error.message = "the service env.\(declaration.name): \(error.message)"
            error.hint = [error.hint, "deploy \"\(target)\" first"].compactMap { $0 }.joined(separator: "; ")
            throw error
        }
        guard let entrypoint = declaration.entrypoint, entrypoint != "default",
            let version = try VersionRecord.find(VersionKey(worker: target, version: record.currentVersion), in: tx)
        else { return }
        let offered = version.details.exports.exports.filter { ["entrypoint", "handlers"].contains($0.value.kind) }
        guard offered[entrypoint] == nil else { return }
        let list = offered.keys.sorted()
        let near = nearestName(to: entrypoint, in: list).map { "did you mean \"\($0)\"? " } ?? ""
        let others = list.isEmpty ? "it has none" : "it has \(list.joined(separator: ", "))"
        throw FlareError(
            .invalidArgument,
            "the service env.\(declaration.name): the Worker \"\(target)\" has no entrypoint \"\(entrypoint)\"",
            hint: "\(near)\(others)"
        )
    }

    /// Refuses to let a Worker go that others call.
    static func checkUnbound(_ worker: String, in tx: Transaction) throws {
        var users: [String] = []
        for record in try WorkerRecord.all(in: tx) where record.name != worker {
            let key = VersionKey(worker: record.name, version: record.currentVersion)
            let bindings = try VersionRecord.find(key, in: tx)?.details.configuration.bindings ?? []
            if bindings.contains(where: { $0.kind == .service && $0.target == worker }) { users.append(record.name) }
        }
        guard !users.isEmpty else { return }
        let list = users.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ") + (users.count > 5 ? ", …" : "")
        throw FlareError(
            .inUse,
            "the Worker \"\(worker)\" is a service of \(list)",
            hint: "remove it from \"services\" there and deploy, or delete first: flare workers delete \(users[0])"
        )
    }
}
