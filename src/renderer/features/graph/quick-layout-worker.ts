import { quickLayout, type QuickInput } from './quick-layout'

addEventListener('message', (event: MessageEvent<QuickInput>) => postMessage(quickLayout(event.data)))
