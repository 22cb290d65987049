import { editor, KeyCode, Uri } from 'monaco-editor'
import { MonacoVscodeApiWrapper } from 'monaco-languageclient/vscodeApiWrapper'
import { useWorkerFactory, Worker } from 'monaco-languageclient/workerFactory'
import type { WindowModel } from '../../../app/window-model'
import { registerLanguages } from './grammars'
import { followSelection } from './language-session'
import { mirrorProblems } from './problems'
import { openFromEditor } from './open-from-editor'
import { followTheme } from './theme'
import { serveViewModels } from './view-models'
import { serveWorkspaceFiles } from './workspace-files'

let ready: Promise<void> | null = null

/** Brings up the one editor library of the window. Later calls join the first. */
export function setUpMonaco(model: WindowModel): Promise<void> {
  ready ??= start(model)
  return ready
}

async function start(model: WindowModel): Promise<void> {
  const wrapper = new MonacoVscodeApiWrapper({
    $type: 'classic',
    viewsConfig: {
      $type: 'EditorService',
      openEditorFunc: (reference, options) => openFromEditor(model, reference.object.textEditorModel.uri, options),
    },
    workspaceConfig: {
      workspaceProvider: { trusted: true, workspace: { folderUri: Uri.file('/workspace') }, open: () => Promise.resolve(false) },
    },
    // Else the library takes the workspace for the user's home folder and shortens paths to `~`.
    envOptions: { userHome: Uri.file('/home') },
    advanced: { enforceSemanticHighlighting: true },
    monacoWorkerFactory: () => {
      useWorkerFactory({
        workerLoaders: { editorWorkerService: () => new Worker(new URL('./editor-worker.ts', import.meta.url), { type: 'module' }) },
      })
    },
  })
  await wrapper.start({ caller: 'keyframe' })
  // The window has a palette of its own.
  editor.addKeybindingRule({ keybinding: KeyCode.F1, command: null })
  registerLanguages()
  serveWorkspaceFiles(model)
  serveViewModels()
  followSelection(model)
  mirrorProblems()
  followTheme()
  await document.fonts.ready
  editor.remeasureFonts()
}
