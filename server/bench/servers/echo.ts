// Raw `ws`: sends each message back to its sender and stores nothing. The ceiling of this machine and library.
import { servePeers } from "./serve.ts"

servePeers((from, data) => from.webSocket.send(data))
