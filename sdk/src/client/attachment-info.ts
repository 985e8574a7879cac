/** What people see of a file before they open it. */
import { mediaTypeOf } from "../attachments/media-types.ts"
import { safeFileName } from "../attachments/names.ts"
import type { AttachmentPayload } from "../attachments/reference.ts"
import type { AttachmentInfo } from "./chat.ts"

export function attachmentInfo({ name, mediaType, size }: AttachmentPayload): AttachmentInfo {
  return { name: safeFileName(name), mediaType: mediaTypeOf(mediaType), size }
}
