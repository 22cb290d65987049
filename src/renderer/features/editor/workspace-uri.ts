/**
 * Where a file of the workspace lies for the editor. Files at the live end carry the very URI that the language server in the
 * branch's sandbox uses; files of the past carry a scheme of their own, so that no server is ever asked about them.
 */
export const LIVE_SCHEME = 'file'
export const PAST_SCHEME = 'keyframe-past'
/** The two sides of a comparison. */
export const BEFORE_SCHEME = 'keyframe-before'
export const AFTER_SCHEME = 'keyframe-after'
export type ViewScheme = typeof LIVE_SCHEME | typeof PAST_SCHEME | typeof BEFORE_SCHEME | typeof AFTER_SCHEME

const ROOT = '/workspace'

/** The URI's path part, not yet encoded. */
export function guestPathOf(path: string): string {
  return `${ROOT}/${path}`
}

/** Null when the guest path lies outside of the workspace (a library of the language server, for instance). */
export function pathOfGuestPath(guestPath: string): string | null {
  return guestPath.startsWith(`${ROOT}/`) ? guestPath.slice(ROOT.length + 1) : null
}
