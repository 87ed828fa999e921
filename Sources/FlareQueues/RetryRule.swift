/// Decides what becomes of a message whose delivery failed.
struct RetryRule: Hashable {
    /// What is done with the message.
    enum Fate: Hashable {
        /// Offered again after so many seconds.
        case retry(delaySeconds: Int)
        /// Moved to another queue, with the reason.
        case deadLetter(queue: String, reason: String)
        /// Kept in its queue, out of delivery's reach, since there is no dead letter queue.
        case dead(reason: String)
    }

    /// Attempts after the first one.
    let maxRetries: Int
    /// The wait before the next attempt, when the consumer names none.
    let retryDelaySeconds: Int
    let deadLetterQueue: String?

    /// The rule of a queue's consumer; without one, that of a consumer with default settings.
    init(_ consumer: ConsumerRecord?) {
        let settings = consumer?.settings ?? ConsumerSettings()
        maxRetries = settings.maxRetries
        retryDelaySeconds = settings.retryDelaySeconds
        deadLetterQueue = consumer?.deadLetterQueue
    }

    /// The attempt with this number, counted from 1, has failed.
    func failed(attempt: Int, delaySeconds: Int? = nil, reason: String) -> Fate {
        guard isExhausted(attempts: attempt) else {
            return .retry(delaySeconds: delaySeconds ?? retryDelaySeconds)
        }
        let reason = MessageOrigin.kept(reason)
        guard let deadLetterQueue else { return .dead(reason: reason) }
        return .deadLetter(queue: deadLetterQueue, reason: reason)
    }

    /// Whether a message with so many attempts behind it has had all it may have.
    func isExhausted(attempts: Int) -> Bool {
        attempts > maxRetries
    }
}
