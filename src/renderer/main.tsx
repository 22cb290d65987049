import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import 'dockview-react/dist/styles/dockview.css'
import './app/styles/tokens.css'
import './app/styles/base.css'
import './app/styles/shell.css'
import { createRoot } from 'react-dom/client'
import { connect } from './kernel-client/connect'
import { App } from './app/app'
import { createWindowModel } from './app/window-model'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

const model = createWindowModel(connect)
createRoot(root).render(<App model={model} />)
model.start()
