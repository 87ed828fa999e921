package import FlareModel
import FlareStore
import Logging
import ServiceLifecycle
import Synchronization

/// Carries lifecycle rules out, as a service of the engine.
///
/// It walks along the objects of a bucket by age and remembers how far it has come with each rule, so that an object is
/// looked at once, when it is old enough, however many there are; then it sleeps until the next one is. What it
/// remembers is lost with the engine: the next start looks at the old objects once more, of which only those are left
/// that no rule is for.
package final class LifecycleSweeper: Service {
    /// How far the walk for one rule has come.
    private struct Progress {
        var place = AgePlace()
        /// Objects were locked: the walk begins anew when the first of them is free.
        var restartsAt: Timestamp?
    }

    private struct Walk: Hashable {
        let bucket: String
        let work: LifecycleWork
    }

    /// The times of objects are taken before their writes wait for their turn, so that one may appear a little behind
    /// the place that was reached.
    private static let tolerance = Duration.seconds(60)
    /// At least between two passes, for buckets in which something is due all the time.
    private static let pause = Duration.seconds(5)
    private static let failurePause = Duration.seconds(60)

    private let service: BucketService
    private let progress = Mutex<[Walk: Progress]>([:])

    init(_ service: BucketService) {
        self.service = service
    }

    /// Ends on graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let now = self.service.time.now()
                var next: Timestamp?
                do {
                    next = try await self.pass().map { max($0, now + Self.pause) }
                } catch is CancellationError {
                    return
                } catch {
                    next = now + Self.failurePause
                    self.service.logger.warning("lifecycle rules wait", metadata: ["error": "\(error)"])
                }
                await self.service.lifecycle.wake.wait(until: next, time: self.service.time)
            }
        }
    }

    /// Does what is due now.
    ///
    /// Returns when something is due next; nil when nothing will be before rules change.
    package func pass() async throws -> Timestamp? {
        let changed = service.lifecycle.take()
        progress.withLock { all in all = all.filter { !changed.contains($0.key.bucket) } }
        let now = service.time.now()
        var next: Timestamp?
        var name = ""
        while !Task.isCancelled {
            let after = name
            let buckets = try await service.database.read { tx in
                try BucketSettingsRecord.buckets(with: .lifecycle, after: after, limit: 100, in: tx).map {
                    ($0, try BucketService.lifecycle(of: $0, in: tx))
                }
            }
            guard let last = buckets.last else { return next }
            for (bucket, rules) in buckets {
                for due in try await pass(bucket, rules, at: now) { next = min(next ?? due, due) }
            }
            name = last.0
        }
        return next
    }

    /// Returns when the rules of a bucket have something to do next.
    private func pass(_ bucket: String, _ rules: [LifecycleRule], at now: Timestamp) async throws -> [Timestamp] {
        var dues: [Timestamp] = []
        for work in LifecycleWork.all(in: rules) {
            if let due = try await walk(Walk(bucket: bucket, work: work), at: now) { dues.append(due) }
        }
        let aborting = rules.filter { $0.enabled && $0.abortMultipartUploadsTransition?.condition != nil }
        if !aborting.isEmpty { dues.append(try await abortUploads(of: bucket, by: aborting, at: now)) }
        return dues
    }

    /// Ends uploads that are open for too long.
    ///
    /// Looks at all open ones, which are few beside the objects. Returns when the next one may be too old.
    private func abortUploads(
        of bucket: String,
        by rules: [LifecycleRule],
        at now: Timestamp
    ) async throws -> Timestamp {
        let ages = rules.map { ($0.prefix, $0.abortMultipartUploadsTransition?.condition?.maxAge ?? 0) }
        var next = now + .seconds(ages.map(\.1).min() ?? 0)
        var position = UploadPosition(key: "", id: "")
        var aborted = 0
        while !Task.isCancelled {
            let start = position
            let page = try await service.database.read {
                try UploadRecord.page(from: start, in: bucket, limit: Limits.objectListMax, $0)
            }
            guard let last = page.last else { break }
            for upload in page {
                let fitting = ages.filter { upload.key.beginsWithBytes(of: $0.0) }.map(\.1)
                guard let age = fitting.min() else { continue }
                let due = upload.createdAt + .seconds(age)
                guard due <= now else {
                    next = min(next, due)
                    continue
                }
                try await service.expire(upload)
                aborted += 1
            }
            position = UploadPosition(key: last.key, id: last.id)
        }
        if aborted > 0 {
            let metadata: Logger.Metadata = ["bucket": "\(bucket)", "count": "\(aborted)"]
            service.logger.info("lifecycle rules have aborted uploads", metadata: metadata)
        }
        return next
    }

    private func walk(_ walk: Walk, at now: Timestamp) async throws -> Timestamp? {
        let (bucket, work) = (walk.bucket, walk.work)
        guard let bound = work.bound(at: now) else { return work.due(uploadedAt: now, at: now) }
        var progress = progress.withLock { $0[walk] } ?? Progress()
        if let restart = progress.restartsAt, restart <= now { progress = Progress() }
        while !Task.isCancelled {
            let place = progress.place
            let page = try await service.database.read {
                try AgedObjectRecord.page(of: bucket, after: place, upTo: bound, limit: Limits.objectListMax, in: $0)
            }
            guard let last = page.last else { break }
            let fitting = page.filter { $0.key.beginsWithBytes(of: work.prefix) }
            for start in stride(from: 0, to: fitting.count, by: Limits.lifecyclePage) {
                let some = Array(fitting[start..<min(start + Limits.lifecyclePage, fitting.count)])
                let (done, freeAt) = try await service.carryOut(work, on: some, in: bucket, at: now)
                if let freeAt { progress.restartsAt = min(progress.restartsAt ?? freeAt, freeAt) }
                report(done, walk)
            }
            progress.place = AgePlace(uploadedAt: last.uploadedAt, key: last.key)
        }
        let settled = bound + .milliseconds(-Self.tolerance.milliseconds)
        if progress.place.uploadedAt > settled { progress.place = AgePlace(uploadedAt: settled) }
        self.progress.withLock { [progress] in $0[walk] = progress }
        let young = try await service.database.read { try AgedObjectRecord.next(of: bucket, after: bound, in: $0) }
        // What is written from now on is due later than this.
        let due = work.due(uploadedAt: young ?? now, at: now)
        return [due, progress.restartsAt].compactMap { $0 }.min()
    }

    private func report(_ done: Int, _ walk: Walk) {
        guard done > 0 else { return }
        service.logger.info(
            walk.work.deed == .delete ? "a lifecycle rule has deleted objects" : "a lifecycle rule has moved objects",
            metadata: ["bucket": "\(walk.bucket)", "rule": "\(walk.work.rule)", "count": "\(done)"]
        )
    }
}
