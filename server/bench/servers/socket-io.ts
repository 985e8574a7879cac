// socket.io 4 over the same store with group commit: rooms and acknowledgements as its users write them.
import { createServer } from "node:http"
import { join } from "node:path"
import { Server, type Socket } from "socket.io"
import { ReferenceStore } from "../reference-store.ts"
import { collectTurn } from "./group-commit.ts"
import { serveUntilDisconnect } from "./serve.ts"

/** Bytes, or base64. */
type Content = Buffer | string

interface FromClient {
  message: (content: Content, acknowledge: (position: number) => void) => void
}
interface FromServer {
  message: (position: number, content: Content) => void
}

interface Waiting {
  conversation: number
  body: Content
  acknowledge: (position: number) => void
}

const store = new ReferenceStore(join(process.argv[2] ?? ".", "socket-io.db"))
const server = createServer()
const io = new Server<FromClient, FromServer>(server, { transports: ["websocket"], serveClient: false })
const take = collectTurn<Waiting>((batch) => {
  const positions = store.append(batch)
  for (const [i, { conversation, body, acknowledge }] of batch.entries()) {
    const position = positions[i] ?? 0
    acknowledge(position)
    io.to(`${conversation}`).emit("message", position, body)
  }
})

io.on("connection", (socket: Socket<FromClient, FromServer>) => {
  const { conversation, role } = socket.handshake.query
  if (role === "read") void socket.join(`${Number(conversation)}`)
  else
    socket.on("message", (body, acknowledge) =>
      take({ conversation: Number(conversation), body, acknowledge }),
    )
})
serveUntilDisconnect(server)
