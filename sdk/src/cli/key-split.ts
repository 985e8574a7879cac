import { join, resolve } from "node:path"
import { toHex } from "../bytes.ts"
import { randomBytes, sha256, signingKeyPair, wipe } from "../crypto/index.ts"
import { type DirectoryState, roleKeyOf } from "../directory/index.ts"
import { asRole } from "../ids.ts"
import { clinicIdOf } from "../protocol/index.ts"
import { asAdmin } from "./admin-session.ts"
import { type Input, usage } from "./arguments.ts"
import { openAsker } from "./ask.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, type Context, SHARED } from "./command.ts"
import { EXIT, type ExitCode } from "./exit-codes.ts"
import { readIfThere, shredFile } from "./files.ts"
import { ceremonyOf, deleteShares, keyName, type SplitFiles, writeShares } from "./key-ceremony.ts"
import {
  checkNumbers,
  type RoleSplitKey,
  type Share,
  type SplitKey,
  shareLines,
  splitKey,
} from "./key-share.ts"
import { clinicNameOf, decodeRootKey } from "./root-key-file.ts"
import { confirmSheets } from "./share-input.ts"

export const keySplit: Command = {
  name: "key split",
  summary: "split the root key or the archive's key among several people",
  description: [
    "Makes sheets to print, one for each holder, so that any few of them together are the key and fewer are nothing. Each sheet says in plain words how to keep it; its words can be typed again by hand, and slips are found line by line.",
    "root splits the key in a root key file. archive splits the newest key of the role that closed conversations are archived to, which the administrator's device holds. When that role's key is renewed, split it again and keep the old sheets too: they open what was archived before.",
    "The sheets are the key while they lie on this computer. With --remove the command waits until they are printed, asks for a line of each, and then deletes them and the root key's file.",
  ],
  argument: { name: "KEY", help: "root or archive", required: true },
  options: {
    shares: { value: "N", help: "how many people get a share, 2 to 15" },
    needed: { value: "K", help: "how many of them can put the key together, 2 or more" },
    holder: {
      value: "NAME",
      multiple: true,
      help: "who gets a share, in order; printed on the sheet\n(default: a line to fill in)",
    },
    "root-key": { value: "FILE", help: "for root: the root key's file" },
    role: { value: "ROLE", help: "for archive: the role (default: the policy's archive role)" },
    generation: { value: "N", help: "for archive: an older generation of the role's key" },
    out: { value: "FOLDER", help: "where to write the sheets; made here, and best on a USB stick" },
    files: { help: "also write each share as a text file, for a holder who keeps it on a USB stick" },
    remove: {
      help: "wait until the sheets are printed and confirmed, then delete them here,\nand the root key's file with them",
    },
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: [
    "wardline key split root --root-key /media/usb1/juniper-root.txt --shares 5 --needed 3 --out /media/usb1/shares --remove",
    'wardline key split archive --shares 3 --needed 2 --holder "Dana" --holder "Sam" --holder "Ana" --out shares',
  ],
  async run(input, context) {
    const which = input.argument
    const job = jobOf(input)
    if (which === "root") return await splitRoot(input, context, job)
    if (which === "archive") return await splitArchive(input, context, job)
    throw usage("which key? root or archive")
  },
}

interface Job {
  readonly shares: number
  readonly needed: number
  readonly holders: readonly string[]
  readonly out: string
}

/** @throws {WardlineError} ERR_CONFIG before anything is unlocked or read. */
function jobOf(input: Input): Job {
  const shares = wholeNumber(input.required("shares"), "--shares")
  const needed = wholeNumber(input.required("needed"), "--needed")
  checkNumbers(needed, shares)
  const holders = input.list("holder")
  if (holders.length > shares) throw usage(`${holders.length} holders are named for ${shares} shares`)
  return { shares, needed, holders, out: resolve(input.required("out")) }
}

async function splitRoot(input: Input, context: Context, job: Job): Promise<ExitCode> {
  if (input.text("role") !== undefined || input.text("generation") !== undefined)
    throw usage("--role and --generation are for key split archive")
  const file = resolve(input.required("root-key"))
  const bytes = await readIfThere(file)
  if (bytes === undefined) throw usage(`there is no root key file at ${file}`)
  const text = bytes.toString("utf8")
  const seed = decodeRootKey(text)
  const { publicKey } = signingKeyPair(seed)
  const key = { kind: "root", clinicId: clinicIdOf(sha256, publicKey), publicKey } as const
  try {
    return await split(seed, key, clinicNameOf(text) ?? toHex(key.clinicId), {
      input,
      context,
      job,
      keyFile: file,
    })
  } finally {
    wipe(seed, bytes)
  }
}

async function splitArchive(input: Input, context: Context, job: Job): Promise<ExitCode> {
  if (input.text("root-key") !== undefined) throw usage("--root-key is for key split root")
  const folder = await openClinicFolder(input.text("dir"))
  return await asAdmin(folder, input, context, async (admin) => {
    const role = archiveRole(input, admin.policy.archiveRole)
    const generation = input.text("generation")
    const held = admin.roleSeed(
      role,
      generation === undefined ? undefined : wholeNumber(generation, "--generation"),
    )
    const key = roleSplitKey(admin.directory, role, held.generation)
    try {
      return await split(held.seed, key, folder.clinic.name, { input, context, job, keyFile: undefined })
    } finally {
      wipe(held.seed)
    }
  })
}

/** The role that --role names, or the policy's archive role.
 * @throws {WardlineError} ERR_CONFIG if there is neither. */
export function archiveRole(input: Input, ofPolicy: string | undefined): string {
  const role = input.text("role") ?? ofPolicy
  if (role === undefined) throw usage("the policy names no archive role; name the role with --role")
  return role
}

/** A role's key as the directory has it.
 * @throws {WardlineError} ERR_CONFIG for a role or generation that isn't there. */
export function roleSplitKey(directory: DirectoryState, role: string, generation: number): RoleSplitKey {
  const key = roleKeyOf(directory, asRole(role), generation)
  if (key === undefined) throw usage(`the role ${role} has no key of generation ${generation}`)
  return { kind: "role", clinicId: directory.clinicId, publicKey: key.publicKey, role, generation }
}

export function wholeNumber(text: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usage(`${option} must be a number`)
  return Number(text)
}

interface Around {
  readonly input: Input
  readonly context: Context
  readonly job: Job
  /** What --remove deletes besides the sheets. */
  readonly keyFile: string | undefined
}

async function split(seed: Uint8Array, key: SplitKey, clinicName: string, around: Around): Promise<ExitCode> {
  const { input, context, job, keyFile } = around
  const shares = await splitKey(seed, key, job)
  const ceremony = ceremonyOf(key, shares, clinicName, context.now())
  const written = await writeShares(job.out, ceremony, shares, {
    holders: job.holders,
    withFiles: input.flag("files"),
  })
  const isRemoved = input.flag("remove")
  if (isRemoved) await confirmAndRemove(shares, written, keyFile, context)
  wipe(...shares.map(({ point }) => point))
  context.output.result(
    {
      key: keyName(key),
      shares: job.shares,
      needed: job.needed,
      split: ceremony.split,
      sheets: isRemoved ? null : written.sheets,
      files: isRemoved ? [] : written.files,
      removed: isRemoved,
    },
    [
      `${keyName(key)}: any ${job.needed} of ${job.shares} shares are that key now, and fewer are nothing.`,
      "",
      ...(isRemoved ? removedLines(keyFile) : keptLines(written, keyFile, job)),
      "",
      "To put it together again:",
      `  ${ceremony.command}`,
    ],
  )
  return EXIT.done
}

async function confirmAndRemove(
  shares: readonly Share[],
  written: SplitFiles,
  keyFile: string | undefined,
  context: Context,
): Promise<void> {
  context.output.progress(
    [
      `The sheets are in ${written.sheets}`,
      "Print them and give each to its holder. Then this command deletes, for good:",
      ...[keyFile, written.sheets, ...written.files].flatMap((file) =>
        file === undefined ? [] : [`  ${file}`],
      ),
      "",
    ].join("\n"),
  )
  const asker = openAsker(context.signal)
  try {
    await confirmSheets(asker, shares.map(shareLines), (lines) => (randomBytes(1)[0] ?? 0) % lines)
  } finally {
    asker.close()
  }
  await deleteShares(written)
  if (keyFile !== undefined) await shredFile(keyFile)
}

function removedLines(keyFile: string | undefined): string[] {
  return [
    keyFile === undefined
      ? "The sheets are deleted here and exist on paper alone."
      : "The key is in no file any more, and the sheets are on paper alone.",
    "A USB stick or an SSD may keep traces of deleted files: destroy the stick, or keep it with a sheet.",
    ...(keyFile === undefined ? [] : ["If you made other copies of the root key's file, delete them too."]),
  ]
}

function keptLines({ sheets, files }: SplitFiles, keyFile: string | undefined, job: Job): string[] {
  return [
    "Print the sheets, on a printer that is connected by cable and keeps no copies:",
    `  ${sheets}`,
    ...(files.length === 0
      ? []
      : [`The shares as text files: ${join(job.out, `share-…-of-${job.shares}.txt`)}`]),
    "Each holder takes one. Then delete the folder: whoever has it has the key.",
    ...(keyFile === undefined ? [] : [`And delete ${keyFile}, with every copy of it.`]),
  ]
}
