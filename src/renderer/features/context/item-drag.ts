import type { DragEvent } from 'react'

const ITEM = 'application/x-keyframe-context-item'

export function dragItem(event: DragEvent, id: string): void {
  event.dataTransfer.setData(ITEM, id)
  event.dataTransfer.effectAllowed = 'move'
}

/** Null: what was dropped is no item of the context. */
export function droppedItem(event: DragEvent): string | null {
  const id = event.dataTransfer.getData(ITEM)
  return id === '' ? null : id
}

/** True while an item is dragged; what it is cannot be read before it is dropped. */
export function isItemDragged(event: DragEvent): boolean {
  return event.dataTransfer.types.includes(ITEM)
}
