import { suite } from "uvu"
import * as assert from "uvu/assert"
import { newChannel } from "../../src/client/channel.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { WardlineError } from "../../src/errors.ts"
import {
  Connection,
  type ConnectionState,
  openSession,
  type Session,
  webSocketOpener,
} from "../../src/transport/index.ts"
import { bytes, type ScriptedPeer, startPeer } from "./scripted-peer.ts"

await cryptoReady()
const openSocket = await webSocketOpener()
const test = suite<{ peer: ScriptedPeer }>("connection")

test.before.each(async (context) => {
  context.peer = await startPeer()
})
test.after.each(async (context) => {
  await context.peer.close()
})

interface Watched {
  readonly connection: Connection
  readonly states: ConnectionState[]
  /** Resolves at the next state of this kind. */
  until<K extends ConnectionState["kind"]>(kind: K): Promise<Extract<ConnectionState, { kind: K }>>
}

function start(
  peer: ScriptedPeer,
  options: { random?: number; open?: () => Promise<Session> } = {},
): Watched {
  const states: ConnectionState[] = []
  let wake = (): void => {}
  const connection = new Connection({
    open:
      options.open ??
      ((signal) =>
        openSession(openSocket, {
          url: peer.url,
          clinic: bytes(16, 1),
          keys: { signing: bytes(32, 2), wrapping: bytes(1216, 4) },
          sign: () => bytes(64, 6),
          origin: "",
          newChannel,
          onDirectory: () => {},
          signal,
        })),
    onState: (state) => {
      states.push(state)
      wake()
    },
    random: () => options.random ?? 0,
  })
  connection.start()
  let read = 0
  return {
    connection,
    states,
    until: async (kind) => {
      for (;;) {
        const state = states[read]
        if (state === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        read += 1
        if (state.kind === kind) return state as never
      }
    },
  }
}

test("connects, and connects again after the connection broke", async ({ peer }) => {
  const { connection, until } = start(peer)
  const first = await peer.accept()
  await first.welcome()
  await until("online")
  assert.ok(connection.session)
  first.socket.terminate()
  await until("offline")
  assert.not(connection.session)
  await (await peer.accept()).welcome()
  await until("online")
  await connection.stop()
  assert.is((await until("closed")).error, undefined)
})

test("counts failed attempts and waits longer after each", async ({ peer }) => {
  let tries = 0
  const open = async (): Promise<Session> => {
    tries += 1
    throw new WardlineError("ERR_OFFLINE", "no relay")
  }
  const { connection, states, until } = start(peer, { random: 0.02, open })
  for (let i = 0; i < 4; i++) await until("offline")
  await connection.stop()
  const attempts = states.flatMap((state) => (state.kind === "connecting" ? [state.attempt] : []))
  assert.equal(attempts.slice(0, 4), [1, 2, 3, 4])
  assert.ok(tries >= 4)
})

for (const code of [4401, 4403, 4400, 1009, 1000]) {
  test(`close code ${code} ends it for good`, async ({ peer }) => {
    const { until, connection } = start(peer)
    const first = await peer.accept()
    await first.welcome()
    await until("online")
    first.socket.close(code)
    assert.ok((await until("closed")).error)
    await connection.stop()
  })
}

for (const code of [1001, 4408, 4413, 4429, 4503]) {
  test(`after close code ${code} it comes back`, async ({ peer }) => {
    const { connection, until } = start(peer)
    const first = await peer.accept()
    await first.welcome()
    await until("online")
    first.socket.close(code)
    const { retryAtMs } = await until("offline")
    if (code >= 4429) assert.ok(retryAtMs - Date.now() > 1500, "a busy relay is given time")
    await connection.stop()
  })
}

for (const code of ["ERR_FORK", "ERR_ROLLBACK", "ERR_CLINIC_KEY", "ERR_REVOKED", "ERR_KEYSTORE"] as const) {
  test(`${code} while connecting ends it for good`, async ({ peer }) => {
    const { until } = start(peer, { open: () => Promise.reject(new WardlineError(code, "")) })
    assert.is((await until("closed")).error?.code, code)
  })
}

test("a stale directory is tried again: a keeper may come online", async ({ peer }) => {
  const { until, connection } = start(peer, {
    open: () => Promise.reject(new WardlineError("ERR_STALE_DIRECTORY", "")),
  })
  assert.is((await until("offline")).error?.code, "ERR_STALE_DIRECTORY")
  await connection.stop()
})

test("retryNow doesn't wait", async ({ peer }) => {
  let tries = 0
  const open = async (): Promise<Session> => {
    tries += 1
    throw new WardlineError("ERR_OFFLINE", "no relay")
  }
  const { connection, until } = start(peer, { random: 0.99, open })
  for (let i = 0; i < 5; i++) {
    await until("offline")
    connection.retryNow()
  }
  await until("offline")
  await connection.stop()
  assert.is(tries, 6)
})

test("the browser's online event ends a wait", async ({ peer }) => {
  const events = new EventTarget()
  const page = globalThis as unknown as Record<string, unknown>
  page.addEventListener = events.addEventListener.bind(events)
  page.removeEventListener = events.removeEventListener.bind(events)
  try {
    const open = (): Promise<Session> => Promise.reject(new WardlineError("ERR_OFFLINE", ""))
    const { connection, until } = start(peer, { random: 0.99, open })
    for (let i = 0; i < 5; i++) {
      await until("offline")
      events.dispatchEvent(new Event("online"))
    }
    await until("offline")
    await connection.stop()
  } finally {
    delete page.addEventListener
    delete page.removeEventListener
  }
})

test("stop closes the socket and says why", async ({ peer }) => {
  const { connection, until } = start(peer)
  const first = await peer.accept()
  await first.welcome()
  await until("online")
  await connection.stop(new WardlineError("ERR_CONFLICT", "open in another tab"))
  assert.is((await until("closed")).error?.code, "ERR_CONFLICT")
  assert.is(await first.closed, 1000)
})

test("stop while connecting ends the try", async ({ peer }) => {
  const { connection, until } = start(peer)
  const first = await peer.accept()
  await connection.stop()
  await until("closed")
  await first.closed
})

test.run()
