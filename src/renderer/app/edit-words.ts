import type { Edit } from './window-model'

/** What an edit of the context does, in words. */
export function editInWords(edit: Edit): string {
  switch (edit.op) {
    case 'edit':
      return `edit ${edit.id}`
    case 'add-note':
      return `add note "${edit.title}"`
    case 'add-file':
      return `add file ${edit.path}${edit.lines === undefined ? '' : `, lines ${edit.lines.from} to ${edit.lines.to}`}`
    case 'add-symbol':
      return `add symbol ${edit.id}`
    case 'add-query':
      return edit.language === 'cypher' ? `add the answer to ${edit.query}` : `add what a search for "${edit.query}" finds`
    case 'pin':
      return `${edit.pinned ? 'pin' : 'unpin'} ${edit.id}`
    case 'move':
      return `move ${edit.id} to ${edit.to}`
    case 'evict':
      return `evict ${edit.id}`
    case 'uncompress':
      return `show all of ${edit.id}`
    case 'undo':
      return `take back the edits of frame ${edit.frame}`
    case 'bring-back':
      return `bring ${edit.id} back to ${edit.to}`
  }
}
