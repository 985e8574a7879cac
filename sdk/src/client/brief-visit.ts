/** Something done as one device, and then the connection is closed. */
import type { Device } from "../crypto/index.ts"
import type { Session } from "../transport/index.ts"
import { ClientCore } from "./core.ts"
import type { ClientOptions } from "./options.ts"

export interface Visit {
  readonly core: ClientCore
  /** Calls `attach` with the session there is, and with each that follows after a lost connection. */
  onEachSession(attach: (session: Session) => void): void
}

/** Connects as `device`, does `work`, and disconnects whatever comes of it.
 * @throws {WardlineError} why the connection is refused; whatever `work` throws. */
export async function visitAs<T>(
  options: ClientOptions,
  side: "patient" | "staff",
  device: Device,
  work: (visit: Visit) => Promise<T>,
): Promise<T> {
  const core = await ClientCore.create(options, side)
  const attached: ((session: Session) => void)[] = []
  const nothing = (): void => {}
  try {
    await core.start(device, {
      connection: nothing,
      load: async () => {},
      suspend: nothing,
      session: (session) => {
        for (const attach of attached) attach(session)
      },
      lost: nothing,
      directoryGrew: nothing,
      clock: nothing,
    })
    await core.whenOnline(options.signal)
    return await work({
      core,
      onEachSession: (attach) => {
        attached.push(attach)
        const session = core.session()
        if (session !== undefined) attach(session)
      },
    })
  } finally {
    await core.close()
  }
}
