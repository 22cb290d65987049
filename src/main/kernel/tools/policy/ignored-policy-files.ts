const REASONS: readonly { readonly fits: RegExp; readonly reason: string }[] = [
  {
    fits: /(?:^|\/)[^/]+\.cedar(?:schema)?(?:\.json)?$/iu,
    reason: 'Cedar text inside the workspace: whoever can change the workspace could change it.',
  },
  { fits: /(?:^|\/)\.keyframe\//iu, reason: 'Keyframe reads no settings from a workspace.' },
  { fits: /(?:^|\/)keyframe\.policy[^/]*$/iu, reason: 'Keyframe reads no policies from a workspace.' },
  { fits: /(?:^|\/)\.claude\/settings(?:\.local)?\.json$/iu, reason: 'Permissions of another program: they hold for that program only.' },
  {
    fits: /(?:^|\/)\.(?:codex|gemini|cursor|aider|continue|opencode)\/(?:.*\/)?[^/]*(?:settings|config|permissions|policy)[^/]*$/iu,
    reason: 'Settings of another program: they hold for that program only.',
  },
  { fits: /(?:^|\/)opencode\.jsonc?$/iu, reason: 'Settings of another program: they hold for that program only.' },
  { fits: /(?:^|\/)\.(?:mcp\.json|cursorrules)$/iu, reason: 'Settings of another program: they hold for that program only.' },
]

/** Files of a workspace that look as if they said what agents may do. They are shown, so that nobody relies on them, and never followed. */
export function ignoredPolicyFiles(files: readonly string[]): { path: string; reason: string }[] {
  return files.flatMap((path) => {
    const found = REASONS.find(({ fits }) => fits.test(path))
    return found === undefined ? [] : [{ path, reason: found.reason }]
  })
}
