/** Keys, grants and texts in the directory under attack: swapped, replayed, unusable, come back. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, type Device, sha256, verifySignature } from "../../src/crypto/index.ts"
import { encodeDeviceAdd, encodeRoleGrant, encodeRoleKey } from "../../src/protocol/index.ts"
import {
  adminAdd,
  BILLING,
  consentText,
  DAY_MS,
  deviceAdd,
  NURSING,
  policy,
  roleKey,
  rolePublicKey,
  T0,
} from "../directory/clinic.ts"
import {
  type Attack,
  addAttacks,
  asNurse,
  newcomer,
  reference,
  relayKey,
  smallOrder,
} from "./directory-attack.ts"

const test = suite("attacks on the directory: keys, grants and texts")
test.before(cryptoReady)

/** Keys of a device whose X25519 half is all zero. */
const zeroShare = (): Uint8Array => {
  const key = newcomer().wrapping.publicKey.slice()
  key.fill(0, key.length - 32)
  return key
}
const withKeys = (signing: Uint8Array, wrapping: Uint8Array): Uint8Array =>
  encodeDeviceAdd({ keys: { signing, wrapping }, name: "A name", roles: asNurse, expires: 0 })

const keys: Attack[] = [
  {
    name: "relay serves another role's key: registered for role B, then as role A's",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, rolePublicKey(BILLING, 1))),
  },
  {
    name: "a rotation to the generation before: whoever was put out stays in",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, rolePublicKey(NURSING, 1))),
  },
  {
    name: "a role key that is a device's own",
    code: "ERR_FORBIDDEN",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, keeper.wrapping.publicKey)),
  },
  {
    name: "an older generation, again",
    code: "ERR_CONFLICT",
    first: ({ keeper, issue }) => [issue(keeper, "role-key", roleKey(NURSING, 2))],
    record: ({ keeper, issue }) =>
      issue(keeper, "role-key", roleKey(NURSING, 2, newcomer().wrapping.publicKey)),
  },
  {
    name: "a generation left out",
    code: "ERR_CONFLICT",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 3)),
  },
  {
    name: "the newest role-key record, replayed",
    code: "ERR_CONFLICT",
    record: ({ records }) => records[6] as Uint8Array,
  },
  {
    name: "a device-add, replayed",
    code: "ERR_FORBIDDEN",
    record: ({ records }) => records[4] as Uint8Array,
  },
  {
    name: "a revoked device comes back under the same keys",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) => issue(admin, "device-add", deviceAdd(nurse, asNurse)),
  },
  {
    name: "a revoked device's signing key comes back beside a new wrapping key",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) =>
      issue(admin, "device-add", withKeys(nurse.signing.publicKey, newcomer().wrapping.publicKey)),
  },
  {
    name: "a revoked device's wrapping key comes back beside a new signing key",
    code: "ERR_FORBIDDEN",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) =>
      issue(admin, "device-add", withKeys(newcomer().signing.publicKey, nurse.wrapping.publicKey)),
  },
  {
    name: "the root key as a device's",
    code: "ERR_FORBIDDEN",
    record: ({ admin, state, issue }) =>
      issue(admin, "device-add", withKeys(state.rootKey, newcomer().wrapping.publicKey)),
  },
  {
    name: "a small-order Ed25519 key for a device",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) =>
      issue(admin, "device-add", withKeys(smallOrder, newcomer().wrapping.publicKey)),
  },
  {
    name: "an all-zero X25519 share for a device",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) =>
      issue(admin, "device-add", withKeys(newcomer().signing.publicKey, zeroShare())),
  },
  {
    name: "an all-zero X25519 share for a role",
    code: "ERR_MALFORMED",
    record: ({ keeper, issue }) => issue(keeper, "role-key", roleKey(NURSING, 2, zeroShare())),
  },
  {
    name: "a small-order log key",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => issue(admin, "policy", policy({ logKey: smallOrder })),
  },
  {
    name: "a small-order witness key",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) =>
      issue(admin, "policy", policy({ witnesses: [{ name: "w", key: smallOrder }] })),
  },
  {
    name: "one witness counted twice towards the quorum",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => {
      const { publicKey } = relayKey()
      return issue(
        admin,
        "policy",
        policy({ witnesses: ["one", "two"].map((name) => ({ name, key: publicKey })), quorum: 2 }),
      )
    },
  },
  {
    name: "the relay's own log key as a witness of itself",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => {
      const { publicKey } = relayKey()
      const body = policy({
        logKey: publicKey,
        witnesses: [{ name: "independent", key: publicKey }],
        quorum: 1,
      })
      return issue(admin, "policy", body)
    },
  },
  {
    name: "a role key that is never valid",
    code: "ERR_MALFORMED",
    record: ({ keeper, issue }) => {
      const publicKey = rolePublicKey(NURSING, 2)
      const body = { role: NURSING, generation: 2, publicKey, validFrom: T0, validUntil: T0 }
      return issue(keeper, "role-key", encodeRoleKey(body))
    },
  },
  {
    name: "a policy under which nothing is ever fresh",
    code: "ERR_MALFORMED",
    record: ({ admin, issue }) => issue(admin, "policy", policy({ freshnessSeconds: 0 })),
  },
]

