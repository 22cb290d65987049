import { Tooltip } from '@base-ui/react/tooltip'
import type { LucideIcon } from 'lucide-react'

export interface IconButtonProps {
  readonly icon: LucideIcon
  /** The accessible name, and the tooltip together with the key. */
  readonly label: string
  readonly shortcut?: string | null
  readonly pressed?: boolean
  readonly disabled?: boolean
  readonly onClick: () => void
}

export function IconButton({ icon: Icon, label, shortcut, pressed, disabled, onClick }: IconButtonProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger
        render={
          <button type="button" className="icon-button" aria-label={label} aria-pressed={pressed} disabled={disabled} onClick={onClick} />
        }
      >
        <Icon size={16} aria-hidden />
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={4}>
          <Tooltip.Popup className="popup tooltip">
            {label} {shortcut !== undefined && shortcut !== null && <span className="kbd">{shortcut}</span>}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
