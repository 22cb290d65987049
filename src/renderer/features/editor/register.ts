import { FileCode, FolderTree } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
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
  ],
}
