import { z } from 'zod'
import { line, path } from './text'

const oid = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
/**
 * A commit: a name or abbreviation as git takes it (`main`, `v1.2~3`, `HEAD^`), without options, ranges or paths. Two more names say
 * what is no commit: `@base`, the files that the run started from, with what the user had not committed; and `@branch`, the files now.
 */
const revision = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[\p{L}\p{N}_@.][\p{L}\p{N}_@./{}^~+-]*$/u, 'the name of a commit')
  .refine((name) => !name.includes('..'), 'one commit, not a range')
const paths = z.array(path).max(500)
const person = z.object({ name: z.string(), email: z.string() })
const maxBytes = z
  .number()
  .int()
  .min(1000)
  .max(2 * 1024 * 1024)

export const GitFileChange = z.object({
  path,
  change: z.enum(['added', 'changed', 'deleted', 'renamed', 'type', 'mode']),
  from: path.optional(),
  /** Lines; null for what is no text. */
  added: z.number().int().nullable(),
  removed: z.number().int().nullable(),
})
export type GitFileChange = z.infer<typeof GitFileChange>

const Commit = z.object({
  commit: oid,
  parents: z.array(oid),
  author: person,
  authoredAt: z.string(),
  committer: person,
  committedAt: z.string(),
  subject: z.string(),
  body: z.string(),
})

export const gitSchemas = {
  'git.status': {
    input: z.object({ limit: z.number().int().min(1).max(5000).optional() }),
    output: z.object({
      /** The commit that everything is compared with; null before the first one. */
      head: oid.nullable(),
      /** Name of the branch that the user has checked out; null when the head is detached. */
      branch: z.string().nullable(),
      /** What this branch of the run changed since it started. */
      changes: z.array(GitFileChange),
      /** What the user had not committed when the run started. */
      before: z.array(GitFileChange),
      truncated: z.boolean(),
      notices: z.array(z.string()),
    }),
  },
  'git.diff': {
    input: z.object({
      /** Default `@base`. */
      from: revision.optional(),
      /** Default `@branch`. */
      to: revision.optional(),
      paths: paths.optional(),
      contextLines: z.number().int().min(0).max(100).optional(),
      /** Only names and counts. */
      summary: z.boolean().optional(),
      ignoreWhitespace: z.boolean().optional(),
      maxBytes: maxBytes.optional(),
    }),
    output: z.object({
      files: z.array(GitFileChange),
      patch: z.string(),
      /** Files that differ, but that the role may not read. */
      withheld: z.number().int().optional(),
      truncated: z.boolean(),
    }),
  },
  'git.log': {
    input: z.object({
      /** Default HEAD. */
      revision: revision.optional(),
      paths: paths.optional(),
      /** With one path: also from before it was renamed. */
      follow: z.boolean().optional(),
      limit: z.number().int().min(1).max(1000).optional(),
      skip: z.number().int().min(0).max(1_000_000).optional(),
      author: z.string().min(1).max(200).optional(),
      /** Text in the message. */
      message: z.string().min(1).max(500).optional(),
      /** Text that the commit added or removed a line with. */
      changing: z.string().min(1).max(500).optional(),
      /** As `2026-01-31` or `2026-01-31T12:00:00Z`. */
      since: z.string().max(40).optional(),
      until: z.string().max(40).optional(),
      /** The files of each commit; at most 100 commits then. */
      files: z.boolean().optional(),
    }),
    output: z.object({ commits: z.array(Commit.extend({ files: z.array(GitFileChange).optional() })), truncated: z.boolean() }),
  },
  'git.show': {
    input: z.object({
      revision,
      /** The text of this file there, instead of what the commit changed. */
      path: path.optional(),
      maxBytes: maxBytes.optional(),
    }),
    output: z.object({
      commit: Commit.nullable(),
      files: z.array(GitFileChange),
      patch: z.string(),
      /** Null for a binary file, and when no path was given. */
      text: z.string().nullable(),
      sizeBytes: z.number().int().nullable(),
      withheld: z.number().int().optional(),
      truncated: z.boolean(),
    }),
  },
  'git.blame': {
    input: z.object({
      path,
      startLine: line.optional(),
      endLine: line.optional(),
      /** Default `@branch`. */
      revision: revision.optional(),
      ignoreWhitespace: z.boolean().optional(),
    }),
    output: z.object({
      path,
      lines: z.array(
        z.object({
          line,
          text: z.string(),
          /** `base`: by the user, not committed when the run started; `branch`: by this branch of the run. */
          source: z.enum(['commit', 'base', 'branch']),
          commit: oid.nullable(),
          author: person.nullable(),
          at: z.string().nullable(),
          summary: z.string(),
          /** Where the line was in that commit. */
          originalPath: path,
          originalLine: line,
        }),
      ),
      truncated: z.boolean(),
    }),
  },
  'git.branches': {
    input: z.object({
      kinds: z.array(z.enum(['branch', 'remote', 'tag'])).optional(),
      limit: z.number().int().min(1).max(5000).optional(),
    }),
    output: z.object({
      branches: z.array(
        z.object({
          name: z.string(),
          kind: z.enum(['branch', 'remote', 'tag']),
          commit: oid,
          current: z.boolean(),
          at: z.string().nullable(),
          subject: z.string(),
        }),
      ),
      truncated: z.boolean(),
    }),
  },
} as const
