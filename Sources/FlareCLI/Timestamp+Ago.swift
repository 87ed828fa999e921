import FlareModel
import FoundationEssentials

extension Timestamp {
    /// The moment so long before now; for more than that, the first one that can be written.
    static func ago(_ age: Duration) -> Timestamp {
        max(sayable.lowerBound, Timestamp(Date()) + .milliseconds(-age.milliseconds))
    }
}
