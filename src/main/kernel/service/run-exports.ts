import type { MethodResult } from '../../../shared/contract/methods'
import { exportRun } from '../exports/export-run'
import type { RunEngine, RunServices } from '../scheduler/run-engine'

/** Writes a run to one file without secrets; see `exportRun`. `workspace` is its name for whoever opens the file. */
export async function exportOf(
  services: Pick<RunServices, 'files' | 'journal' | 'redactor' | 'clock'>,
  run: RunEngine,
  workspace: string,
  options: { file: string; wholeBase: boolean },
): Promise<MethodResult<'runs.export'>> {
  const { files, journal, redactor, clock } = services
  const base = await run.base()
  const report = await exportRun(
    {
      ...{ runId: run.runId, journal, redactor, workspace, task: run.summary.task, now: clock },
      base: { id: base.id, nodes: () => files.baseNodes(base), files: files.at(base, null) },
      filesAt: (manifest) => files.at(base, manifest),
    },
    options,
  )
  return { ...report, leftOut: [...report.leftOut] }
}