const wrap = new Uint8Array(1168)
const grantTo = (who: Device, generation = 1): Uint8Array =>
  encodeRoleGrant({ role: NURSING, generation, device: who.id, wrapHash: sha256(wrap) })

const rules: Attack[] = [
  {
    name: "an admin's own role-grant to a device that was never added",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "role-grant", grantTo(newcomer())),
  },
  {
    name: "a grant to a device outside the role",
    code: "ERR_FORBIDDEN",
    record: ({ admin, biller, issue }) => issue(admin, "role-grant", grantTo(biller)),
  },
  {
    name: "a grant to a revoked device",
    code: "ERR_REVOKED",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ keeper, nurse, issue }) => issue(keeper, "role-grant", grantTo(nurse)),
  },
  {
    name: "a grant to a removed admin",
    code: "ERR_REVOKED",
    first: ({ issueAsRoot }) => [
      issueAsRoot("admin-add", adminAdd(newcomer())),
      issueAsRoot("admin-remove", reference(newcomer())),
    ],
    record: ({ keeper, issue }) => issue(keeper, "role-grant", grantTo(newcomer())),
  },
  {
    name: "a grant to an expired device",
    code: "ERR_REVOKED",
    first: ({ admin, issue }) => [issue(admin, "device-add", deviceAdd(newcomer(), asNurse, T0 + DAY_MS))],
    record: ({ keeper, issue }) => issue(keeper, "role-grant", grantTo(newcomer()), T0 + DAY_MS),
  },
  {
    name: "a grant of a generation that doesn't exist",
    code: "ERR_CONFLICT",
    record: ({ keeper, nurse, issue }) => issue(keeper, "role-grant", grantTo(nurse, 2)),
  },
  {
    name: "a consent text swapped under the same id and version",
    code: "ERR_CONFLICT",
    record: ({ admin, issue }) => issue(admin, "consent-text", consentText(1, "standard", "Something else")),
  },
  {
    name: "a consent text that leaves a version out",
    code: "ERR_CONFLICT",
    record: ({ admin, issue }) => issue(admin, "consent-text", consentText(3)),
  },
  {
    name: "a new consent text that doesn't begin at 1",
    code: "ERR_CONFLICT",
    record: ({ admin, issue }) => issue(admin, "consent-text", consentText(2, "research")),
  },
  {
    name: "a second revocation, to move the first",
    code: "ERR_REVOKED",
    first: ({ admin, nurse, issue }) => [issue(admin, "device-revoke", reference(nurse))],
    record: ({ admin, nurse, issue }) => issue(admin, "device-revoke", reference(nurse)),
  },
  {
    name: "a revocation of nobody",
    code: "ERR_FORBIDDEN",
    record: ({ admin, issue }) => issue(admin, "device-revoke", reference(newcomer())),
  },
  {
    name: "the root removes staff as if it were an admin",
    code: "ERR_FORBIDDEN",
    record: ({ nurse, issueAsRoot }) => issueAsRoot("admin-remove", reference(nurse)),
  },
]

addAttacks(test, [...keys, ...rules])

test("a small-order key verifies nothing even where it wasn't refused before", () => {
  const signature = new Uint8Array(64)
  // With this nonce and the scalar zero, the equation would hold for every message, without any secret.
  signature.set(smallOrder)
  assert.not(verifySignature("wl1/policy", policy(), signature, smallOrder))
})

test.run()
