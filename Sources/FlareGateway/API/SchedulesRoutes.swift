import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows

/// The cron triggers of Workers, in the shapes of Cloudflare's API.
struct SchedulesRoutes {
    let database: Database
    let workers: WorkerService
    let workflows: WorkflowService

    private static let base = "/client/v4/accounts/:account/workers/scripts/:name/schedules"

    func register(on routes: APIRoutes) {
        routes.get(Self.base) { request in
            let name = try request.parameter("name")
            _ = try await workers.get(name)
            return .result(try await body(of: name))
        }
        // All of them are replaced, also those that commands have set.
        routes.put(Self.base) { request in
            let name = try request.parameter("name")
            let crons = try await request.json([WorkerScheduleBody].self).map(\.cron)
            if !crons.isEmpty { try await TriggersRoutes.requireHandler(of: name, workers) }
            try await database.write { transaction in
                _ = try workers.currentVersion(of: name, in: transaction)
                try workflows.setSchedules(crons, of: .worker(name), replacingAll: true, in: transaction)
            }
            return .result(try await body(of: name))
        }
    }

    private func body(of worker: String) async throws -> WorkerSchedulesBody {
        let schedules = try await workflows.schedules(of: .worker(worker))
        return WorkerSchedulesBody(
            schedules: schedules.map { schedule in
                WorkerScheduleBody(
                    cron: schedule.cron ?? "",
                    createdOn: schedule.createdOn,
                    modifiedOn: schedule.createdOn
                )
            }
        )
    }
}
