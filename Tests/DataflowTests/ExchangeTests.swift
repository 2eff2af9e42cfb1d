import Columnar
import Dataflow
import Testing

@Suite struct ExchangeTests {
    private func batch(_ value: Int64, rows: Int = 1) -> Element {
        let column = Column.bigint(FixedColumn([Int64](repeating: value, count: rows)))
        return .batch(Batch(columns: [column], rowCount: rows))
    }

    private func value(_ element: Element?) -> Int64? {
        guard case .batch(let batch)? = element, case .bigint(let column) = batch.columns[0] else { return nil }
        return column.values[0]
    }

    @Test func aChannelKeepsTheOrderAndRefusesWhenFull() {
        let channel = Channel(producer: Doorbell(), consumer: Doorbell())
        for i in 0..<Channel.capacityElements { #expect(channel.push(batch(Int64(i)))) }
        #expect(!channel.push(batch(99)))
        for i in 0..<Channel.capacityElements { #expect(value(channel.pop()) == Int64(i)) }
        #expect(channel.pop() == nil)
        #expect(channel.push(batch(100)))
        #expect(value(channel.pop()) == 100)
    }

    @Test func bytesBoundAChannelButOneLargeElementPasses() {
        let channel = Channel(producer: Doorbell(), consumer: Doorbell())
        let large = batch(1, rows: Channel.largestCapacityBytes / 8 + 1)
        #expect(channel.push(large))
        #expect(!channel.push(batch(2)))
        #expect(value(channel.pop()) == 1)
        #expect(channel.sizeBytes == 0)
        #expect(channel.push(batch(2)))
    }

    @Test func twoThreadsPassEverythingInOrder() {
        let (producer, consumer) = (Doorbell(), Doorbell())
        let channel = Channel(producer: producer, consumer: consumer)
        let count: Int64 = 20_000
        let sender = WorkerThread(name: "sender") {
            for i in 0..<count {
                let column = Column.bigint(FixedColumn([i]))
                let element = Element.batch(Batch(columns: [column], rowCount: 1))
                while !channel.push(element) { producer.wait() }
            }
            // Fewer elements than wake a consumer may be left: a barrier wakes it.
            while !channel.push(.barrier(Barrier(checkpoint: 1, kind: .end, milliseconds: 0))) { producer.wait() }
        }
        var next: Int64 = 0
        while next < count {
            guard let element = channel.pop() else {
                consumer.wait()
                continue
            }
            #expect(value(element) == next)
            next += 1
        }
        sender.join()
    }

    @Test func aRefusedPushWakesTheConsumerOfAFewLargeElements() {
        let (producer, consumer) = (Doorbell(), Doorbell())
        let channel = Channel(producer: producer, consumer: consumer)
        let sender = WorkerThread(name: "sender") {
            for i in 0..<3 {
                let values = [Int64](repeating: Int64(i), count: Channel.largestCapacityBytes / 8 + 1)
                let element = Element.batch(Batch(columns: [.bigint(FixedColumn(values))], rowCount: values.count))
                while !channel.push(element) { producer.wait() }
            }
            while !channel.push(.barrier(Barrier(checkpoint: 1, kind: .end, milliseconds: 0))) { producer.wait() }
        }
        var taken = 0
        while taken < 4 {
            guard channel.pop() != nil else {
                consumer.wait()
                continue
            }
            taken += 1
        }
        sender.join()
    }

    @Test func anInputBehindItsBarrierWaitsForTheOthers() {
        var aligner = BarrierAligner(inputCount: 3)
        let barrier = Barrier(checkpoint: 4, kind: .periodic, milliseconds: 0)
        #expect(aligner.arrive(barrier, on: 1) == .waitsForOthers)
        #expect(!aligner.isOpen(1))
        #expect(aligner.isOpen(0) && aligner.isOpen(2))
        #expect(aligner.arrive(barrier, on: 0) == .waitsForOthers)
        #expect(aligner.arrive(barrier, on: 2) == .aligned(barrier))
        #expect((0..<3).allSatisfy { aligner.isOpen($0) })
    }

    @Test func aRingBeforeTheWaitIsNotLost() {
        let bell = Doorbell()
        bell.ring()
        bell.wait()
    }
}
