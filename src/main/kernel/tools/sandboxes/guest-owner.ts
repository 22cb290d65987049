/** A pair that no account on an ordinary system uses and that needs no entry in /etc/passwd. */
const UNPRIVILEGED = { uid: 64_000, gid: 64_000 }

/**
 * The host's user and group that everything in a sandbox runs as, and that must own the base, the layers and every
 * folder a sandbox writes to. Never uid 0: when the application is root it is an unprivileged pair of its own,
 * otherwise the user's own. Inside a sandbox these files belong to uid 1001.
 */
export function guestOwner(): { uid: number; gid: number } {
  const uid = process.geteuid?.() ?? UNPRIVILEGED.uid
  if (uid === 0) return { ...UNPRIVILEGED }
  return { uid, gid: process.getegid?.() ?? UNPRIVILEGED.gid }
}

/** True when sandboxes must give up the application's root before they do anything else. */
export function mustDropRoot(): boolean {
  return process.geteuid?.() === 0
}
