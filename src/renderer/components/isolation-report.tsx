import { Check, CircleDot, type LucideIcon, TriangleAlert, X } from 'lucide-react'
import type { z } from 'zod'
import type { DoctorReport as DoctorReportSchema } from '../../shared/contract/methods'
import './isolation-report.css'
import { isUnisolated, LEVEL_MEANING } from './policy-words'

export type DoctorReport = z.output<typeof DoctorReportSchema>
type Given = DoctorReport['guarantees'][number]['given']

const GIVEN: Readonly<Record<Given, { readonly icon: LucideIcon; readonly tone: string; readonly name: string }>> = {
  yes: { icon: Check, tone: 'success', name: 'Yes' },
  partly: { icon: CircleDot, tone: 'warning', name: 'Partly' },
  no: { icon: X, tone: 'danger', name: 'No' },
}

/** True where something that people rely on is not given. */
export function isWeak(report: DoctorReport): boolean {
  return isUnisolated(report.level) || report.proofs.some((proof) => !proof.holds)
}

/** What the level gives and how, what of it was proved at start, and what is missing with the command that mends it. */
export function IsolationReport({ report }: { report: DoctorReport }) {
  const missing = report.requirements.filter((requirement) => requirement.state !== 'ok')
  return (
    <div className="isolation-report">
      {isUnisolated(report.level) && (
        <p className="warning isolation-warning">
          <TriangleAlert size={14} aria-hidden /> {LEVEL_MEANING[report.level].meaning} Each run needs your consent.
        </p>
      )}
      <p className="muted">{report.summary}</p>
      {report.guarantees.length > 0 && (
        <table className="guarantees">
          <thead>
            <tr>
              <th scope="col">Boundary</th>
              <th scope="col">Given</th>
              <th scope="col">How</th>
            </tr>
          </thead>
          <tbody>
            {report.guarantees.map((guarantee) => {
              const { icon: Icon, tone, name } = GIVEN[guarantee.given]
              return (
                <tr key={guarantee.what}>
                  <th scope="row">{guarantee.what}</th>
                  <td className={tone}>
                    <Icon size={13} aria-hidden /> {name}
                  </td>
                  <td className="muted">{guarantee.how}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
      {report.proofs.length > 0 && (
        <>
          <h4 className="section-title">Proved at start, each by an attempt</h4>
          <ul className="proofs">
            {report.proofs.map((proof) => (
              <li key={proof.name}>
                {proof.holds ? (
                  <Check size={14} className="success" aria-label="holds" />
                ) : (
                  <X size={14} className="danger" aria-label="does not hold" />
                )}
                <span>
                  {proof.name} <span className="faint">{proof.detail}</span>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {missing.length > 0 && (
        <>
          <h4 className="section-title">Missing or in part</h4>
          <ul className="proofs">
            {missing.map((requirement) => (
              <li key={requirement.name}>
                <TriangleAlert size={14} className="warning" aria-label={requirement.state} />
                <span>
                  {requirement.name}: {requirement.detail}
                  {requirement.remedy !== null && <code className="remedy">{requirement.remedy}</code>}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}
