import type { ResourceUsage } from '../../../shared/frames'
import { formatDuration } from '../../components/format'
import { usageRows } from './usage-rows'

/** Each limit as a bar of what was used of it; processor time has no bar, since its limit holds for the session. */
export function UsageBars({ usage, durationMs }: { usage: ResourceUsage; durationMs: number }) {
  return (
    <table className="usage">
      <tbody>
        {usageRows(usage).map((row) => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td>
              <div
                className="usage-bar"
                role="meter"
                aria-label={row.name}
                aria-valuemin={0}
                aria-valuemax={row.max}
                aria-valuenow={Math.min(row.used, row.max)}
                aria-valuetext={`${row.usedText} of ${row.maxText}`}
                data-tone={row.tone}
              >
                <div style={{ width: `${Math.max(row.share * 100, row.used > 0 ? 1 : 0)}%` }} />
              </div>
            </td>
            <td className="number" title={`${row.used.toLocaleString('en-GB')} of ${row.max.toLocaleString('en-GB')}`}>
              {row.usedText} <span className="faint">of {row.maxText}</span>
            </td>
          </tr>
        ))}
        <tr>
          <th scope="row">Processor</th>
          <td className="muted">{durationMs > 0 && `${Math.round((usage.cpuMs / durationMs) * 100)} % of a core`}</td>
          <td className="number">{formatDuration(usage.cpuMs)}</td>
        </tr>
      </tbody>
    </table>
  )
}
