const MAX_DEPTH = 8

/** `npm run x`, `pnpm x`, `yarn x`, `bun run x`: a script of the same package.json, called by another. Flags are left alone. */
const NESTED = /(?<=^|[\s;&|(])(?:(?:npm|pnpm|bun) run|npm|pnpm|yarn(?: run)?)(?: -s| --silent)? ([\w:.-]+)(?: --(?= ))?(?=$|[\s;&|)])/g
/** Programs of node_modules/.bin, which is on the PATH. */
const EXEC = /(?<=^|[\s;&|(])(?:npx(?: --no-install| --no| -y| --yes)*|pnpm exec|yarn exec|bunx)(?= [\w@.])/g

/**
 * The text of a script with the scripts that it calls put in place, so that it needs no package manager. Pre and post scripts
 * are joined as npm does. What is not understood (`npm -ws`, `turbo`) stays as it is.
 */
export function expandScript(scripts: Readonly<Record<string, string>>, name: string, depth = 0): string {
  const parts = [`pre${name}`, name, `post${name}`].flatMap((part) => scripts[part] ?? [])
  const joined = parts.length > 1 ? parts.map((part) => `( ${part} )`).join(' && ') : (parts[0] ?? '')
  return joined
    .replaceAll(NESTED, (whole, called: string) => {
      if (!scripts[called] || called === name || depth >= MAX_DEPTH) return whole
      const text = expandScript(scripts, called, depth + 1)
      // With arguments after it only a plain command can take them.
      return /[;&|()]/.test(text) ? `( ${text} )` : text
    })
    .replaceAll(EXEC, '')
    .replaceAll(/(?<=^|[;&|(]) {2,}/g, ' ')
    .trim()
}
