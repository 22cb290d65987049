import { SquareTerminal } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
import type { WindowModel } from '../../app/window-model'
import {
  askToClose,
  focusTerminal,
  listSessions,
  loadScreenReader,
  openAnother,
  openTerminal,
  type ScreenActions,
  terminals,
  toggleScreenReader,
} from './terminal-store'

export const terminalFeature: FeatureModule = {
  panels: [
    {
      id: 'terminal',
      title: 'Terminal',
      icon: SquareTerminal,
      place: 'bottom',
      order: 0,
      openAtStart: true,
      followsFrame: true,
      component: lazy(() => import('./terminal-panel')),
    },
  ],
  commands: (model) => {
    const shown = (): boolean => terminals.getState().screen !== null
    const focused = (): boolean => terminals.getState().screen?.hasFocus() === true
    const onScreen = (action: (screen: ScreenActions) => void) => (): void => {
      const { screen } = terminals.getState()
      if (screen !== null) action(screen)
    }
    return [
      { id: 'terminal.focus', title: 'Terminal: focus, or go back', key: 'Ctrl+`', reach: 'everywhere', run: () => toggleFocus(model) },
      {
        id: 'terminal.new',
        title: 'Terminal: open one of my own on this branch',
        key: 'Ctrl+Shift+`',
        reach: 'everywhere',
        enabled: () => model.selection.getState().runId !== null,
        run: () => {
          model.dock.open('terminal', { focus: false })
          return openTerminal(model)
        },
      },
      {
        id: 'terminal.another',
        title: 'Terminal: open another on this branch',
        reach: 'everywhere',
        enabled: () => model.selection.getState().runId !== null,
        run: () => {
          model.dock.open('terminal', { focus: false })
          return openAnother(model)
        },
      },
      {
        id: 'terminal.close',
        title: 'Terminal: close the one that is shown',
        reach: 'everywhere',
        enabled: shown,
        run: () => {
          const { screen } = terminals.getState()
          return screen === null ? undefined : askToClose(model, screen.session)
        },
      },
      { id: 'terminal.find', title: 'Terminal: find', reach: 'everywhere', enabled: shown, run: onScreen((screen) => screen.find()) },
      {
        id: 'terminal.copy',
        title: 'Terminal: copy the selection',
        key: 'Ctrl+Shift+C',
        reach: 'everywhere',
        enabled: focused,
        run: onScreen((screen) => screen.copy()),
      },
      {
        id: 'terminal.copyAll',
        title: 'Terminal: copy everything, with colours',
        reach: 'everywhere',
        enabled: shown,
        run: onScreen((screen) => screen.copyAll()),
      },
      { id: 'terminal.paste', title: 'Terminal: paste', reach: 'everywhere', enabled: shown, run: onScreen((screen) => screen.paste()) },
      {
        id: 'terminal.clear',
        title: 'Terminal: clear the view',
        reach: 'everywhere',
        enabled: shown,
        run: onScreen((screen) => screen.clear()),
      },
      {
        id: 'terminal.screenReader',
        title: 'Terminal: screen reader mode on or off',
        reach: 'everywhere',
        run: () => toggleScreenReader(model),
      },
    ]
  },
  start: (model) =>
    model.link.onLive(({ first }) => {
      if (first) loadScreenReader(model).catch(model.notices.fail)
      const { runId, branchId } = model.selection.getState()
      // Terminals of ended branches are gone with the kernel that held them.
      terminals.setState({ listed: {} })
      if (runId !== null) listSessions(model, runId, branchId).catch(model.notices.fail)
    }),
}

let leftFor: Element | null = null

function toggleFocus(model: WindowModel): void {
  if (terminals.getState().screen?.hasFocus() === true) {
    if (leftFor instanceof HTMLElement && leftFor.isConnected) leftFor.focus()
    else model.dock.open('timeline')
    return
  }
  leftFor = document.activeElement
  model.dock.open('terminal', { focus: false })
  focusTerminal()
}
