import type { MethodParams } from '../../shared/contract/methods'
import type { Command } from './commands'
import type { PanelDefinition } from './panel-registry'
import { isActive, type RunSummary } from './runs-store'
import { ThemeChoice } from './settings-store'
import type { WindowModel } from './window-model'

type ControlAction = MethodParams<'runs.control'>['action']

const THEME_TITLE: Readonly<Record<ThemeChoice, string>> = {
  system: 'Theme: follow the system',
  light: 'Theme: light',
  dark: 'Theme: dark',
  'contrast-light': 'Theme: light, high contrast',
  'contrast-dark': 'Theme: dark, high contrast',
}

export function builtinCommands(model: WindowModel): Command[] {
  const openRun = (): RunSummary | undefined => {
    const { runId } = model.selection.getState()
    return model.runs.store.getState().runs.find((run) => run.runId === runId)
  }
  const state = (...states: RunSummary['state'][]): boolean => {
    const run = openRun()
    return run !== undefined && states.includes(run.state)
  }
  const control = async (action: ControlAction): Promise<void> => {
    const run = openRun()
    if (run !== undefined) await model.link.call('runs.control', { runId: run.runId, action })
  }
  const hasFrames = (): boolean => model.run.store.getState().cache.length > 0
  const forkAt = (): void => {
    const at = model.point()
    if (at !== null) model.dialog.setState({ kind: 'fork', at, edits: [] }, true)
  }
  const restoreAt = (): void => {
    const at = model.point()
    if (at !== null) model.dialog.setState({ kind: 'restore', at }, true)
  }
  return [
    {
      id: 'window.palette',
      title: 'Show all commands',
      key: 'Ctrl+Shift+P',
      reach: 'everywhere',
      run: () => model.dialog.setState({ kind: 'palette', mode: 'commands' }, true),
    },
    {
      id: 'window.goToFile',
      title: 'Go to file',
      key: 'Ctrl+P',
      reach: 'everywhere',
      run: () => model.dialog.setState({ kind: 'palette', mode: 'files' }, true),
    },
    { id: 'window.nextPanel', title: 'Focus next panel', key: 'F6', reach: 'everywhere', run: () => model.dock.cycle(1) },
    { id: 'window.previousPanel', title: 'Focus previous panel', key: 'Shift+F6', reach: 'everywhere', run: () => model.dock.cycle(-1) },
    {
      id: 'window.maximise',
      title: 'Maximise panel, or put it back',
      key: 'Ctrl+Shift+M',
      reach: 'everywhere',
      run: () => model.dock.toggleMaximised(),
    },
    { id: 'window.closePanel', title: 'Close panel', key: 'Ctrl+F4', reach: 'everywhere', run: () => model.dock.closeActive() },
    { id: 'window.resetLayout', title: 'Reset the layout', reach: 'everywhere', run: () => model.dock.reset() },
    ...ThemeChoice.options.map((theme): Command => ({
      id: `theme.${theme}`,
      title: THEME_TITLE[theme],
      reach: 'everywhere',
      run: () => model.settings.change({ theme }),
    })),
    {
      id: 'run.continue',
      title: 'Continue run',
      key: 'F5',
      reach: 'everywhere',
      enabled: () => state('paused', 'interrupted'),
      run: () => continueRun(model, openRun()),
    },
    {
      id: 'run.pause',
      title: 'Pause run',
      key: 'F7',
      reach: 'everywhere',
      enabled: () => state('running', 'waiting'),
      run: () => control('pause'),
    },
    {
      id: 'run.step',
      title: 'Run one step, then pause',
      key: 'F10',
      reach: 'everywhere',
      enabled: () => state('running', 'paused', 'waiting'),
      run: () => control('step'),
    },
    {
      id: 'run.interrupt',
      title: 'Interrupt run',
      key: 'Escape',
      reach: 'everywhere',
      enabled: () => state('running'),
      run: () => control('interrupt'),
    },
    {
      id: 'run.cancel',
      title: 'Cancel run',
      key: 'Shift+F5',
      reach: 'everywhere',
      enabled: () => isActive(openRun()?.state ?? 'completed'),
      run: () => control('cancel'),
    },
    { id: 'frame.back', title: 'Back one frame', key: 'ArrowLeft', reach: 'free', enabled: hasFrames, run: () => model.step(-1) },
    { id: 'frame.forward', title: 'Forward one frame', key: 'ArrowRight', reach: 'free', enabled: hasFrames, run: () => model.step(1) },
    { id: 'frame.first', title: 'First frame', key: 'Home', reach: 'free', enabled: hasFrames, run: () => model.select(1) },
    { id: 'frame.live', title: 'Back to live', key: 'End', reach: 'free', enabled: hasFrames, run: () => model.select('live') },
    { id: 'frame.fork', title: 'Fork from this frame', key: 'Ctrl+Shift+F', reach: 'everywhere', enabled: hasFrames, run: forkAt },
    { id: 'frame.restore', title: 'Restore to this frame', reach: 'everywhere', enabled: hasFrames, run: restoreAt },
    {
      id: 'index.refresh',
      title: 'Index the workspace again',
      reach: 'everywhere',
      run: async () => {
        await model.link.call('index.refresh', {})
      },
    },
    {
      id: 'connection.retry',
      title: 'Connect to the kernel now',
      reach: 'everywhere',
      enabled: () => model.link.state.getState().phase !== 'live',
      run: () => model.link.retryNow(),
    },
    ...Array.from({ length: 9 }, (_, index): Command => ({
      id: `window.focus.${index + 1}`,
      title: `Focus panel group ${index + 1}`,
      key: `Ctrl+${index + 1}`,
      reach: 'everywhere',
      run: () => model.dock.focusGroup(index),
    })),
  ]
}

export async function continueRun(model: WindowModel, run: RunSummary | undefined): Promise<void> {
  if (run === undefined) return
  if (run.state === 'interrupted') await model.link.call('runs.resume', { runId: run.runId })
  else await model.link.call('runs.control', { runId: run.runId, action: 'resume' })
}

export function panelCommands(model: WindowModel, panels: readonly PanelDefinition[]): Command[] {
  return panels.map((panel) => ({
    id: `panel.${panel.id}`,
    title: `Show ${panel.title.toLowerCase()}`,
    ...(panel.key === undefined ? {} : { key: panel.key }),
    reach: 'everywhere' as const,
    run: () => model.dock.open(panel.id),
  }))
}
