/** Ports that are free. */
import { createServer } from "node:net"

/** The wanted port if it is free on this machine, otherwise any free one. 0 = any. */
export async function freePort(wanted: number): Promise<number> {
  return (await probe(wanted)) ?? (await probe(0)) ?? 0
}

/** Takes a port for a moment; undefined if somebody has it. */
function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(undefined))
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined))
    })
  })
}
