/** Who takes part, and what each needs to be installed. */
import type { PeerName } from "../peers.ts"
import type { Subject } from "../subject.ts"
import { loadFloor } from "./floor.ts"
import { loadLibsignal, loadLibsignalGroups } from "./libsignal.ts"
import { loadMatrix } from "./matrix.ts"
import { loadTsMls } from "./ts-mls.ts"
import { loadWardline } from "./wardline.ts"

export interface Participant {
  readonly name: string
  readonly title: string
  readonly needs: readonly PeerName[]
  /** @param folder - where the peers are installed. */
  load(folder: string): Promise<Subject>
}

export const WARDLINE = "wardline"
export const FLOOR = "floor"

export const PARTICIPANTS: readonly Participant[] = [
  { name: WARDLINE, title: "Wardline", needs: [], load: loadWardline },
  { name: FLOOR, title: "bare libsodium (floor)", needs: [], load: loadFloor },
  {
    name: "libsignal",
    title: "libsignal 1:1",
    needs: ["@signalapp/libsignal-client"],
    load: loadLibsignal,
  },
  {
    name: "libsignal-groups",
    title: "libsignal sender keys",
    needs: ["@signalapp/libsignal-client"],
    load: loadLibsignalGroups,
  },
  {
    name: "matrix",
    title: "matrix-sdk-crypto-wasm",
    needs: ["@matrix-org/matrix-sdk-crypto-wasm"],
    load: loadMatrix,
  },
  {
    name: "ts-mls",
    title: "ts-mls with X-Wing",
    needs: ["ts-mls", "@hpke/chacha20poly1305", "@hpke/hybridkem-x-wing", "@noble/ciphers", "@noble/curves"],
    load: loadTsMls,
  },
]
