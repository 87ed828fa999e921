import FlareModel
import FlareStore

/// What earlier engines have left in a state directory besides the database.
enum StateRemains {
    /// Throws `corruptStore` when there are records, objects or code.
    ///
    /// A new database would know nothing of them, and its engine would remove them as nobody's.
    static func requireNone(in state: StateDirectory, disk: any Disk = PosixDisk()) throws {
        guard let path = try found(in: state, disk) else { return }
        throw FlareError(
            .corruptStore,
            "the database \(state.database) is missing or empty, although there is data of it in \(path)",
            hint: "nothing was changed; restore flare.db from a backup, or choose another state directory"
        )
    }

    /// A directory that is not empty.
    private static func found(in state: StateDirectory, _ disk: any Disk) throws -> String? {
        do {
            let folders = try disk.list(state.objects).filter { $0.utf8.count == 2 }.map { state.objects + "/" + $0 }
            for path in [state.streams, state.workers] + folders where try !disk.list(path).isEmpty { return path }
            return nil
        } catch {
            throw error.flareError
        }
    }
}
