import Glibc

// Wakes one thread. A ring that nobody waits for is kept, so a wait that begins after it returns at once. The doorbells of
// the subtasks that share a thread ring that thread's too.
//
// `@unchecked Sendable`: `isRung` is read and written under `mutex` only; the two pthread objects are made for sharing.

package final class Doorbell: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let shared: Doorbell?
    private var isRung = false

    /// - Parameter shared: rings with this one, after it.
    package init(ringing shared: Doorbell? = nil) {
        self.shared = shared
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func ring() {
        pthread_mutex_lock(mutex)
        isRung = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
        shared?.ring()
    }

    /// Whether it was rung since the last wait or poll; for those who have no thread to wait with.
    package func poll() -> Bool {
        pthread_mutex_lock(mutex)
        defer {
            isRung = false
            pthread_mutex_unlock(mutex)
        }
        return isRung
    }

    /// Returns at a ring, or after `timeoutMilliseconds` (nil: only at a ring).
    package func wait(timeoutMilliseconds: Int64? = nil) {
        pthread_mutex_lock(mutex)
        defer {
            isRung = false
            pthread_mutex_unlock(mutex)
        }
        guard let timeoutMilliseconds else {
            while !isRung { pthread_cond_wait(condition, mutex) }
            return
        }
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += Int(timeoutMilliseconds / 1000)
        deadline.tv_nsec += Int(timeoutMilliseconds % 1000) * 1_000_000
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        while !isRung {
            if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return }
        }
    }
}
