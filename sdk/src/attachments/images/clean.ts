/** Takes the metadata out of images before they are sealed, without touching a pixel. */
import { WardlineError } from "../../errors.ts"
import { planJpeg } from "./jpeg.ts"
import type { ByteSource, ImagePlan } from "./pieces.ts"
import { planPng } from "./png.ts"
import { planWebp } from "./webp.ts"

export type { ByteSource, ImagePlan, Piece } from "./pieces.ts"
export { pieceBytes } from "./pieces.ts"

type Kind = "jpeg" | "png" | "webp" | "other-image" | "other"

/** Reads an image's structure by what it is, not by what it is called.
 * @param declaredType - what the file is said to be.
 * @returns the plan of the image without metadata; undefined for what is no image.
 * @throws {WardlineError} ERR_MALFORMED for an image that can't be read; ERR_UNSUPPORTED for an image of another format,
 *   whose metadata can't be removed here. */
export async function planCleanImage(
  source: ByteSource,
  declaredType: string,
): Promise<ImagePlan | undefined> {
  switch (kindOf(await source.read(0, Math.min(source.size, 16)), declaredType)) {
    case "jpeg":
      return await planJpeg(source)
    case "png":
      return await planPng(source)
    case "webp":
      return await planWebp(source)
    case "other-image":
      throw new WardlineError(
        "ERR_UNSUPPORTED",
        "the metadata of this kind of image can't be removed: send a JPEG, PNG or WebP",
      )
    default:
      return undefined
  }
}

function kindOf(head: Uint8Array, declaredType: string): Kind {
  const text = String.fromCharCode(...head)
  if (text.startsWith("\xff\xd8\xff")) return "jpeg"
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png"
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "webp"
  // HEIC and AVIF; TIFF, and the raw formats built on it.
  const isOther = /^.{4}ftyp(hei|hev|mif|msf|avi)|^II\*\0|^MM\0\*/s.test(text)
  return isOther || declaredType.startsWith("image/") ? "other-image" : "other"
}

/** Whether a file begins like an image. */
export function isImage(head: Uint8Array, declaredType: string): boolean {
  return kindOf(head, declaredType) !== "other"
}
