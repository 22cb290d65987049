import { useEffect, useMemo } from 'react'
import { ActivityBar } from './activity-bar'
import { builtinCommands, panelCommands } from './builtin-commands'
import { Dock } from './dock'
import { features } from './features'
import { ForkDialog } from './fork-dialog'
import { useKeys } from './keys'
import { LiveRegion } from './live-region'
import { Notices } from './notices'
import { Palette } from './palette'
import { RestoreDialog } from './restore-dialog'
import { StatusBar } from './status-bar'
import { Strips } from './strips'
import { useTheme } from './theme'
import { TitleBar } from './title-bar'
import { useWindow } from './window-context'

export function Shell() {
  const model = useWindow()
  const panels = useMemo(() => features.flatMap((feature) => feature.panels), [])
  useTheme()
  useEffect(() => {
    const own = features.flatMap((feature) => feature.commands?.(model) ?? [])
    return model.commands.register([...builtinCommands(model), ...panelCommands(model, panels), ...own])
  }, [model, panels])
  useEffect(() => {
    const ends = features.map((feature) => feature.start?.(model))
    return () => {
      for (const end of ends) end?.()
    }
  }, [model])
  useKeys()
  return (
    <div className="shell">
      <TitleBar />
      <Strips />
      <ActivityBar panels={panels} />
      <Dock panels={panels} />
      <StatusBar />
      <Palette />
      <ForkDialog />
      <RestoreDialog />
      <Notices />
      <LiveRegion />
    </div>
  )
}
