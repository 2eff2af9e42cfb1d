/// Somebody wants the next checkpoint as a folder of its own.
package struct SavepointRequest: Sendable {
    /// The folder to make.
    package var path: String
    /// Called once, on the thread that commits: the folder's path, or why there is none.
    package var answer: ControlSocket.Answer

    package init(path: String, answer: @escaping ControlSocket.Answer) {
        self.path = path
        self.answer = answer
    }
}
