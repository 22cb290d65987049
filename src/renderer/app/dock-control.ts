import type { DockviewApi, IDockviewPanel } from 'dockview-react'
import type { PanelDefinition, PanelPlace } from './panel-registry'

const SIZE: Readonly<Record<PanelPlace, { width?: number; height?: number }>> = {
  side: { width: 288 },
  centre: {},
  agent: { width: 372 },
  timeline: { height: 214 },
  bottom: { height: 176 },
}

/** A small window keeps this much of its height for the editor area. */
const LEAST_CENTRE_SHARE = 0.48

/** What a panel keeps when the window gets smaller. */
const LEAST: Readonly<Record<PanelPlace, { minimumWidth?: number; minimumHeight?: number }>> = {
  side: { minimumWidth: 256 },
  centre: { minimumWidth: 240, minimumHeight: 120 },
  agent: { minimumWidth: 320 },
  timeline: { minimumHeight: 150 },
  bottom: { minimumHeight: 96 },
}

/** Opens, focuses and arranges panels. One dock a window; calls before it is there are kept and made then. */
export interface DockControl {
  attach(api: DockviewApi, panels: readonly PanelDefinition[]): void
  /** Shows the panel, opening it if needed. `instance` tells several of the same kind apart. */
  open(panelId: string, options?: { instance?: string; title?: string; params?: Record<string, unknown>; focus?: boolean }): void
  close(panelId: string): void
  closeActive(): void
  isOpen(panelId: string): boolean
  /** Closes a side panel that is in front, shows it otherwise. */
  toggle(panelId: string): void
  cycle(step: 1 | -1): void
  focusGroup(index: number): void
  toggleMaximised(): void
  reset(): void
  /** Plain JSON of the arrangement; `restore` answers false when it cannot be used. */
  save(): string | null
  restore(json: string): boolean
}

/** A panel that was added shows up in the page within this many frames, also on a busy machine. */
const RENDERED_WITHIN_FRAMES = 60

/** A panel whose content is still being loaded holds the focus for the part that wants it, unless the person moves on. */
function passFocusOn(content: HTMLElement): void {
  const watching = new MutationObserver(() => {
    // The focus falls back to the page when the dock moves the panel's element.
    const held = document.activeElement === content || document.activeElement === document.body
    const target = held ? content.querySelector<HTMLElement>('[data-autofocus]') : null
    if (held && target === null && content.isConnected) return
    target?.focus({ preventScroll: true })
    // What React has not revealed yet cannot be focused: the change of its style comes next.
    if (target === null || document.activeElement === target) watching.disconnect()
  })
  watching.observe(content, { childList: true, subtree: true, attributes: true, attributeFilter: ['style'] })
}

