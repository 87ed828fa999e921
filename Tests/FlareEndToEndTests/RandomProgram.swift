import FlareModel

/// A workflow made at random, as a tree that both a plain interpreter and a deployed workflow class can run.
///
/// Each statement folds a number into the state; the state at the end is the result. Steps share a few names, also in
/// branches that run side by side, so that an occurrence that changes owner in a replay changes the result.
indirect enum RandomProgram: Sendable {
    /// A step that fails as often as told before it gives its value; more often than it is tried again, it fails.
    case step(name: String, value: Int, failures: Int, retries: Int)
    case sleep(name: String, milliseconds: Int)
    /// Waits for the event of a type of its own, whose payload is the value.
    case wait(name: String, type: String, value: Int)
    case parallel([[RandomProgram]])
    /// The first list when the state is even, else the second.
    case branch([RandomProgram], [RandomProgram])
    case loop(times: Int, [RandomProgram])
    /// A step that fails for good, caught; its message is part of the result.
    case caught(name: String, value: Int, isNonRetryable: Bool)
    /// Ends the workflow with an error that tells the state.
    case fail

    /// How a program ends.
    enum End: Hashable {
        case output(Int)
        case error(String)
    }

    /// Runs a program in memory.
    static func interpret(_ program: [RandomProgram]) -> End {
        do {
            return .output(try run(program, 1))
        } catch let failure as Failure {
            return .error(failure.message)
        } catch {
            preconditionFailure("the interpreter throws failures alone")
        }
    }

    private struct Failure: Error {
        let message: String
    }

    private static func fold(_ state: Int, _ value: Int) -> Int {
        (state * 31 + value) % 1_000_003
    }

    private static func run(_ program: [RandomProgram], _ begin: Int) throws -> Int {
        var state = begin
        for statement in program {
            switch statement {
            case .step(_, let value, let failures, let retries):
                guard failures <= retries else { throw Failure(message: "failed \(value)") }
                state = fold(state, value)
            case .sleep: state = fold(state, 3)
            case .wait(_, _, let value): state = fold(state, value)
            case .parallel(let branches):
                for end in try branches.map({ try run($0, state) }) { state = fold(state, end) }
            case .branch(let even, let odd): state = try run(state % 2 == 0 ? even : odd, state)
            case .loop(let times, let body): for _ in 0..<times { state = try run(body, state) }
            case .caught(_, let value, _): state = fold(state, value + 7)
            case .fail: throw Failure(message: "ended at \(state)")
            }
        }
        return state
    }

    /// The events that a program waits for, wherever they stand.
    static func events(of program: [RandomProgram]) -> [(type: String, value: Int)] {
        program.flatMap { statement -> [(type: String, value: Int)] in
            switch statement {
            case .wait(_, let type, let value): [(type, value)]
            case .parallel(let branches): branches.flatMap(events)
            case .branch(let even, let odd): events(of: even) + events(of: odd)
            case .loop(_, let body): events(of: body)
            case .step, .sleep, .caught, .fail: []
            }
        }
    }

    static func json(_ program: [RandomProgram]) -> JSONValue { .array(program.map(\.json)) }

    private var json: JSONValue {
        switch self {
        case .step(let name, let value, let failures, let retries):
            Self.object("step", ["name": .string(name)], value: value, failures: failures, retries: retries)
        case .sleep(let name, let milliseconds):
            Self.object("sleep", ["name": .string(name)], milliseconds: milliseconds)
        case .wait(let name, let type, _): Self.object("wait", ["name": .string(name), "type": .string(type)])
        case .parallel(let branches): Self.object("parallel", ["branches": .array(branches.map(Self.json))])
        case .branch(let even, let odd): Self.object("branch", ["even": Self.json(even), "odd": Self.json(odd)])
        case .loop(let times, let body): Self.object("loop", ["body": Self.json(body)], times: times)
        case .caught(let name, let value, let isNonRetryable):
            Self.object("caught", ["name": .string(name), "nonRetryable": .bool(isNonRetryable)], value: value)
        case .fail: Self.object("fail", [:])
        }
    }

    private static func object(
        _ kind: String,
        _ members: [String: JSONValue],
        value: Int? = nil,
        failures: Int? = nil,
        retries: Int? = nil,
        milliseconds: Int? = nil,
        times: Int? = nil
    ) -> JSONValue {
        var members = members
        members["kind"] = .string(kind)
        let numbers = [
            "value": value, "failures": failures, "retries": retries, "milliseconds": milliseconds, "times": times,
        ]
        for (key, number) in numbers { members[key] = number.map { .integer(Int64($0)) } }
        return .object(members)
    }

    /// The class that runs a program which it gets as its parameters.
    static let workflow = """
        import { WorkflowEntrypoint } from "cloudflare:workers";
        import { NonRetryableError } from "cloudflare:workflows";

        const fold = (state: number, value: number) => (state * 31 + value) % 1_000_003;

        export class Random extends WorkflowEntrypoint {
          async run(event, step) {
            return await this.statements(event.payload, step, 1);
          }

          async statements(program, step, state) {
            for (const statement of program) state = await this.statement(statement, step, state);
            return state;
          }

          async statement(s, step, state) {
            switch (s.kind) {
              case "step": {
                const options = { retries: { limit: s.retries, delay: 5, backoff: "constant" } };
                return fold(state, await step.do(s.name, options, async ({ attempt }) => {
                  if (s.value % 3 === 0) await new Promise((resolve) => setTimeout(resolve, s.value % 7));
                  if (s.failures > s.retries || attempt <= s.failures) throw new Error(`failed ${s.value}`);
                  return s.value;
                }));
              }
              case "sleep":
                await step.sleep(s.name, s.milliseconds);
                return fold(state, 3);
              case "wait":
                return fold(state, (await step.waitForEvent(s.name, { type: s.type, timeout: "1 hour" })).payload);
              case "parallel": {
                const ends = await Promise.all(s.branches.map((branch) => this.statements(branch, step, state)));
                for (const end of ends) state = fold(state, end);
                return state;
              }
              case "branch": return await this.statements(state % 2 === 0 ? s.even : s.odd, step, state);
              case "loop":
                for (let time = 0; time < s.times; time++) state = await this.statements(s.body, step, state);
                return state;
              case "caught":
                try {
                  await step.do(s.name, { retries: { limit: 1, delay: 1, backoff: "constant" } }, async () => {
                    throw s.nonRetryable ? new NonRetryableError(`no ${s.value}`) : new Error(`no ${s.value}`);
                  });
                  return -1;
                } catch (error) {
                  return fold(state, error.message === `no ${s.value}` ? s.value + 7 : 0);
                }
              default: throw new Error(`ended at ${state}`);
            }
          }
        }
        export default {};
        """
}

