export interface Credentials {
  readonly email: string
  readonly password: string
}

/** What is wrong with credentials as they were typed; empty when they can be checked. */
export function validate(credentials: Credentials): string[] {
  const problems: string[] = []
  if (!credentials.email.includes('@')) problems.push('The e-mail address has no @.')
  if (credentials.password.length < 12) problems.push('The password has fewer than 12 characters.')
  return problems
}
