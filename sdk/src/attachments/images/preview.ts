/** Whether a received file may be shown as a picture: decoding costs memory that a small file can ask for without end. */
import { isWardlineError } from "../../errors.ts"
import { type ByteSource, type ImagePlan, planCleanImage } from "./clean.ts"

/** Phones take 50 megapixels; four bytes each are 200 MB once decoded. */
export const MAX_PREVIEW_PIXELS = 50_331_648
/** Browsers' canvases and textures end about here. */
export const MAX_PREVIEW_SIDE = 16_384

export type Preview = Pick<ImagePlan, "mediaType" | "width" | "height">

/** Reads from the file's own header what it would take to show it.
 * @returns its real type and size; undefined for what isn't shown: no JPEG, PNG or WebP, damaged, or too many pixels. */
export async function previewOf(source: ByteSource): Promise<Preview | undefined> {
  try {
    const plan = await planCleanImage(source, "")
    if (plan === undefined || !isSmallEnough(plan)) return undefined
    const { mediaType, width, height } = plan
    return { mediaType, width, height }
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return undefined
  }
}

function isSmallEnough({ width, height }: Preview): boolean {
  return width <= MAX_PREVIEW_SIDE && height <= MAX_PREVIEW_SIDE && width * height <= MAX_PREVIEW_PIXELS
}
