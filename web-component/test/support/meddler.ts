/** Somebody between a page and the relay who can change what the relay answers: the relay itself, if it is dishonest. */
import { decodeFrame, encodeFrame, type Frame } from "@wardline/sdk/protocol"
import type { Page } from "playwright-core"

export interface Meddler {
  /** What is done to each frame from the relay; nothing while undefined. */
  change: ((frame: Frame) => Frame) | undefined
}

/** Stands between a page and its relay from the next socket on. */
export async function standBetween(page: Page): Promise<Meddler> {
  const meddler: Meddler = { change: undefined }
  await page.routeWebSocket(/./, (socket) => {
    const relay = socket.connectToServer()
    relay.onMessage((message) => {
      if (typeof message === "string" || meddler.change === undefined) socket.send(message)
      else socket.send(Buffer.from(encodeFrame(meddler.change(decodeFrame(new Uint8Array(message))))))
    })
  })
  return meddler
}
