import Testing

/// What a user meets: the built programs over real sockets, each test with a state directory and an engine of its own.
///
/// One after the other, because each starts processes and the machine may have two cores.
@Suite(.serialized, .timeLimit(.minutes(10)))
enum EndToEnd {}
