import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import type { ChangesByOthers } from './changes-by-others'
import { editCapabilities, patchCapabilities, reads, writes } from './file-capabilities'
import { FILE_TIMEOUT_MS, type FileAccess } from './guest-calls'
import { parsePatch } from './parse-patch'

const Edited = ToolSchemas['fs.edit'].output

export function writeTools(files: FileAccess, changes: ChangesByOthers): ToolSpec[] {
  const { handles } = files
  return [
    defineTool({
      name: 'fs.write',
      description:
        'Writes a whole file in one step, making its directories. Keeps mode, encoding and CRLF of a file that it replaces. Fails with ' +
        'fs.stale-version and the difference when the file was changed since expectedVersion, or since it was last read.',
      ...ToolSchemas['fs.write'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [writes(path)],
      async execute(args, call) {
        const request = { ...args, ...files.knownVersion(args.path) }
        const output = await files.ask(call, 'write', request, ToolSchemas['fs.write'].output, 'workspace')
        handles.written(output.path, output.version, 1)
        return { output, text: `${output.created ? 'Created' : 'Wrote'} ${output.path}` }
      },
    }),
    defineTool({
      name: 'fs.create',
      description: 'Makes a file, with its directories; fails with fs.exists when there is anything of that name.',
      ...ToolSchemas['fs.create'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [writes(path)],
      async execute(args, call) {
        const output = await files.ask(call, 'create', args, ToolSchemas['fs.create'].output, 'workspace')
        handles.written(output.path, output.version, 1)
        return { output, text: `Created ${output.path}` }
      },
    }),
    defineTool({
      name: 'fs.replace',
      description:
        'Replaces a text that occurs exactly once in a file, or with replaceAll everywhere; fails with fs.no-match (with the most similar ' +
        'text) or fs.ambiguous-match (with the lines).',
      ...ToolSchemas['fs.replace'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path), writes(path)],
      async execute({ path, oldText, newText, replaceAll, ...rest }, call) {
        const edit = { oldText, newText, replaceAll: replaceAll ?? false }
        const request = { path, edits: [edit], ...rest, ...files.knownVersion(path) }
        const done = await files.ask(call, 'edit', request, Edited, 'workspace')
        const { lines = [], replaced = 0 } = done.edits[0] ?? {}
        handles.written(done.path, done.version, lines[0])
        const where = replaced === 1 ? `at line ${lines[0]}` : `in ${replaced} places`
        return { output: { path: done.path, version: done.version, replaced }, text: `Changed ${done.path} ${where}` }
      },
    }),
    defineTool({
      name: 'fs.edit',
      description:
        'Replaces several texts of one file, one after the other, all or none. Each must occur exactly once unless replaceAll is set; ' +
        'fails with fs.no-match or fs.ambiguous-match and the number of the edit.',
      ...ToolSchemas['fs.edit'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path), writes(path)],
      async execute(args, call) {
        const output = await files.ask(call, 'edit', { ...args, ...files.knownVersion(args.path) }, Edited, 'workspace')
        handles.written(output.path, output.version, output.edits[0]?.lines[0])
        const replaced = output.edits.reduce((sum, edit) => sum + edit.replaced, 0)
        return { output, text: `Changed ${output.path} in ${replaced} ${replaced === 1 ? 'place' : 'places'}` }
      },
    }),
    defineTool({
      name: 'fs.applyEdit',
      description: 'Applies edits, creations, moves and removals of many files, all or none. Edits refer to the files as they are before.',
      ...ToolSchemas['fs.applyEdit'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: editCapabilities,
      async execute(args, call) {
        const known = args.files.map((file) => ({ ...file, version: file.version ?? files.knownVersion(file.path).handleVersion ?? null }))
        const output = await files.ask(call, 'applyEdit', { ...args, files: known }, ToolSchemas['fs.applyEdit'].output, 'workspace')
        for (const { from, to } of args.move) {
          handles.moved(from, to)
          changes.movedByAgent(to)
        }
        const firstLines = new Map(args.files.map(({ path, edits }) => [path, Math.min(...edits.map(({ startLine }) => startLine))]))
        for (const { path, version } of output.versions) {
          if (version === null) handles.closed(path)
          else handles.written(path, version, finiteOr(firstLines.get(path)))
        }
        const count = (n: number, what: string): string[] => (n === 0 ? [] : [`${n} ${what}`])
        const parts = [
          ...count(args.files.length, 'changed'),
          ...count(args.create.length, 'created'),
          ...count(args.move.length, 'moved'),
          ...count(args.remove.length, 'removed'),
        ]
        return { output, text: parts.length === 0 ? 'Nothing to change' : `Files: ${parts.join(', ')}` }
      },
    }),
    defineTool({
      name: 'fs.applyPatch',
      description:
        'Applies a unified diff of one or more files, as diff -u and git write them (also new, removed and renamed files), all or none. ' +
        'Fails with fs.patch-rejected and every hunk that does not fit.',
      ...ToolSchemas['fs.applyPatch'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ patch, strip }) => patchCapabilities(patch, strip),
      async execute(args, call) {
        const versions = Object.fromEntries(handles.all().map(({ path, version }) => [path, version]))
        const request = { files: parsePatch(args.patch, args.strip), fuzz: args.fuzz ?? 0, dryRun: args.dryRun ?? false, versions }
        const output = await files.ask(call, 'applyPatch', request, ToolSchemas['fs.applyPatch'].output, 'workspace')
        if (args.dryRun !== true) {
          for (const { path, from, change, version, hunks } of output.files) {
            if (from !== undefined) handles.moved(from, path)
            if (change === 'deleted' || version === null) handles.closed(path)
            else handles.written(path, version, Math.max(1, hunks[0]?.line ?? 1))
          }
        }
        const lines = output.files.map(({ path, from, change }) =>
          from === undefined ? `${change} ${path}` : `${change} ${from} to ${path}`,
        )
        return { output, text: `${args.dryRun === true ? 'Would be done:\n' : ''}${lines.join('\n')}` }
      },
    }),
    defineTool({
      name: 'fs.move',
      description: 'Moves a file, link or directory to a path where nothing is yet.',
      ...ToolSchemas['fs.move'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ from, to }) => [reads(from), writes(from), writes(to)],
      async execute(args, call) {
        const output = await files.ask(call, 'move', args, ToolSchemas['fs.move'].output, 'workspace')
        handles.moved(args.from, args.to)
        changes.movedByAgent(args.to)
        return { output, text: `Moved ${args.from} to ${args.to} (${output.moved} files)` }
      },
    }),
    defineTool({
      name: 'fs.remove',
      description: 'Removes a file, a link or a directory with everything in it.',
      ...ToolSchemas['fs.remove'],
      effect: 'workspace',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [writes(path)],
      async execute(args, call) {
        const output = await files.ask(call, 'remove', args, ToolSchemas['fs.remove'].output, 'workspace')
        handles.closed(args.path)
        return { output, text: `Removed ${args.path} (${output.removed} files)` }
      },
    }),
  ]
}

function finiteOr(line: number | undefined): number | undefined {
  return line !== undefined && Number.isFinite(line) ? line : undefined
}
