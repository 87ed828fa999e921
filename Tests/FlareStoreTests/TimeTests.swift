import FlareModel
import Testing

@testable import FlareStore

@Suite struct TimeTests {
    private let start = Timestamp(milliseconds: 1_000_000)

    @Test("manual time stands still until it is advanced, and then wakes whoever is due")
    func manualTime() async {
        let time = ManualTime(start: start)
        #expect(time.now() == start)
        let woken = Monitor<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            for seconds in [1, 2, 3] {
                group.addTask {
                    await time.sleep(until: Timestamp(milliseconds: 1_000_000 + Int64(seconds) * 1000))
                    woken.withLock { $0.append(seconds) }
                }
            }
            time.advance(by: .seconds(2))
            await group.next()
            await group.next()
            #expect(woken.withLock { $0.sorted() } == [1, 2])
            time.advance(by: .seconds(1))
            await group.next()
        }
        #expect(woken.withLock { $0.sorted() } == [1, 2, 3])
        #expect(time.now().milliseconds == 1_003_000)
    }

    @Test("a cancelled task sleeps no longer", arguments: [true, false])
    func cancelledSleep(manual: Bool) async {
        let time: any TimeSource = manual ? ManualTime(start: start) : SystemTime()
        let deadline = time.now() + .seconds(3600)
        let task = Task { await time.sleep(until: deadline) }
        task.cancel()
        await task.value
    }

    @Test("the machine's time passes a deadline by itself")
    func systemTime() async {
        let time = SystemTime()
        let deadline = time.now() + .milliseconds(20)
        await time.sleep(until: deadline)
        #expect(time.now() >= deadline)
    }

    @Test("a notification with nobody waiting is kept, once")
    func keptNotification() async {
        let wake = Wake()
        wake.notify()
        wake.notify()
        await wake.wait()
        let task = Task { await wake.wait() }
        task.cancel()
        await task.value
    }

    @Test("a waiting loop is woken by a notification or by its deadline")
    func wake() async {
        let wake = Wake()
        let time = ManualTime(start: start)
        let deadline = start + .seconds(5)
        async let first: Void = wake.wait(until: deadline, time: time)
        wake.notify()
        await first
        async let second: Void = wake.wait(until: deadline, time: time)
        time.advance(by: .seconds(5))
        await second
        // Neither leaves anything behind that would end a later wait too early or too late.
        async let third: Void = wake.wait(until: nil, time: time)
        wake.notify()
        await third
    }

    @Test("no notification is lost between many producers and one loop")
    func manyNotifications() async {
        let wake = Wake()
        let produced = Monitor(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<1000 {
                        produced.withLock { $0 += 1 }
                        wake.notify()
                    }
                }
            }
            group.addTask {
                while produced.withLock({ $0 }) < 4000 { await wake.wait() }
            }
        }
        #expect(produced.withLock { $0 } == 4000)
    }
}
