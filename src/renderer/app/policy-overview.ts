import { useEffect } from 'react'
import type { PolicyOverview } from '../../shared/policy'
import { type Loaded, useKernelQuery, useWindow } from './window-context'

/** Roles, permissions and ignored files as the kernel has them; asked again whenever one of them changed. */
export function usePolicyOverview(): Loaded<PolicyOverview> & { reload(): void } {
  const { link } = useWindow()
  const overview = useKernelQuery('policy', (kernel, signal) => kernel.call('policy.get', {}, { signal }))
  const { reload } = overview
  useEffect(() => link.on('policy.changed', () => reload()), [link, reload])
  return overview
}
