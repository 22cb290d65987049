import type { FileVersion } from '../../../shared/files'
import { formatBytes } from '../../components/format'

const SHOWN_UP_TO_BYTES = 8 * 1024 * 1024

/** Longer texts are shown without colours and structure, which would cost more than a frame. */
export const PLAIN_ABOVE_BYTES = 2 * 1024 * 1024

/** Why a file's text cannot be shown, in words; null when it can. */
export function whyNotShown(file: FileVersion): { readonly title: string; readonly detail: string } | null {
  if (file.text !== null) return null
  // The kernel does not read what is too large, so it cannot tell whether that is text.
  if (file.sizeBytes > SHOWN_UP_TO_BYTES) {
    return {
      title: 'Too large to show',
      detail: `${formatBytes(file.sizeBytes)}. Text is shown up to 8 MiB; the file itself is kept whole in every checkpoint.`,
    }
  }
  return { title: 'Binary file', detail: `${formatBytes(file.sizeBytes)}. It holds bytes that are no text, so there are no lines to show.` }
}

const ENCODING: Readonly<Record<FileVersion['encoding'], string>> = {
  'utf-8': 'UTF-8',
  'utf-8-bom': 'UTF-8 with BOM',
  'utf-16le': 'UTF-16 LE',
  latin1: 'Latin-1',
  binary: 'binary',
}
const EOL: Readonly<Record<FileVersion['eol'], string>> = { lf: 'LF', crlf: 'CRLF', mixed: 'mixed line ends', none: 'no line end' }

/** Encoding, line ends and size, as the editor's foot shows them. */
export function fileFacts(file: FileVersion): string[] {
  const facts = [ENCODING[file.encoding], EOL[file.eol], formatBytes(file.sizeBytes)]
  if ((file.mode & 0o111) !== 0) facts.push('executable')
  return facts
}