export function createDockControl(): DockControl {
  let api: DockviewApi | null = null
  let panels: readonly PanelDefinition[] = []
  let waiting: ((ready: DockviewApi) => void)[] = []

  function withApi(action: (ready: DockviewApi) => void): void {
    if (api === null) waiting.push(action)
    else action(api)
  }

  function definition(panelId: string): PanelDefinition | undefined {
    return panels.find((panel) => panel.id === panelId)
  }

  function siblingOf(ready: DockviewApi, place: PanelPlace): IDockviewPanel | undefined {
    return ready.panels.find((panel) => definition(panel.id.split(':')[0] ?? '')?.place === place)
  }

  function add(
    ready: DockviewApi,
    panel: PanelDefinition,
    id: string,
    title: string,
    params: Record<string, unknown>,
    inactive: boolean,
  ): void {
    const sibling = siblingOf(ready, panel.place)
    const size = SIZE[panel.place]
    const common = {
      id,
      component: panel.id,
      title,
      params,
      inactive,
      ...LEAST[panel.place],
      ...(size.width === undefined ? {} : { initialWidth: size.width }),
      ...(size.height === undefined ? {} : { initialHeight: size.height }),
    }
    if (sibling !== undefined) {
      ready.addPanel({ ...common, position: { referencePanel: sibling.id, direction: 'within' } })
      return
    }
    const centre = siblingOf(ready, 'centre')
    if (panel.place === 'timeline' || panel.place === 'bottom') {
      const timeline = panel.place === 'bottom' ? siblingOf(ready, 'timeline') : undefined
      if (timeline !== undefined) ready.addPanel({ ...common, position: { referencePanel: timeline.id, direction: 'below' } })
      else ready.addPanel({ ...common, position: { direction: 'below' } })
      return
    }
    if (centre !== undefined && panel.place !== 'centre') {
      ready.addPanel({ ...common, position: { referencePanel: centre.id, direction: panel.place === 'side' ? 'left' : 'right' } })
      return
    }
    ready.addPanel(ready.panels.length === 0 ? common : { ...common, position: { direction: 'right' } })
  }

  function reset(ready: DockviewApi): void {
    ready.clear()
    for (const place of ['centre', 'timeline', 'side', 'agent', 'bottom'] as const) {
      const members = panels.filter((panel) => panel.place === place && panel.openAtStart).toSorted((a, b) => a.order - b.order)
      for (const [index, panel] of members.entries()) add(ready, panel, panel.id, panel.title, {}, index > 0)
    }
    // A row takes its height from the rows below it, so the rows are sized from the top.
    const below = (SIZE.timeline.height ?? 0) + (SIZE.bottom.height ?? 0)
    const centreHeight = Math.max(ready.height - below, Math.round(ready.height * LEAST_CENTRE_SHARE))
    siblingOf(ready, 'centre')?.group.api.setSize({ height: centreHeight })
    for (const place of ['timeline', 'side', 'agent'] as const) siblingOf(ready, place)?.group.api.setSize(SIZE[place])
    siblingOf(ready, 'agent')?.api.setActive()
  }

  /** Groups as the eye reads them: rows from the top, then from the left. */
  function groupsInReadingOrder(ready: DockviewApi): DockviewApi['groups'] {
    const at = (group: DockviewApi['groups'][number]): DOMRect => group.element.getBoundingClientRect()
    return ready.groups.toSorted((a, b) => Math.round(at(a).top - at(b).top) || at(a).left - at(b).left)
  }

  function focus(panel: IDockviewPanel | undefined, framesLeft = RENDERED_WITHIN_FRAMES): void {
    if (panel === undefined) return
    panel.api.setActive()
    const content = document.querySelector<HTMLElement>(`[data-panel-id="${CSS.escape(panel.id)}"]`)
    const target = content?.querySelector<HTMLElement>('[data-autofocus]') ?? content
    target?.focus({ preventScroll: true })
    // A panel that was just added is rendered a little later.
    if (content === null && framesLeft > 0) requestAnimationFrame(() => focus(panel, framesLeft - 1))
    else if (content !== null && target === content) passFocusOn(content)
  }

  return {
    attach(ready, definitions) {
      api = ready
      panels = definitions
      for (const action of waiting) action(ready)
      waiting = []
    },
    open(panelId, options = {}) {
      withApi((ready) => {
        const panel = definition(panelId)
        if (panel === undefined) return
        const id = options.instance === undefined ? panelId : `${panelId}:${options.instance}`
        const present = ready.getPanel(id)
        if (present === undefined) add(ready, panel, id, options.title ?? panel.title, options.params ?? {}, false)
        else if (options.params !== undefined) present.api.updateParameters(options.params)
        const opened = ready.getPanel(id)
        if (options.focus === false) opened?.api.setActive()
        else requestAnimationFrame(() => focus(ready.getPanel(id)))
      })
    },
    close(panelId) {
      withApi((ready) => ready.getPanel(panelId)?.api.close())
    },
    closeActive() {
      withApi((ready) => ready.activePanel?.api.close())
    },
    isOpen: (panelId) => api?.getPanel(panelId) !== undefined,
    toggle(panelId) {
      const present = api?.getPanel(panelId)
      if (present?.api.isVisible === true) present.api.close()
      else this.open(panelId)
    },
    cycle(step) {
      withApi((ready) => {
        const groups = groupsInReadingOrder(ready)
        const index = groups.findIndex((group) => group === ready.activeGroup)
        focus(groups[(index + step + groups.length) % groups.length]?.activePanel)
      })
    },
    focusGroup(index) {
      withApi((ready) => focus(groupsInReadingOrder(ready)[index]?.activePanel))
    },
    toggleMaximised() {
      withApi((ready) => {
        if (ready.hasMaximizedGroup()) ready.exitMaximizedGroup()
        else if (ready.activePanel !== undefined) ready.maximizeGroup(ready.activePanel)
      })
    },
    reset: () => withApi(reset),
    save: () => (api === null ? null : JSON.stringify(api.toJSON())),
    restore(json) {
      if (api === null) return false
      try {
        api.fromJSON(JSON.parse(json))
        return true
      } catch (thrown) {
        // A layout of an older window may name panels that are gone; dockview throws plain errors for it.
        if (!(thrown instanceof Error)) throw thrown
        return false
      }
    },
  }
}
