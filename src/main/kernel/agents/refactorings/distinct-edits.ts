import type { FileEdits } from './agent-tools'

interface Way {
  readonly label: string
  readonly files: readonly FileEdits[]
}

export interface DistinctWays<One extends Way> {
  readonly distinct: readonly One[]
  /** Sentences for the plan: what was left out because it would be the same, and that only one is left. */
  readonly same: readonly string[]
}

/** Of several ways that make the same edits the first is kept: people should not have to compare what does not differ. */
export function distinctEdits<One extends Way>(ways: readonly One[]): DistinctWays<One> {
  const byEdits = new Map<string, One>()
  const same: string[] = []
  for (const way of ways) {
    const key = editsKey(way.files)
    const known = byEdits.get(key)
    if (known === undefined) byEdits.set(key, way)
    else same.push(`“${way.label}” would be the same as “${known.label}” and is left out.`)
  }
  const distinct = [...byEdits.values()]
  return { distinct, same: distinct.length === 1 && ways.length > 1 ? [...same, 'So there is only one variant.'] : same }
}

function editsKey(files: readonly FileEdits[]): string {
  const lines = files.flatMap(({ path, edits }) =>
    edits.map((edit) => JSON.stringify([path, edit.startLine, edit.startColumn, edit.endLine, edit.endColumn, edit.newText])),
  )
  return lines.sort().join('\n')
}