/// Makes programs; the same seed makes the same ones.
struct RandomProgramMaker {
    private var random: SplitMix
    private var statementsLeft = 0
    private var waits = 0

    init(seed: UInt64) {
        random = SplitMix(state: seed)
    }

    mutating func program() -> [RandomProgram] {
        statementsLeft = Int.random(in: 1...9, using: &random)
        waits = 0
        var program: [RandomProgram] = []
        while statementsLeft > 0 { program.append(statement(depth: 0)) }
        if Int.random(in: 0..<10, using: &random) == 0 { program.append(.fail) }
        return program
    }

    private mutating func statement(depth: Int) -> RandomProgram {
        statementsLeft -= 1
        let name = ["a", "b", "c"].randomElement(using: &random) ?? "a"
        let value = Int.random(in: 1...999, using: &random)
        switch Int.random(in: 0..<(depth < 2 ? 20 : 12), using: &random) {
        case 0..<7:
            let failures = Int.random(in: 0..<8, using: &random) == 0 ? Int.random(in: 1...2, using: &random) : 0
            return .step(name: name, value: value, failures: failures, retries: max(1, failures))
        case 7: return .sleep(name: name, milliseconds: Int.random(in: 0...60, using: &random))
        case 8, 9:
            waits += 1
            return .wait(name: name, type: "event-\(waits)", value: value)
        case 10: return .caught(name: name, value: value, isNonRetryable: Bool.random(using: &random))
        // Of two branches that fail, the first in time decides the error, which no interpreter can know.
        case 11 where depth == 0: return .step(name: name, value: value, failures: 2, retries: 1)
        case 11: return .sleep(name: name, milliseconds: 1)
        case 12..<16:
            let count = Int.random(in: 2...4, using: &random)
            return .parallel((0..<count).map { _ in list(depth + 1, 1...2) })
        case 16, 17: return .branch(list(depth + 1, 0...2), list(depth + 1, 0...2))
        default:
            // A loop repeats names, and an event of one type comes once.
            let body = list(depth + 1, 1...2)
            return RandomProgram.events(of: body).isEmpty
                ? .loop(times: Int.random(in: 1...3, using: &random), body) : .branch(body, body)
        }
    }

    private mutating func list(_ depth: Int, _ count: ClosedRange<Int>) -> [RandomProgram] {
        (0..<Int.random(in: count, using: &random)).map { _ in statement(depth: depth) }
    }
}

/// A small generator of random numbers that can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
