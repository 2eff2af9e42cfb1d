import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// What is no HTTP is answered by Hummingbird, with an empty answer and the connection's end. This puts the error into
/// it, in the form of all errors here. Every answer of ours names its content type, so none is taken for that one.
final class MalformedRequests: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = Self.unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentType] == nil, case .json(let content) = Self.answer.content
        else {
            return context.write(data, promise: promise)
        }
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = String(content.count)
        context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        context.write(Self.wrapOutboundOut(.body(ByteBuffer(bytes: content))), promise: nil)
    }

    private static let answer = APIResponse.error(400, "this is no HTTP/1.1 request")
}
