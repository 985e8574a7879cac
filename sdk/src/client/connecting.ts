/** Keeps a device connected to its relay. A page fetches this code apart: whoever only reads the consent text doesn't
 * need it. */
import { abortable } from "../abort.ts"
import { type Device, sign } from "../crypto/index.ts"
import { isWardlineError } from "../errors.ts"
import { CLOSE_CODES, SOCKET_PATH } from "../protocol/index.ts"
import {
  Connection,
  type ConnectionState,
  openSession,
  type Session,
  webSocketOpener,
} from "../transport/index.ts"
import { newChannel } from "./channel.ts"
import type { DirectoryTracker } from "./directory-tracker.ts"
import type { ClientContext } from "./options.ts"

export { holdingLock, requestDeviceLock } from "./device-lock.ts"

/** Beyond this a device's clock is worth a warning; records are never refused for it here. */
const MAX_CLOCK_SKEW_MS = 5 * 60 * 1000

export interface Connecting {
  readonly context: ClientContext
  readonly directory: DirectoryTracker
  readonly device: Device
  /** Before each login: what has to be right in the directory. */
  readonly prepare: () => Promise<void>
  /** The relay's clock minus this device's, milliseconds; once for each login that shows it. */
  readonly clock: (skewMs: number) => void
  readonly onState: (state: ConnectionState) => void
}

/** Makes a connection; `start` begins it. */
export async function makeConnection(connecting: Connecting): Promise<Connection> {
  const openSocket = await webSocketOpener()
  return new Connection({
    open: (signal) => open(connecting, openSocket, signal),
    onState: connecting.onState,
  })
}

/** One try: a session whose relay has the directory that this device has. */
async function open(
  { context, directory, device, prepare, clock }: Connecting,
  openSocket: Awaited<ReturnType<typeof webSocketOpener>>,
  signal: AbortSignal,
): Promise<Session> {
  await abortable(directory.refresh(), signal)
  await prepare()
  directory.assertFresh()
  const session = await openSession(openSocket, {
    url: socketUrl(context.relay),
    clinic: context.clinicId,
    keys: { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey },
    sign: (tag, message) => sign(tag, message, device.signing.secretKey),
    origin: pageOrigin(),
    newChannel,
    onDirectory: ({ position }) => {
      directory.reach(position).catch((error: unknown) => {
        // What can't be fetched now is fetched before it is needed; what is wrong ends everything.
        if (isWardlineError(error) && !error.retryable) session.end(CLOSE_CODES.done, error)
      })
    },
    signal,
  })
  try {
    const welcome = await session.welcomed
    const skewMs = welcome.time - context.now()
    if (Math.abs(skewMs) > MAX_CLOCK_SKEW_MS) clock(skewMs)
    await directory.agree({ position: welcome.directoryPosition, link: welcome.directoryLink })
    return session
  } catch (error) {
    session.end(CLOSE_CODES.done)
    throw error
  }
}

/** Where the relay's WebSocket is. */
export function socketUrl(relay: URL): string {
  const url = new URL(SOCKET_PATH, relay)
  url.protocol = relay.protocol === "https:" ? "wss:" : "ws:"
  return url.href
}

/** The origin that the browser will name in its request, which the login signature must name too. */
function pageOrigin(): string {
  return globalThis.location?.origin ?? ""
}
