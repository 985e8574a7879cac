/** A conversation's engine on a real relay, without the client around it: a test sets its limits and holds its session. */
import { newChannel } from "../../src/client/channel.ts"
import { socketUrl } from "../../src/client/connecting.ts"
import { DirectoryTracker } from "../../src/client/directory-tracker.ts"
import { ConversationEngine } from "../../src/client/engine.ts"
import type { ConversationHost } from "../../src/client/host.ts"
import { readOptions } from "../../src/client/options.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { type Device, sign } from "../../src/crypto/index.ts"
import type { Keystore } from "../../src/index.ts"
import { openSession, type Session, webSocketOpener } from "../../src/transport/index.ts"
import type { LiveClinic } from "./live-clinic.ts"

export interface LiveEngine {
  readonly engine: ConversationEngine
  readonly session: Session
  /** On a new session. */
  reconnect(): Promise<Session>
  /** Waits until the view is so, looking again at every change. */
  until(holds: () => boolean, limitMs?: number): Promise<void>
  close(): Promise<void>
}

/** Opens a patient's conversation that the keystore holds.
 * @param url - the relay's address, such as a lying one's. */
export async function openEngine(
  clinic: LiveClinic,
  keystore: Keystore,
  id: string,
  options: { url?: string; maxHeadAgeMs?: number } = {},
): Promise<LiveEngine> {
  const context = readOptions(clinic.options(keystore, options.url))
  const storage = new ClinicStorage(keystore, context.clinicId)
  const directory = await DirectoryTracker.load(context, storage)
  await directory.refresh()
  const device = (await storage.loadDevice()) as Device
  const openSocket = await webSocketOpener()
  let session: Session | undefined
  const connect = (): Promise<Session> =>
    openSession(openSocket, {
      url: socketUrl(context.relay),
      clinic: context.clinicId,
      keys: { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey },
      sign: (tag, message) => sign(tag, message, device.signing.secretKey),
      origin: "",
      newChannel,
      onDirectory: ({ position }) => void directory.reach(position).catch(() => {}),
    })
  const host: ConversationHost = {
    device,
    directory,
    storage,
    now: Date.now,
    slotKeys: () => ({ device: { id: device.id, seed: device.wrapping.seed }, roleSeed: () => undefined }),
    session: () => session,
    relay: context.relay,
    onSession: (_signal, work) => work(session as Session),
    ...(options.maxHeadAgeMs === undefined ? {} : { maxHeadAgeMs: options.maxHeadAgeMs }),
  }
  const engine = new ConversationEngine({ host, id, side: "patient", fresh: false })
  const changes = new EventTarget()
  engine.onChange = () => changes.dispatchEvent(new Event("change"))
  await engine.load()
  const attach = async (): Promise<Session> => {
    session = await connect()
    engine.attach(session)
    return session
  }
  await attach()
  const { until } = await import("./live-clinic.ts")
  return {
    engine,
    get session() {
      return session as Session
    },
    reconnect: async () => {
      engine.detach()
      session?.end()
      return await attach()
    },
    until: (holds, limitMs = 5_000) => until(changes, "change", holds, limitMs),
    close: async () => {
      await engine.dispose()
      session?.end()
    },
  }
}
