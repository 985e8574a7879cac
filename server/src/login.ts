/** Login by a signed challenge (docs/protocol.md, Wire): the device proves its keys, the page its origin. */
import {
  AUTH_TAG,
  authInput,
  deviceIdOf,
  type Frame,
  isAcceptableWrappingKey,
  isWardlineError,
  signatureInput,
  WardlineError,
} from "@wardline/sdk/protocol"
import { NOBODY } from "./audit-chain.ts"
import { channelKey, type Ephemeral } from "./channel.ts"
import type { Clinic } from "./clinic.ts"
import { keyOf, sha256, verify } from "./hashing.ts"
import { type Identity, identify } from "./identity.ts"
import type { RelayCore } from "./relay-core.ts"
import { eventOf, Note } from "./requests/note.ts"
import type { Session } from "./session.ts"

type AuthFrame = Extract<Frame, { kind: "auth" }>

/** Logs the session in, or closes it saying why. */
export function logIn(core: RelayCore, session: Session, frame: AuthFrame, nowMs: number): void {
  const clinic = core.clinics.get(keyOf(frame.clinic))
  let identity: Identity
  let device = NOBODY
  try {
    if (!session.address.takeLogin(nowMs))
      throw new WardlineError("ERR_RATE_LIMITED", "too many logins from this address")
    if (clinic === undefined) throw new WardlineError("ERR_NOT_FOUND", "this relay doesn't serve that clinic")
    device = provenDevice(core.store.relayId, session, frame)
    identity = identify(clinic, device, keyOf(frame.keys.signing), nowMs)
    session.channel = channelKey(session.ephemeral as Ephemeral, frame.ephemeral)
  } catch (error) {
    refuseLogin(core, session, frame.id, { clinic, device, error }, nowMs)
    return
  }
  session.nonce = undefined
  session.ephemeral = undefined
  session.identity = identity
  session.heardMs = nowMs
  const welcome = (): void => {
    const { position, link } = identity.clinic.directory
    session.sendFrame({
      kind: "welcome",
      id: frame.id,
      time: nowMs,
      directoryPosition: position,
      directoryLink: link,
    })
  }
  const failed = (error: unknown): void => {
    session.sendError(frame.id, error)
    session.close("overloaded", "read-only")
  }
  core.commits.addOwn(new Note(identity.clinic, eventOf(session, "login"), { done: welcome, failed }))
}

/** The device whose keys signed the login, whoever it is.
 * @returns its id as a key.
 * @throws {WardlineError} ERR_UNAUTHENTICATED */
function provenDevice(relayId: Uint8Array, session: Session, frame: AuthFrame): string {
  const { keys, origin } = frame
  if (origin !== session.origin) throw unauthenticated("the login is signed for another origin")
  if (!isAcceptableWrappingKey(keys.wrapping)) throw unauthenticated("unusable wrapping key")
  const { nonce, ephemeral } = session
  if (nonce === undefined || ephemeral === undefined) throw unauthenticated("the challenge was used already")
  // Which refuses a signing key of small order too.
  const challenge = { relayId, nonce, ephemeral: ephemeral.publicKey }
  const input = signatureInput(AUTH_TAG, authInput(challenge, frame))
  if (!verify(keys.signing, input, frame.signature)) throw unauthenticated("the login's signature is wrong")
  return keyOf(deviceIdOf(sha256, keys.signing, keys.wrapping))
}

function refuseLogin(
  core: RelayCore,
  session: Session,
  requestId: number,
  refused: { clinic: Clinic | undefined; device: string; error: unknown },
  nowMs: number,
): void {
  const { clinic, device, error } = refused
  if (clinic?.mayNoteRefusal(device, nowMs))
    core.commits.addOwn(new Note(clinic, { action: "login-failure", outcome: "refused", actor: device }))
  session.sendError(requestId, error)
  if (isWardlineError(error, "ERR_RATE_LIMITED")) session.close("rateLimited", "too many logins")
  else if (isWardlineError(error, "ERR_REVOKED")) session.close("revoked", "device revoked or expired")
  else session.close("unauthenticated", "login refused")
}

function unauthenticated(message: string): WardlineError {
  return new WardlineError("ERR_UNAUTHENTICATED", message)
}
