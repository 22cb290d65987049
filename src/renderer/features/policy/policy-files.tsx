import type { PolicyOverview } from '../../../shared/policy'
import { useWindow } from '../../app/window-context'
import { EmptyState } from '../../components/surfaces'

/** Policy files inside the repository: whoever writes the code must not write its policy. */
export function IgnoredFiles({ ignored }: { ignored: PolicyOverview['ignored'] }) {
  const model = useWindow()
  if (ignored.length === 0) {
    return (
      <EmptyState title="No ignored file">
        A policy file inside of this repository would be shown here and never followed: whoever writes the code must not decide what it may
        do.
      </EmptyState>
    )
  }
  return (
    <section>
      <h2>Ignored files</h2>
      <p className="muted">Found inside of this repository, shown, and never followed.</p>
      <FileTable
        rows={ignored.map((file) => ({ path: file.path, words: file.reason }))}
        heading="Why it is ignored"
        onOpen={model.point() === null ? null : (path) => model.showFile(path, null)}
      />
    </section>
  )
}

/** Files of the user's own folder that could not be read. */
export function Problems({ problems, folder }: { problems: PolicyOverview['problems']; folder: string }) {
  if (problems.length === 0) {
    return (
      <EmptyState title="No problem">
        Every role and permission in your folder could be read. The folder: <code>{folder}</code>
      </EmptyState>
    )
  }
  return (
    <section>
      <h2>Problems of your files</h2>
      <p className="muted">These roles are not available until their files are mended. Keyframe reads them again as soon as they change.</p>
      <FileTable rows={problems.map((problem) => ({ path: problem.path, words: problem.message }))} heading="What to mend" onOpen={null} />
    </section>
  )
}

function FileTable({
  rows,
  heading,
  onOpen,
}: {
  rows: readonly { path: string; words: string }[]
  heading: string
  onOpen: ((path: string) => void) | null
}) {
  return (
    <div className="policy-table-scroll">
      <table className="policy-table">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">{heading}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.path}>
              <td className="mono">
                {onOpen === null ? (
                  row.path
                ) : (
                  <button type="button" className="link mono" onClick={() => onOpen(row.path)}>
                    {row.path}
                  </button>
                )}
              </td>
              <td>{row.words}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
