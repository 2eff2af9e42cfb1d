import Synchronization

// The bounded queue between two subtasks: back-pressure by refusal. One producer, one consumer. A batch takes some hundred
// thousand bytes, so a lock per element costs nothing that can be measured. Watermarks take no room: one that comes right
// behind another takes its place.

package final class Channel: Sendable {
    private struct Queue {
        var elements: [Element] = []
        /// Index of the oldest element; those before it are gone.
        var head = 0
        /// Elements other than watermarks.
        var weight = 0
        var sizeBytes = 0
        var producerWaits = false
    }

    /// Elements, and bytes, above which a push is refused (an element larger than the bound passes alone).
    package static let capacityElements = 8
    package static let largestCapacityBytes = 8 << 20

    /// Elements that wake the consumer; a barrier, or a push that is refused, wakes it whatever their number. Rows are seen
    /// by nobody before their barrier, so waiting for company costs no latency, and a wake costs some microseconds.
    package static let wakeElements = 4

    private let queue = Mutex(Queue())
    private let producer: Doorbell
    private let consumer: Doorbell
    private let capacityBytes: Int

    package init(producer: Doorbell, consumer: Doorbell, capacityBytes: Int = largestCapacityBytes) {
        self.producer = producer
        self.consumer = consumer
        self.capacityBytes = min(capacityBytes, Self.largestCapacityBytes)
    }

    package var sizeBytes: Int { queue.withLock { $0.sizeBytes } }

    /// False: full; the producer's doorbell rings when there is room.
    package func push(_ element: Element) -> Bool {
        var isWatermark = false
        var isBarrier = false
        switch element {
        case .batch: break
        case .watermark: isWatermark = true
        case .barrier: isBarrier = true
        }
        let (taken, wakes) = queue.withLock { queue -> (Bool, Bool) in
            if isWatermark {
                if queue.head < queue.elements.count, case .watermark? = queue.elements.last {
                    queue.elements[queue.elements.count - 1] = element
                } else {
                    queue.elements.append(element)
                }
                return (true, false)
            }
            let isFull = queue.weight > 0 && queue.sizeBytes >= capacityBytes
            if queue.weight >= Self.capacityElements || isFull {
                queue.producerWaits = true
                return (false, true)
            }
            queue.sizeBytes += element.sizeBytes
            queue.elements.append(element)
            queue.weight += 1
            return (true, isBarrier || queue.weight >= Self.wakeElements)
        }
        if wakes { consumer.ring() }
        return taken
    }

    package func pop() -> Element? {
        let (element, wake) = queue.withLock { queue -> (Element?, Bool) in
            guard queue.head < queue.elements.count else { return (nil, false) }
            let element = queue.elements[queue.head]
            // Lets go of the batch: it belongs to the consumer alone from here on.
            queue.elements[queue.head] = .watermark(.idle)
            queue.head += 1
            queue.sizeBytes -= element.sizeBytes
            if case .watermark = element {} else { queue.weight -= 1 }
            if queue.head == queue.elements.count {
                queue.elements.removeAll(keepingCapacity: true)
                queue.head = 0
            } else if queue.head >= Self.capacityElements {
                queue.elements.removeFirst(queue.head)
                queue.head = 0
            }
            let wake = queue.producerWaits && queue.weight < Self.capacityElements
            if wake { queue.producerWaits = false }
            return (element, wake)
        }
        if wake { producer.ring() }
        return element
    }
}
