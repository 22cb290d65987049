import { CircleAlert, FileCode, FolderTree, GitCompare } from 'lucide-react'
import { lazy } from 'react'
import type { Command } from '../../app/commands'
import type { FeatureModule } from '../../app/feature-module'
import { activeEditor } from './active-editor'
import { FilesPanel } from './files-panel'

export const editorFeature: FeatureModule = {
  panels: [
    {
      id: 'files',
      title: 'Files',
      icon: FolderTree,
      place: 'side',
      order: 5,
      openAtStart: true,
      key: 'Ctrl+Shift+E',
      followsFrame: true,
      component: FilesPanel,
    },
    {
      id: 'editor',
      title: 'Editor',
      icon: FileCode,
      place: 'centre',
      order: 50,
      openAtStart: false,
      listed: false,
      followsFrame: true,
      component: lazy(() => import('./editor-panel')),
    },
    {
      id: 'diff',
      title: 'Changes',
      icon: GitCompare,
      place: 'centre',
      order: 15,
      openAtStart: false,
      key: 'Ctrl+Shift+D',
      followsFrame: true,
      component: lazy(() => import('./diff-panel')),
    },
    {
      id: 'problems',
      title: 'Problems',
      icon: CircleAlert,
      place: 'bottom',
      order: 20,
      openAtStart: false,
      key: 'Ctrl+Shift+L',
      followsFrame: false,
      component: lazy(() => import('./problems-panel')),
    },
  ],
  commands: (model) => [
    {
      id: 'file.open',
      title: 'Open file of this frame',
      reach: 'everywhere',
      enabled: () => model.point() !== null,
      run: () => model.dialog.setState({ kind: 'palette', mode: 'files' }, true),
    },
    {
      id: 'diff.open',
      title: 'Show the changes at this frame',
      reach: 'everywhere',
      enabled: () => model.point() !== null,
      run: () => model.dock.open('diff'),
    },
    {
      id: 'diff.nextHunk',
      title: 'Next change',
      key: 'Alt+F5',
      reach: 'everywhere',
      enabled: () => activeEditor.getState().diff !== null,
      run: () => activeEditor.getState().diff?.nextHunk(),
    },
    {
      id: 'diff.previousHunk',
      title: 'Previous change',
      key: 'Alt+Shift+F5',
      reach: 'everywhere',
      enabled: () => activeEditor.getState().diff !== null,
      run: () => activeEditor.getState().diff?.previousHunk(),
    },
    action('editor.gotoDefinition', 'Go to definition', 'F12', 'editor.action.revealDefinition'),
    action('editor.peekDefinition', 'Peek definition', 'Alt+F12', 'editor.action.peekDefinition'),
    action('editor.references', 'Find references', 'Shift+F12', 'editor.action.goToReferences'),
    action('editor.implementation', 'Go to implementation', 'Ctrl+F12', 'editor.action.goToImplementation'),
    action('editor.hover', 'Show hover', undefined, 'editor.action.showHover'),
    action('editor.symbol', 'Go to symbol in file', 'Ctrl+Shift+O', 'workbench.action.gotoSymbol'),
    action('editor.line', 'Go to line', 'Ctrl+G', 'workbench.action.gotoLine'),
    action('editor.nextProblem', 'Next problem in file', 'F8', 'editor.action.marker.next'),
    // The editor has its own Ctrl+F, and so have other panels.
    action('editor.find', 'Find in file', undefined, 'actions.find'),
    action('editor.foldAll', 'Fold all', undefined, 'editor.foldAll'),
    action('editor.unfoldAll', 'Unfold all', undefined, 'editor.unfoldAll'),
  ],
}

/** An action of the editor library, for the editor that was last used. */
function action(id: string, title: string, key: string | undefined, actionId: string): Command {
  return {
    id,
    title,
    ...(key === undefined ? {} : { key }),
    reach: 'everywhere',
    enabled: () => activeEditor.getState().editor !== null,
    run: () => activeEditor.getState().editor?.act(actionId),
  }
}
