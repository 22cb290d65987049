import { Layers } from 'lucide-react'
import type { Command } from '../../app/commands'
import type { FeatureModule } from '../../app/feature-module'
import type { WindowModel } from '../../app/window-model'
import { applyStaged, compareWithPrevious, forkWithStaged, homeOf, stagePlace, stageUndo, withSelected } from './context-actions'
import { ContextPanel } from './context-panel'
import { contextView, selectItem } from './context-view'
import { stagedEdits } from './edits-store'

export const contextFeature: FeatureModule = {
  panels: [
    {
      id: 'context',
      title: 'Context',
      icon: Layers,
      place: 'centre',
      order: 10,
      openAtStart: true,
      key: 'Ctrl+Shift+X',
      followsFrame: true,
      component: ContextPanel,
    },
  ],
  commands: contextCommands,
  start: (model) => {
    const asked = model.reveal.subscribe(({ contextItem }, before) => {
      if (contextItem !== null && contextItem !== before.contextItem) selectItem(contextItem.id)
    })
    // Edits that wait name items of their branch.
    const moved = model.selection.subscribe(({ runId, branchId }, before) => {
      if (runId !== before.runId || branchId !== before.branchId) stagedEdits.discard()
    })
    return () => {
      asked()
      moved()
    }
  },
}

function contextCommands(model: WindowModel): Command[] {
  const enabled = (): boolean => model.point() !== null
  const reach = 'everywhere'
  const show = (): void => model.dock.open('context', { focus: false })
  return [
    {
      ...{ id: 'context.add', title: 'Context: add a file, symbol or answer', key: 'Ctrl+Alt+A', reach, enabled },
      run: () => {
        show()
        contextView.setState({ adding: true })
      },
    },
    {
      ...{ id: 'context.note', title: 'Context: add a note', key: 'Ctrl+Alt+N', reach, enabled },
      run: () => {
        show()
        contextView.setState({ noting: true })
      },
    },
    {
      ...{ id: 'context.edit', title: 'Context: edit the text of the item', key: 'Ctrl+Alt+E', reach, enabled },
      run: () => withSelected(model, ({ evicted }) => contextView.setState({ editing: !evicted })),
    },
    {
      ...{ id: 'context.pin', title: 'Context: pin or unpin the item', key: 'Ctrl+Alt+P', reach, enabled },
      run: () =>
        withSelected(model, ({ item, evicted }) => {
          if (!evicted) stagedEdits.stage({ op: 'pin', id: item.id, pinned: !item.pinned })
        }),
    },
    {
      ...{ id: 'context.promote', title: 'Context: promote the item to L1', key: 'Ctrl+Alt+1', reach, enabled },
      run: () => withSelected(model, (found) => stagePlace(found, 'L1')),
    },
    {
      ...{ id: 'context.demote', title: 'Context: demote the item to L2', key: 'Ctrl+Alt+2', reach, enabled },
      run: () => withSelected(model, (found) => stagePlace(found, 'L2')),
    },
    {
      ...{ id: 'context.evict', title: 'Context: evict the item', key: 'Ctrl+Alt+0', reach, enabled },
      run: () => withSelected(model, (found) => stagePlace(found, 'out')),
    },
    {
      ...{ id: 'context.bringBack', title: 'Context: bring the evicted item back', key: 'Ctrl+Alt+B', reach, enabled },
      run: () =>
        withSelected(model, (found) => {
          if (found.evicted) stagePlace(found, homeOf(found.item))
        }),
    },
    {
      ...{ id: 'context.undo', title: 'Context: undo the last edits by hand', key: 'Ctrl+Alt+Z', reach, enabled },
      run: () => stageUndo(model),
    },
    {
      ...{ id: 'context.apply', title: 'Context: apply the edits that wait', key: 'Ctrl+Alt+Enter', reach, enabled },
      run: () => applyStaged(model),
    },
    { ...{ id: 'context.discard', title: 'Context: discard the edits that wait', reach, enabled }, run: () => stagedEdits.discard() },
    { ...{ id: 'context.fork', title: 'Context: fork with the edits that wait', reach, enabled }, run: () => forkWithStaged(model) },
    {
      ...{ id: 'context.compare', title: 'Context: compare with the frame before the last change', key: 'Ctrl+Alt+C', reach, enabled },
      run: () => compareWithPrevious(model),
    },
  ]
}
