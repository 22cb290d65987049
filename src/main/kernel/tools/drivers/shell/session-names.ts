export const AGENT_SESSION = 'main'
export const PERSON_SESSION = 'user'

/** A person's own session, and further ones that they opened: `user-2`, ... */
export function isPersonSession(name: string): boolean {
  return name === PERSON_SESSION || /^user-\d+$/.test(name)
}

/** What a person is shown of a session's name. */
export function sessionTitle(name: string): string {
  if (name === AGENT_SESSION) return 'Agent'
  return isPersonSession(name) ? name.replace(/^user-?/, 'You ').trim() : name.replace(/^job-(\d+)$/, 'Job $1')
}
