import { resolve } from "node:path"
import { fromHex, utf8 } from "../bytes.ts"
import { sha256, wipe } from "../crypto/index.ts"
import type { DirectoryState } from "../directory/index.ts"
import { asRole } from "../ids.ts"
import { clinicIdOf, MAX_REASON_BYTES } from "../protocol/index.ts"
import { asAdmin } from "./admin-session.ts"
import { type Input, usage } from "./arguments.ts"
import { openAsker } from "./ask.ts"
import { type ClinicFolder, folderPath, openClinicFolder } from "./clinic-folder.ts"
import { type Command, type Context, SHARED } from "./command.ts"
import { readDirectory } from "./directory-copy.ts"
import { EXIT, type ExitCode } from "./exit-codes.ts"
import { readIfThere } from "./files.ts"
import { combineShares, type RoleSplitKey, type Share, type SplitKey } from "./key-share.ts"
import { archiveRole, roleSplitKey, wholeNumber } from "./key-split.ts"
import { checkRootKeyPath, encodeRootKey, ROOT_KEY_HANDLING, writeRootKey } from "./root-key-file.ts"
import { recordRootRecovery, rootRecoveryTarget } from "./root-recovery.ts"
import { askShares, type Collected, readShareFiles } from "./share-input.ts"

export const keyCombine: Command = {
  name: "key combine",
  summary: "put a split key together again, which everybody can see",
  description: [
    "Asks the holders for their shares, one after the other, or reads them from files. A slip is named with its line. Too few shares, shares of two splits, or a false one make no key: what comes out is checked against the clinic's public key before anything is written.",
    "root writes the root key's file again. archive gives the key back to this administrator's device, which can then add a device to that role: wardline staff add --role ROLE.",
    "Before that, a record goes into the clinic's directory, where all staff can see that the key was put together, when, and why. Whoever brings enough shares to another program leaves no record, so keep the sheets apart.",
  ],
  argument: { name: "KEY", help: "root or archive", required: true },
  options: {
    reason: { value: "TEXT", help: "why, for the record; everybody can read it, so name no patient" },
    share: {
      value: "FILE",
      multiple: true,
      help: "read a share from this file (default: you are asked for them)",
    },
    "root-key": { value: "FILE", help: "for root: where to write the root key; the file must not exist yet" },
    "clinic-key": { value: "KEY", help: "for root, where the clinic's folder is lost: the clinic key" },
    role: { value: "ROLE", help: "for archive: the role (default: the policy's archive role)" },
    generation: {
      value: "N",
      help: "for archive: which generation of the role's key (default: the one that the\nshares are of)",
    },
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: [
    'wardline key combine root --root-key /media/usb1/juniper-root.txt --reason "a second administrator"',
    'wardline key combine archive --reason "the vault laptop is broken"',
  ],
  async run(input, context) {
    const which = input.argument
    const reason = reasonOf(input)
    if (which === "root") return await combineRoot(input, context, reason)
    if (which === "archive") return await combineArchive(input, context, reason)
    throw usage("which key? root or archive")
  },
}

async function combineRoot(input: Input, context: Context, reason: string): Promise<ExitCode> {
  if (input.text("role") !== undefined || input.text("generation") !== undefined)
    throw usage("--role and --generation are for key combine archive")
  const file = resolve(input.required("root-key"))
  checkRootKeyPath(file, folderPath(input.text("dir")))
  if ((await readIfThere(file)) !== undefined) throw usage(`${file} exists already; it is never overwritten`)
  const clinic = await rootClinic(input)
  const target = await rootRecoveryTarget(clinic, input, context)
  const publicKey = fromHex(clinic.clinicKey)
  const key = { kind: "root", clinicId: clinicIdOf(sha256, publicKey), publicKey } as const
  const { shares } = await collectShares(input, context, [key])
  const seed = await combineShares(shares, key)
  try {
    const position = await recordRootRecovery(target, seed, reason, context)
    await writeRootKey(file, encodeRootKey(seed, target.clinicName, context.now()))
    context.output.result({ rootKeyFile: file, shares: numbersOf(shares), position, reason }, [
      `The root key is in ${file}`,
      ...ROOT_KEY_HANDLING.map((line) => `  ${line}`),
      "",
      `Record ${position} of the directory says that it was put together, and why.`,
      ...(target.relay === undefined
        ? ["No relay is known; send the record with: wardline directory push"]
        : []),
      "When it has done its work, delete the file. The shares stay good.",
    ])
    return EXIT.done
  } finally {
    wipe(seed, ...shares.map(({ point }) => point))
  }
}

async function combineArchive(input: Input, context: Context, reason: string): Promise<ExitCode> {
  if (input.text("root-key") !== undefined || input.text("clinic-key") !== undefined)
    throw usage("--root-key and --clinic-key are for key combine root")
  const folder = await openClinicFolder(input.text("dir"))
  const { state } = await readDirectory(input, folder, context)
  const archive = state.policy?.archiveRole
  const role = archiveRole(input, archive)
  const keys = archiveKeys(input, state, role)
  const { shares, key } = await collectShares(input, context, keys)
  const seed = await combineShares(shares, key)
  const { generation } = key
  try {
    return await asAdmin(folder, input, context, async (admin) => {
      const keyName = role === archive ? "archive" : role
      await admin.recoverRole({ role, generation, seed, keyName, reason })
      const position = admin.directory.recoveries.at(-1)?.position ?? null
      context.output.result({ role, generation, shares: numbersOf(shares), position, reason }, [
        `This administrator's device holds generation ${generation} of the role ${role} again.`,
        `Record ${position} of the directory says that the key was put together, and why.`,
        "",
        "Next, a device that can open the archive:",
        `  wardline staff add --name "…" --role ${role}:keeper`,
      ])
      return EXIT.done
    })
  } finally {
    wipe(seed, ...shares.map(({ point }) => point))
  }
}

/** Every generation of the role's key, the newest first, or the one that was asked for: its shares tell which they are of.
 * @throws {WardlineError} ERR_CONFIG for a role without a key, or a generation that isn't there. */
function archiveKeys(input: Input, state: DirectoryState, role: string): RoleSplitKey[] {
  const wanted = input.text("generation")
  if (wanted !== undefined) return [roleSplitKey(state, role, wholeNumber(wanted, "--generation"))]
  const newest = state.roleKeys.get(asRole(role))?.length ?? 0
  if (newest === 0) throw usage(`the role ${role} has no key`)
  return Array.from({ length: newest }, (_, i) => roleSplitKey(state, role, newest - i))
}

interface RootClinic {
  readonly clinicKey: string
  /** Undefined where only the clinic key is known. */
  readonly folder: ClinicFolder | undefined
}

/** @throws {WardlineError} ERR_CONFIG without a clinic's folder or key. */
async function rootClinic(input: Input): Promise<RootClinic> {
  const clinicKey = input.text("clinic-key")
  if (clinicKey === undefined) {
    const folder = await openClinicFolder(input.text("dir"))
    return { clinicKey: folder.clinic.clinicKey, folder }
  }
  if (input.text("dir") !== undefined) throw usage("give --clinic-key or --dir, not both")
  if (!/^[0-9a-f]{64}$/.test(clinicKey)) throw usage("--clinic-key is 64 hexadecimal characters")
  return { clinicKey, folder: undefined }
}

async function collectShares<K extends SplitKey>(
  input: Input,
  context: Context,
  keys: readonly K[],
): Promise<Collected<K>> {
  const files = input.list("share")
  if (files.length > 0)
    return await readShareFiles(
      files.map((file) => resolve(file)),
      keys,
    )
  const asker = openAsker(context.signal)
  try {
    return await askShares(asker, keys)
  } finally {
    asker.close()
  }
}

/** @throws {WardlineError} ERR_CONFIG for a reason that the directory wouldn't take. */
function reasonOf(input: Input): string {
  const reason = input.required("reason")
  if (utf8(reason).length > MAX_REASON_BYTES) throw usage(`--reason is over ${MAX_REASON_BYTES} bytes`)
  return reason
}

const numbersOf = (shares: readonly Share[]): number[] => shares.map(({ number }) => number)
